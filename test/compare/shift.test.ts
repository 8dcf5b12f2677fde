import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../src/random.ts'
import { fewestValues, pairedShift, type Shift, unpairedShift } from '../../src/shift.ts'

/** What another library has; written by scipy-ranks.py. */
const scipy = JSON.parse(readFileSync(new URL('scipy-ranks.json', import.meta.url), 'utf8')) as {
  paired: { n: number; confidence: number; outside: number }[]
  unpaired: { m: number; n: number; confidence: number; outside: number }[]
}

/** How many of the values lie at or below the interval's lower end, and as many above; 0 where there is none. */
function outside(shift: Shift | null, values: number[]): number {
  if (!shift) return 0
  const sorted = values.sort((a, b) => a - b)
  const rank = sorted.indexOf(shift.low) + 1
  expect(sorted[sorted.length - rank]).toBe(shift.high)
  return rank
}

const random = seededRandom(1)
const numbers = (count: number) => Array.from({ length: count }, () => random())

describe('the interval leaves out as many values as SciPy’s exact distribution allows', () => {
  test.each(scipy.paired)('$n pairs at $confidence', ({ n, confidence, outside: expected }) => {
    const after = numbers(n)
    const averages = after.flatMap((one, index) => after.slice(index).map((other) => (one + other) / 2))
    const shift = pairedShift(Array(n).fill(0), after, confidence)
    expect(outside(shift, averages)).toBe(expected)
  })

  test.each(scipy.unpaired)('$m and $n values at $confidence', ({ m, n, confidence, outside: expected }) => {
    const [before, after] = [numbers(m), numbers(n)]
    const differences = after.flatMap((late) => before.map((early) => late - early))
    expect(outside(unpairedShift(before, after, confidence), differences)).toBe(expected)
  })
})

describe('with more values than the exact distribution is asked for', () => {
  test.each([0.95, 0.99, 0.9999])('the interval at %d is nearly the exact one', (confidence) => {
    const of = (count: number) => {
      const { low, high } = pairedShift(Array(count).fill(0), numbers(count), confidence)!
      return (high - low) * Math.sqrt(count)
    }
    const exact = Array.from({ length: 20 }, () => of(40))
    const normal = Array.from({ length: 20 }, () => of(41))
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
    expect(mean(normal) / mean(exact)).toBeCloseTo(1, 1)
  })
})

test('the fewest values that a confidence asks for give an interval, and one less does not', () => {
  for (const confidence of [0.9, 0.95, 0.9875, 0.999]) {
    const pairs = fewestValues(confidence, true)
    expect(pairedShift(numbers(pairs), numbers(pairs), confidence)).not.toBeNull()
    expect(pairedShift(numbers(pairs - 1), numbers(pairs - 1), confidence)).toBeNull()
    const values = fewestValues(confidence, false)
    expect(unpairedShift(numbers(values), numbers(values), confidence)).not.toBeNull()
    expect(unpairedShift(numbers(values - 1), numbers(values - 1), confidence)).toBeNull()
  }
})

const samples = fc
  .integer({ min: 12, max: 60 })
  .chain((length) =>
    fc.tuple(
      fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: length, maxLength: length }),
      fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: length, maxLength: length }),
      fc.double({ min: -50, max: 50, noNaN: true }),
    ),
  )

test.each([
  ['paired', pairedShift],
  ['unpaired', unpairedShift],
] as const)('%s: the interval holds its estimate, and moves with the values', (_name, shift) => {
  fc.assert(
    fc.property(samples, ([before, after, by]) => {
      const { low, estimate, high } = shift(before, after, 0.95)!
      expect(low).toBeLessThanOrEqual(estimate)
      expect(high).toBeGreaterThanOrEqual(estimate)
      const moved = after.map((value) => value + by)
      expect(shift(before, moved, 0.95)!.estimate).toBeCloseTo(estimate + by, 6)
    }),
  )
})

test.each([
  ['paired', pairedShift],
  ['unpaired', unpairedShift],
] as const)(
  '%s: of 2,000 intervals at 90%, some 90%% hold what is true, whatever the noise',
  (_name, shift) => {
    // Heavy tails, as a machine has that stands still now and then.
    const noisy = () => (random() < 0.1 ? 20 * random() : random())
    let held = 0
    for (let turn = 0; turn < 2000; turn++) {
      const before = Array.from({ length: 12 }, noisy)
      const after = Array.from({ length: 12 }, () => noisy() + 3)
      const { low, high } = shift(before, after, 0.9)!
      if (low <= 3 && high >= 3) held++
    }
    expect(held / 2000).toBeGreaterThan(0.88)
    expect(held / 2000).toBeLessThan(0.94)
  },
)
