/** The values of `serve`'s flags. */

import { InvalidArgumentError } from 'commander'

export type ProviderWish = 'auto' | 'cuda' | 'webgpu' | 'cpu'

/** A list of them, tried in this order. */
export function providers(value: string): ProviderWish[] {
  return value.split(',').map((item) => {
    const name = item.trim()
    if (name === 'auto' || name === 'cuda' || name === 'webgpu' || name === 'cpu') return name
    throw new InvalidArgumentError(`${JSON.stringify(name)} is none of auto, cuda, webgpu, cpu.`)
  })
}

export function port(value: string): number {
  const number = Number(value)
  if (/^\d+$/.test(value) && number <= 65_535) return number
  throw new InvalidArgumentError('It must be a port number from 0 to 65535.')
}

export function atLeast(minimum: number): (value: string) => number {
  return (value) => {
    const number = Number(value)
    if (/^\d+$/.test(value) && number >= minimum && Number.isSafeInteger(number)) return number
    throw new InvalidArgumentError(`It must be a whole number of at least ${minimum}.`)
  }
}

function withUnit(value: string, units: Record<string, number>): number {
  const match = /^(\d+(?:\.\d+)?)\s*([A-Za-z]+)$/.exec(value)
  const unit = match && Object.hasOwn(units, match[2]!) ? units[match[2]!]! : null
  if (match && unit !== null) return Number(match[1]) * unit
  throw new InvalidArgumentError(`It must be a number with a unit: ${Object.keys(units).join(', ')}.`)
}

export function durationMs(value: string): number {
  return withUnit(value, { us: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000 })
}

export function byteCount(value: string): number {
  return Math.floor(withUnit(value, { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 }))
}

/** Per second. */
export function rate(value: string): number {
  const match = /^(\d+(?:\.\d+)?)\/([smh])$/.exec(value)
  const perSecond = match ? Number(match[1]) / { s: 1, m: 60, h: 3600 }[match[2] as 's' | 'm' | 'h'] : 0
  if (perSecond > 0) return perSecond
  throw new InvalidArgumentError('It must be a rate with a unit: 100/s, 30/m.')
}
