import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  bucketsOf,
  destroy,
  encode,
  HistogramError,
  initHistograms,
  newHistogram,
  percentileMs,
  recordMs,
} from '../../src/record/histogram.ts'
import { PERCENTILES } from '../../src/record/metrics.ts'
import { type ExponentialHistogram, exponentialOf } from '../../src/report/otlp/exponential.ts'
import { encodeRequest } from '../../src/report/otlp/messages.ts'
import { otlpRequests } from '../../src/report/otlp/otlp.ts'
import type { Distribution } from '../../src/result/document.ts'
import { storedDistribution } from '../../src/result/merge.ts'
import { sampleCase, sampleResult } from '../result/sample.ts'

const HOUR_MS = 3_600_000

beforeAll(initHistograms)

function recorded(valuesMs: readonly number[]): {
  stored: Distribution
  percentileS(percentile: number): number
} {
  const histogram = newHistogram()
  for (const valueMs of valuesMs) recordMs(histogram, valueMs)
  const told = new Map(
    Object.values(PERCENTILES).map((percentile) => [percentile, percentileMs(histogram, percentile) / 1000]),
  )
  const stored = storedDistribution(histogram)!
  destroy(histogram)
  return { stored, percentileS: (percentile) => told.get(percentile)! }
}

/** The ends of the bucket that holds the value of that rank; a bucket of zeros ends where it begins. */
function bucketAt(histogram: ExponentialHistogram, percentile: number): [lowerS: number, upperS: number] {
  const base = 2 ** (2 ** -histogram.scale)
  let left = Math.max(1, Math.ceil((percentile / 100) * histogram.count - 1e-9)) - histogram.zeroCount
  if (left <= 0) return [0, 0]
  for (const [place, count] of histogram.bucketCounts.entries()) {
    left -= count
    const index = histogram.offset + place
    if (left <= 0) return [base ** index, base ** (index + 1)]
  }
  throw new Error('the buckets hold fewer values than the count says')
}

/** Of every size: what is spread evenly over an hour has almost nothing below a minute. */
const durationMs = fc.oneof(
  fc.double({ min: 0, max: HOUR_MS, noNaN: true }),
  fc.double({ min: -21, max: 21, noNaN: true }).map((exponent) => 2 ** exponent),
  fc.constant(0),
)

describe('the buckets of a stored histogram', () => {
  test('are those of the histogram that was stored', () => {
    fc.assert(
      fc.property(fc.array(durationMs, { minLength: 1, maxLength: 100 }), (valuesMs) => {
        const histogram = newHistogram()
        for (const valueMs of valuesMs) recordMs(histogram, valueMs)
        const buckets = bucketsOf(encode(histogram))
        let rank = 0
        for (const { toNs, count } of buckets) {
          rank += count
          const percentile = ((rank - 0.5) / valuesMs.length) * 100
          expect(toNs).toBe(histogram.getValueAtPercentile(percentile))
        }
        expect(rank).toBe(valuesMs.length)
        destroy(histogram)
      }),
    )
  })
})

describe('an exponential histogram', () => {
  test('holds every value, in at most 160 buckets, and tells the same percentiles', () => {
    fc.assert(
      fc.property(fc.array(durationMs, { minLength: 1, maxLength: 300 }), (valuesMs) => {
        const { stored, percentileS } = recorded(valuesMs)
        const exponential = exponentialOf(stored)!
        const { bucketCounts, zeroCount, count } = exponential
        expect(count).toBe(valuesMs.length)
        expect(bucketCounts.reduce((total, one) => total + one, zeroCount)).toBe(count)
        expect(bucketCounts.length).toBeLessThanOrEqual(160)
        if (bucketCounts.length > 0) expect([bucketCounts[0], bucketCounts.at(-1)]).not.toContain(0)
        for (const percentile of Object.values(PERCENTILES)) {
          const [lowerS, upperS] = bucketAt(exponential, percentile)
          expect(percentileS(percentile)).toBeGreaterThanOrEqual(lowerS * (1 - 1e-9))
          expect(percentileS(percentile)).toBeLessThanOrEqual(upperS * (1 + 1e-9))
        }
        const sumS = valuesMs.reduce((total, valueMs) => total + valueMs, 0) / 1000
        expect(Math.abs(exponential.sumS - sumS)).toBeLessThanOrEqual(sumS * 0.001 + 1e-9 * count)
      }),
      { numRuns: 300 },
    )
  })

  test('is as fine as what was stored where the values lie close together, and coarser where they do not', () => {
    const scale = (...valuesMs: number[]) => exponentialOf(recorded(valuesMs).stored)!.scale
    expect(scale(10)).toBe(9)
    expect(scale(10, 12)).toBe(9)
    expect(scale(10, 20)).toBe(7)
    expect(scale(1, 1000)).toBe(4)
    expect(scale(0.000_001, HOUR_MS)).toBe(1)
  })

  test('counts values of no duration apart', () => {
    expect(exponentialOf(recorded([0, 0, 0]).stored)).toMatchObject({
      ...{ zeroCount: 3, count: 3, bucketCounts: [], sumS: 0, minS: 0, maxS: 0 },
    })
  })

  test('is not made of what has no histogram, and a damaged one is told', () => {
    const { stored } = recorded([1])
    expect(exponentialOf({ ...stored, hdr: undefined })).toBeNull()
    expect(() => exponentialOf({ ...stored, hdr: stored.hdr!.slice(0, -8) })).toThrow(HistogramError)
  })
})

describe('a result', () => {
  test('of very many cases is sent in several requests, each with every name once', async () => {
    const result = await sampleResult()
    const one = sampleCase({ name: 'one', medians: { request_latency: 1 }, callCount: 1 })
    const cases = Array.from({ length: 250 }, (_, index) => ({ ...one, name: `case ${index}` }))
    const requests = otlpRequests({ ...result, cases }, {})
    expect(requests.length).toBe(3)
    const points = requests.map(({ resource_metrics: [one] }) => {
      const { metrics } = one!.scope_metrics[0]!
      expect(new Set(metrics.map(({ name }) => name)).size).toBe(metrics.length)
      return metrics.find(({ name }) => name === 'infer_bench.request_latency')!.exponential_histogram!
        .data_points.length
    })
    expect(points).toEqual([100, 100, 50])
    for (const request of requests) expect(encodeRequest(request).length).toBeLessThan(4_000_000)
  })

  test('with half a character in a name is sent as a text that receivers read', async () => {
    const result = await sampleResult()
    const [request] = otlpRequests({ ...result, name: 'half \ud83d' }, {})
    const { attributes } = request!.resource_metrics[0]!.resource
    expect(attributes).toContainEqual({
      key: 'infer_bench.scenario',
      value: { string_value: 'half \ufffd' },
    })
  })
})
