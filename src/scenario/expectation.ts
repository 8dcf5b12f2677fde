/** What a claim expects: a range such as `10..30ms`, `2..3` and `150/s..300/s`, or a bound such as `< 10ms`. */

import { leaf, wordOf } from '../values/leaf.ts'
import { type Parsed, parseQuantity, type Quantity } from '../values/units.ts'

/** Both ends belong to it; null: no end on this side. */
export interface Range {
  low: number | null
  high: number | null
}

const RANGE = /^(.+?)\.\.(.+)$/
const BOUND = /^(<=|>=|<|>)(.+)$/
const NUMBER_ALONE = /^[\d.]+$/
const CURE = 'Write it like 2..3, 10..30ms, "> 1.5" or "< 10ms".'

/** Its text; what the numbers in it are depends on the claim's metric, so `parseExpectation` reads it. */
export const expectation = leaf(
  (raw): Parsed<string> => {
    const value = wordOf(raw)
    if (RANGE.test(value) || BOUND.test(value)) return { value }
    return { message: 'this is neither a range nor a bound', cure: CURE }
  },
  { type: 'string', examples: ['2..3', '10..30ms', '> 1.5', '< 10ms'] },
)

export function parseExpectation(text: string, quantity: Quantity): Parsed<Range> {
  const range = RANGE.exec(text)
  if (!range) {
    const [, operator, bound] = BOUND.exec(text)!
    const parsed = parseQuantity(bound!.trim(), quantity)
    if (!('value' in parsed)) return parsed
    return {
      value: operator!.startsWith('<')
        ? { low: null, high: parsed.value }
        : { low: parsed.value, high: null },
    }
  }
  const [, first, second] = range.map((part) => part.trim())
  // `10..30ms`: the unit is said once, for both.
  const unit = /[^\d.+-]+$/.exec(second!)?.[0] ?? ''
  const low = parseQuantity(NUMBER_ALONE.test(first!) ? `${first}${unit}` : first, quantity)
  if (!('value' in low)) return low
  const high = parseQuantity(second, quantity)
  if (!('value' in high)) return high
  if (low.value <= high.value) return { value: { low: low.value, high: high.value } }
  return { message: 'the range ends below its beginning', cure: CURE }
}
