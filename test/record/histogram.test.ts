import { deflateSync } from 'node:zlib'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  add,
  atLeast,
  bucketsOf,
  decode,
  destroy,
  encode,
  type Histogram,
  HistogramError,
  initHistograms,
  newHistogram,
  percentileMs,
  recordMs,
} from '../../src/record/histogram.ts'
import { PERCENTILES } from '../../src/record/metrics.ts'
import { askPython } from '../python.ts'

const HOUR_MS = 3_600_000
const durations = fc.array(fc.double({ min: 0, max: HOUR_MS, noNaN: true }), { minLength: 1, maxLength: 200 })

beforeAll(initHistograms)

function using<Value>(valuesMs: Iterable<number>, use: (histogram: Histogram) => Value): Value {
  const histogram = newHistogram()
  try {
    for (const valueMs of valuesMs) recordMs(histogram, valueMs)
    return use(histogram)
  } finally {
    destroy(histogram)
  }
}

/** The value of that rank, as a sorted list has it. */
function nearestRank(valuesMs: readonly number[], percentile: number): number {
  const sorted = [...valuesMs].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil((percentile / 100) * sorted.length - 1e-9) - 1)]!
}

describe('buckets', () => {
  test('hold every value between their ends, and as many as were recorded', () => {
    fc.assert(
      fc.property(durations, (valuesMs) => {
        const buckets = bucketsOf(using(valuesMs, encode))
        expect(buckets.reduce((sum, { count }) => sum + count, 0)).toBe(valuesMs.length)
        let rank = 0
        for (const valueNs of valuesMs.map((value) => Math.round(value * 1e6)).sort((a, b) => a - b)) {
          const bucket = buckets.find((_, index) => {
            const upTo = buckets.slice(0, index + 1).reduce((sum, { count }) => sum + count, 0)
            return rank < upTo
          })!
          expect(valueNs).toBeGreaterThanOrEqual(bucket.fromNs)
          expect(valueNs).toBeLessThanOrEqual(bucket.toNs)
          rank++
        }
      }),
      { numRuns: 50 },
    )
  })

  test('are none of an empty histogram, and of a damaged one an error', () => {
    expect(bucketsOf(using([], encode))).toEqual([])
    expect(() => bucketsOf('AAAA')).toThrow(HistogramError)
  })
})

describe('recording', () => {
  test('keeps every duration from zero to an hour to three digits', () => {
    fc.assert(
      fc.property(durations, fc.constantFrom(...Object.values(PERCENTILES)), (valuesMs, percentile) => {
        const exactMs = nearestRank(valuesMs, percentile)
        const foundMs = using(valuesMs, (histogram) => percentileMs(histogram, percentile))
        expect(Math.abs(foundMs - exactMs)).toBeLessThanOrEqual(exactMs * 0.001 + 1e-6)
      }),
    )
  })

  test.each([-1, -1e-9, Number.NaN, Number.NEGATIVE_INFINITY])(
    'skips %d, which would abort the module',
    (valueMs) => {
      using([1], (histogram) => {
        expect(recordMs(histogram, valueMs)).toBe(false)
        expect(histogram.totalCount).toBe(1)
      })
    },
  )

  test.each([HOUR_MS + 1, 1e300, Number.POSITIVE_INFINITY])('records %d as one hour', (valueMs) => {
    using([valueMs], (histogram) => expect(percentileMs(histogram, 100)).toBe(HOUR_MS))
  })

  test('tells no percentile above the largest value', () => {
    using([1.2345678], (histogram) => expect(percentileMs(histogram, 99)).toBe(1.234568))
  })
})

describe('statistics that open calls could move', () => {
  test('are those that change when the open calls are recorded above all others', () => {
    fc.assert(
      fc.property(durations, fc.integer({ min: 1, max: 300 }), (valuesMs, openCount) => {
        const marked = using(valuesMs, (histogram) => atLeast(histogram, openCount))
        const open = Array.from({ length: openCount }, () => Number.POSITIVE_INFINITY)
        for (const [name, percentile] of Object.entries(PERCENTILES)) {
          const now = using(valuesMs, (histogram) => histogram.getValueAtPercentile(percentile))
          const moved = nearestRank([...valuesMs, ...open], percentile)
          if (moved === Number.POSITIVE_INFINITY) expect(marked).toContain(name)
          else if (!marked.includes(name)) expect(moved * 1e6).toBeLessThanOrEqual(now * 1.002 + 1)
        }
      }),
    )
  })

  test('are none without open calls, and always the mean and the maximum with one', () => {
    const valuesMs = Array.from({ length: 10_000 }, () => 5)
    expect(using(valuesMs, (histogram) => atLeast(histogram, 0))).toEqual([])
    expect(using(valuesMs, (histogram) => atLeast(histogram, 1))).toEqual(['mean', 'max'])
  })

  test('are the high percentiles before the low ones', () => {
    const valuesMs = Array.from({ length: 1000 }, () => 5)
    expect(using(valuesMs, (histogram) => atLeast(histogram, 11))).toEqual(['mean', 'max', 'p99', 'p99_9'])
    expect(using(valuesMs, (histogram) => atLeast(histogram, 1001))).toEqual([
      'mean',
      'max',
      ...Object.keys(PERCENTILES),
    ])
  })
})

describe('the stored form', () => {
  test('keeps every count', () => {
    fc.assert(
      fc.property(durations, (valuesMs) => {
        using(valuesMs, (histogram) => {
          const copy = decode(encode(histogram))
          try {
            expect(copy.totalCount).toBe(valuesMs.length)
            expect(encode(copy)).toBe(encode(histogram))
          } finally {
            destroy(copy)
          }
        })
      }),
    )
  })

  test('is what another HdrHistogram library reads', (context) => {
    const program = `
import json, sys
from hdrh.histogram import HdrHistogram
h = HdrHistogram.decode(sys.stdin.read())
print(json.dumps([h.total_count, h.get_min_value()] + [h.get_value_at_percentile(p) for p in json.loads(sys.argv[1])]))
`
    const percentiles = Object.values(PERCENTILES)
    const valuesMs = Array.from({ length: 20_000 }, (_, index) => Math.exp((index % 1999) / 150) / 1000)
    using([0, ...valuesMs], (histogram) => {
      const told = askPython(context, 'hdrhistogram', program, encode(histogram), JSON.stringify(percentiles))
      const own = percentiles.map((percentile) => histogram.getValueAtPercentile(percentile))
      expect(told).toEqual([20_001, 0, ...own])
    })
  })
})

describe('a stored form that is damaged or hostile', () => {
  const COOKIE = 0x1c849313

  interface Crafted {
    cookie?: number
    offset?: number
    digits?: number
    highestNs?: bigint
    length?: number
    counts?: number[]
  }

  function craft({
    cookie = COOKIE,
    offset = 0,
    digits = 3,
    highestNs = 3_600_000_000_000n,
    ...rest
  }: Crafted): string {
    const counts = Buffer.from(rest.counts ?? [2])
    const head = Buffer.alloc(40)
    head.writeUInt32BE(cookie, 0)
    head.writeUInt32BE(rest.length ?? counts.length, 4)
    head.writeInt32BE(offset, 8)
    head.writeInt32BE(digits, 12)
    head.writeBigInt64BE(1n, 16)
    head.writeBigInt64BE(highestNs, 24)
    head.writeDoubleBE(1, 32)
    return compressed(Buffer.concat([head, counts]))
  }

  function compressed(bytes: Buffer): string {
    const body = deflateSync(bytes)
    const head = Buffer.alloc(8)
    head.writeUInt32BE(0x1c849314, 0)
    head.writeUInt32BE(body.length, 4)
    return Buffer.concat([head, body]).toString('base64')
  }

  test('is told from a sound one', () => {
    const histogram = decode(craft({}))
    expect(histogram.totalCount).toBe(1)
    destroy(histogram)
  })

  const billions = [0x80, 0xa8, 0xd6, 0xb9, 0x07]
  test.each<[string, string, RegExp]>([
    ['empty', '', /not base64/],
    ['not base64', 'HIST FAAA', /not base64/],
    ['base64 of something else', Buffer.from('hello, world').toString('base64'), /not an HdrHistogram/],
    ['far too long', 'A'.repeat(1_000_000), /longer than/],
    ['a zip bomb', compressed(Buffer.alloc(50_000_000)), /does not decompress/],
    ['without a header', compressed(Buffer.from('short')), /no HdrHistogram V2 header/],
    ['of another encoding', craft({ cookie: 0x1c849301 }), /no HdrHistogram V2 header/],
    ['shifted', craft({ offset: 7 }), /expected/],
    ['of five digits', craft({ digits: 5 }), /with 5 digits/],
    ['of a range that fills the memory', craft({ highestNs: 2n ** 62n }), /expected 1\.\.3600000000000 ns/],
    ['with a length that lies', craft({ length: 1_000_000 }), /another length/],
    ['with counts beyond its range', craft({ counts: [0xff, 0xff, 0xff, 0x0f, 2] }), /beyond its range/],
    ['with too many counts', craft({ counts: Array(33 * 1024 + 1).fill(0) }), /beyond its range/],
    ['with a count of nine bytes', craft({ counts: [...Array(8).fill(0xfe), 0xff] }), /more than 2147483647/],
    ['that ends within a count', craft({ counts: [0x80] }), /ends within a count/],
    [
      'with five billion values',
      craft({ counts: [...billions, ...billions, ...billions, ...billions, ...billions] }),
      /more than 2147483647/,
    ],
  ])('is refused when it is %s', (_, text, message) => {
    expect(() => decode(text)).toThrow(HistogramError)
    expect(() => decode(text)).toThrow(message)
  })

  test('a billion values are fine, three are too many to add', () => {
    const billion = decode(craft({ counts: billions }))
    expect(billion.totalCount).toBe(1_000_000_000)
    using([], (sum) => {
      for (let times = 0; times < 2; times++) add(sum, billion)
      expect(sum.totalCount).toBe(2_000_000_000)
      destroy(decode(encode(sum)))
      expect(() => add(sum, billion)).toThrow(HistogramError)
    })
    destroy(billion)
  })

  test('is refused or read, whatever bits are flipped, and never harms the next one', () => {
    const text = using([0.1, 2, 30, 400, 5000], encode)
    const bytes = Buffer.from(text, 'base64')
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length * 8 - 1), { minLength: 1, maxLength: 6 }), (flips) => {
        const damaged = Buffer.from(bytes)
        for (const bit of flips) damaged[bit >> 3]! ^= 1 << (bit & 7)
        try {
          destroy(decode(damaged.toString('base64')))
        } catch (error) {
          expect(error).toBeInstanceOf(HistogramError)
        }
      }),
      { numRuns: 2000 },
    )
    const sound = decode(text)
    expect(encode(sound)).toBe(text)
    destroy(sound)
  })

  test('is refused or read, whatever the counts are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (counts) => {
        try {
          destroy(decode(craft({ counts: [...counts] })))
        } catch (error) {
          expect(error).toBeInstanceOf(HistogramError)
        }
      }),
      { numRuns: 2000 },
    )
  })
})
