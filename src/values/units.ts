/**
 * Numbers with their units: sizes, durations, rates and shares. A number without one is refused, because `5`
 * has meant seconds to one tool of this field and milliseconds to the next.
 */

/** A value, or what is wrong with it and what to do. */
export type Parsed<T> = { value: T } | { message: string; cure: string }

interface Unit {
  name: string
  factor: number
}

export interface Quantity {
  /** E.g. `size`. */
  noun: string
  /** Names are told apart by case: `Kb` would be kilobits. */
  units: readonly Unit[]
  /** A few ways to write it, for messages and for editors. */
  examples: readonly string[]
  min: number
  max: number
  /** The value itself must be above `min`. */
  aboveMin?: boolean
  /** The range in words. */
  range: string
  /** The value is a whole number of its smallest unit. */
  whole?: boolean
}

export const SIZE: Quantity = {
  noun: 'size',
  units: [
    { name: 'B', factor: 1 },
    { name: 'KB', factor: 1000 },
    { name: 'KiB', factor: 1024 },
    { name: 'MB', factor: 1000 ** 2 },
    { name: 'MiB', factor: 1024 ** 2 },
  ],
  examples: ['256B', '1KB', '10KiB', '1MiB'],
  min: 1,
  max: 256 * 1024 ** 2,
  range: 'from 1B to 256MiB',
  whole: true,
}

const MS_PER_DAY = 24 * 60 * 60 * 1000

const TIME_UNITS: readonly Unit[] = [
  { name: 'us', factor: 0.001 },
  { name: 'ms', factor: 1 },
  { name: 's', factor: 1000 },
  { name: 'm', factor: 60_000 },
  { name: 'h', factor: 3_600_000 },
]

/** In milliseconds. */
export const DURATION: Quantity = {
  noun: 'duration',
  units: TIME_UNITS,
  examples: ['250ms', '5s', '2m'],
  min: 0,
  aboveMin: true,
  max: MS_PER_DAY,
  range: 'above 0, to 24h',
}

/** In milliseconds; may be nothing, as a warm-up may. */
export const DURATION_OR_ZERO: Quantity = {
  ...DURATION,
  examples: ['250ms', '5s', '0s'],
  aboveMin: false,
  range: 'from 0s to 24h',
}

const RATE_UNITS: readonly Unit[] = [
  { name: '/s', factor: 1 },
  { name: '/m', factor: 1 / 60 },
  { name: '/h', factor: 1 / 3600 },
]

/** Per second. */
export const RATE: Quantity = {
  noun: 'rate',
  units: RATE_UNITS,
  examples: ['200/s', '10/m'],
  min: 0,
  aboveMin: true,
  max: 1_000_000,
  range: 'above 0, to 1000000/s',
}

/** Per second; a ramp may begin and end at nothing. */
export const RATE_OR_ZERO: Quantity = {
  ...RATE,
  examples: ['200/s', '10/m', '0/s'],
  aboveMin: false,
  range: 'from 0/s to 1000000/s',
}

/** From 0 to 1. */
export const SHARE: Quantity = {
  noun: 'share',
  units: [{ name: '%', factor: 0.01 }],
  examples: ['0.1%', '99%'],
  min: 0,
  max: 1,
  range: 'from 0% to 100%',
}

/** No quantity is longer; a text of a million spaces must not be tried in every way there is. */
const LONGEST_CHARACTERS = 64

const NUMBER = String.raw`[+-]?(?:\d+(?:\.\d+)?|\.\d+)`
const QUANTITY = new RegExp(`^(${NUMBER})\\s*(\\D*)$`)

/** What JSON Schema can say of a quantity: the pattern of its text. */
export function quantityPattern({ units }: Quantity): string {
  return `^(\\d+(\\.\\d+)?|\\.\\d+) ?(${units.map(({ name }) => name).join('|')})$`
}

export function parseQuantity(raw: unknown, quantity: Quantity): Parsed<number> {
  const { noun, units, min, max } = quantity
  const cure = `Write it like ${quantity.examples.join(', ')}.`
  const text = typeof raw === 'number' ? String(raw) : raw
  const isShort = typeof text === 'string' && text.length <= LONGEST_CHARACTERS
  const match = isShort ? QUANTITY.exec(text.trim()) : null
  if (!match) return { message: `this is not a ${noun}`, cure }
  const [, digits, unitName] = match
  const unit = units.find(({ name }) => name === unitName)
  if (!unit && unitName === '')
    return { message: `a ${noun} needs a unit`, cure: `${cure} ${unitList(units)}` }
  if (!unit)
    return {
      message: `a ${noun} has no unit \`${unitName!.slice(0, 20)}\``,
      cure: `${unitList(units)} ${cure}`,
    }
  // Rounded where the unit's factor cannot be written in binary: 0.1% is 0.001, not 0.0010000000000000002.
  const value = Number((Number(digits) * unit.factor).toPrecision(15))
  const tooSmall = quantity.aboveMin ? value <= min : value < min
  if (tooSmall || value > max)
    return { message: `this ${noun} is out of range`, cure: `It is ${quantity.range}.` }
  if (quantity.whole && !Number.isInteger(value)) {
    return { message: `this ${noun} is not a whole number of ${units[0]!.name}`, cure }
  }
  return { value }
}

function unitList(units: readonly Unit[]): string {
  const names = units.map(({ name }) => name).filter((name) => name !== '')
  return names.length === 1 ? `The unit is ${names[0]}.` : `The units are ${names.join(', ')}.`
}

/** E.g. 1024 -> `1KiB`, 1000 -> `1KB`, 1536 -> `1536B`: the largest unit that divides it, so nothing is rounded. */
export function formatSize(byteCount: number): string {
  const unit = SIZE.units.findLast(({ factor }) => byteCount % factor === 0) ?? SIZE.units[0]!
  return `${byteCount / unit.factor}${unit.name}`
}

/** E.g. 1500 -> `1500ms`, 120000 -> `2m`. */
export function formatDuration(durationMs: number): string {
  const unit = TIME_UNITS.findLast(({ factor }) => factor >= 1 && durationMs % factor === 0)
  return unit && durationMs > 0
    ? `${durationMs / unit.factor}${unit.name}`
    : durationMs === 0
      ? '0s'
      : `${Number(durationMs.toPrecision(6))}ms`
}

/** E.g. 20 -> `20/s`, 1/6 -> `10/m`. */
export function formatRate(ratePerSecond: number): string {
  const rounded = (value: number) => Number(value.toPrecision(6))
  if (ratePerSecond >= 1 || ratePerSecond === 0) return `${rounded(ratePerSecond)}/s`
  return `${rounded(ratePerSecond * 60)}/m`
}
