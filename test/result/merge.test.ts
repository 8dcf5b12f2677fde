import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import {
  destroy,
  HistogramError,
  initHistograms,
  newHistogram,
  recordMs,
} from '../../src/record/histogram.ts'
import { PERCENTILES } from '../../src/record/metrics.ts'
import type { Distribution } from '../../src/result/document.ts'
import { distribution, mergeHistograms, storedDistribution } from '../../src/result/merge.ts'

beforeAll(initHistograms)

function stored(valuesMs: readonly number[], openCount = 0): Distribution | null {
  const histogram = newHistogram()
  for (const valueMs of valuesMs) recordMs(histogram, valueMs)
  const told = storedDistribution(histogram, openCount)
  destroy(histogram)
  return told
}

function merged(parts: readonly Distribution[], openCount = 0): Distribution | null {
  return mergeHistograms(
    parts.map(({ hdr }) => hdr!),
    (sum) => storedDistribution(sum, openCount),
  )
}

const parts = fc.array(
  fc.array(fc.double({ min: 0, max: 60_000, noNaN: true }), { minLength: 1, maxLength: 60 }),
  {
    minLength: 1,
    maxLength: 6,
  },
)

test('merged parts are the pooled values, however they were split', () => {
  fc.assert(
    fc.property(parts, (split) => {
      const sum = merged(split.map((valuesMs) => stored(valuesMs)!))!
      const pooled = stored(split.flat())!
      expect(sum.hdr).toBe(pooled.hdr)
      expect(sum.count).toBe(split.flat().length)
      const sorted = split.flat().sort((a, b) => a - b)
      const near = (found: number, exact: number) =>
        expect(Math.abs(found - exact)).toBeLessThanOrEqual(exact * 0.001 + 1e-6)
      for (const [name, percentile] of Object.entries(PERCENTILES)) {
        const rank = Math.max(1, Math.ceil((percentile / 100) * sorted.length - 1e-9))
        near(sum[name as keyof typeof PERCENTILES], sorted[rank - 1]!)
      }
      near(sum.min, sorted[0]!)
      near(sum.max, sorted.at(-1)!)
      near(sum.mean, sorted.reduce((sum, valueMs) => sum + valueMs, 0) / sorted.length)
    }),
  )
})

test('the order of the parts does not matter', () => {
  fc.assert(
    fc.property(parts, (split) => {
      const told = split.map((valuesMs) => stored(valuesMs)!)
      expect(merged(told.toReversed())).toEqual(merged(told))
    }),
  )
})

test('merging one part changes nothing but what a bucket rounds', () => {
  const part = stored([0.068, 0.07, 1, 12])!
  const { max, ...others } = merged([part])!
  expect(others).toMatchObject({ count: 4, min: part.min, p50: part.p50, hdr: part.hdr })
  expect(max).toBeCloseTo(part.max, 1)
})

test('calls that are still open bound the merged statistics, too', () => {
  const part = stored([1, 2, 3, 4])!
  expect(merged([part, part])!.at_least).toBeUndefined()
  expect(merged([part, part], 1)!.at_least).toContain('p99')
})

test('a round keeps statistics only, and nothing of nothing', () => {
  const histogram = newHistogram()
  expect(distribution(histogram)).toBeNull()
  expect(merged([])).toBeNull()
  recordMs(histogram, 5)
  expect(distribution(histogram)).toEqual({
    unit: 'ms',
    count: 1,
    min: 4.99712,
    mean: 4.999168,
    max: 5,
    stddev: 0,
    p50: 5,
    p75: 5,
    p90: 5,
    p95: 5,
    p99: 5,
    p99_9: 5,
  })
  destroy(histogram)
})

test('a damaged part is refused', () => {
  expect(() => merged([{ ...stored([1])!, hdr: 'garbage' }])).toThrow(HistogramError)
})
