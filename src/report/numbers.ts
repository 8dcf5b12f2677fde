import { metricByName } from '../record/metrics.ts'

const thousands = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })
/** Below this, a number is printed as "less than". */
const SMALLEST = 0.0001
const LARGEST = 1e12

/** Three significant digits; whole numbers in full. Never an exponent where a person would not write one. */
export function significant(value: number): string {
  if (value < 0) return `-${significant(-value)}`
  if (value === 0) return '0'
  if (value < SMALLEST) return `<${SMALLEST}`
  if (value >= LARGEST) return value.toExponential(2)
  const rounded = Number(value.toPrecision(3))
  if (rounded >= 100) return thousands.format(value)
  const decimals = rounded >= 10 ? 1 : rounded >= 1 ? 2 : rounded >= 0.1 ? 3 : 4
  return rounded.toFixed(decimals)
}

export function whole(value: number): string {
  return value < LARGEST ? thousands.format(value) : value.toExponential(2)
}

/** Without the zeros at its end: a share is rarely as exact as a duration. */
export function percent(share: number): string {
  return `${significant(share * 100)
    .replace(/(\.\d*?)0+$/, '$1')
    .replace(/\.$/, '')}%`
}

/** Memory of a process: less than a tenth of a mebibyte of it says nothing. */
export function mebibytes(byteCount: number): string {
  return `${(byteCount / 2 ** 20).toFixed(1)} MiB`
}

/** Memory of one session among many. */
export function kibibytes(byteCount: number): string {
  return `${(byteCount / 2 ** 10).toFixed(1)} KiB`
}

export function signedPercent(share: number): string {
  return `${share > 0 ? '+' : ''}${percent(share)}`
}

/** How a column of durations is written. */
export interface TimeUnit {
  name: 'µs' | 'ms' | 's'
  perMs: number
}

const MICROSECONDS: TimeUnit = { name: 'µs', perMs: 1000 }
const MILLISECONDS: TimeUnit = { name: 'ms', perMs: 1 }
const SECONDS: TimeUnit = { name: 's', perMs: 0.001 }

/** One unit for all the durations that are read side by side: milliseconds, unless none reaches one. */
export function unitFor(durationsMs: readonly number[]): TimeUnit {
  const shown = durationsMs.filter((durationMs) => durationMs > 0)
  if (shown.length === 0) return MILLISECONDS
  if (shown.every((durationMs) => durationMs < 1)) return MICROSECONDS
  if (shown.every((durationMs) => durationMs >= 1000)) return SECONDS
  return MILLISECONDS
}

/** A duration on its own, with its unit. */
export function duration(durationMs: number): string {
  const unit = unitFor([durationMs])
  return `${significant(durationMs * unit.perMs)} ${unit.name}`
}

/** A value of a metric on its own, with its unit. `metric`: e.g. `request_latency.p99`. */
export function measured(metric: string, value: number): string {
  switch (metricByName(metric.split('.', 1)[0]!)?.unit) {
    case 'ms':
      return duration(value)
    case 'share':
    case 'ratio':
      return percent(value)
    case 'per second':
      return `${significant(value)}/s`
    case 'bytes':
      return `${whole(value)} B`
    default:
      return significant(value)
  }
}

/** Minutes and seconds, for what is counted down. */
export function minutes(durationMs: number): string {
  const seconds = Math.max(0, Math.ceil(durationMs / 1000))
  const pad = (count: number) => String(count).padStart(2, '0')
  const hours = Math.floor(seconds / 3600)
  const rest = `${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}`
  return hours > 0 ? `${hours}:${rest}` : rest.replace(/^0/, '')
}
