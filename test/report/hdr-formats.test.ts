/** Distributions and logs of HdrHistogram, read by other implementations of it. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import hdr from 'hdr-histogram-js'
import { beforeAll, describe, expect, test } from 'vitest'
import { bucketsOf, destroy, encode, initHistograms, newHistogram } from '../../src/record/histogram.ts'
import { hgrmParts, hgrmReport } from '../../src/report/hgrm.ts'
import { hlogReport } from '../../src/report/hlog.ts'
import type { CaseResult, Result } from '../../src/result/document.ts'
import { readResult } from '../../src/result/read.ts'
import { askPython } from '../python.ts'
import { goldenFolder } from './golden.ts'

const NS_PER_MS = 1e6

let result: Result

beforeAll(async () => {
  await initHistograms()
  result = await readResult(fileURLToPath(new URL('fixture.json', goldenFolder)))
})

function encoded(valuesNs: readonly number[]): string {
  const histogram = newHistogram()
  for (const value of valuesNs) histogram.recordValue(value)
  const text = encode(histogram)
  destroy(histogram)
  return text
}

/** What the types of the library keep to themselves. */
type Equivalences = Record<'lowestEquivalentValue' | 'highestEquivalentValue', (value: number) => number>

/** Another implementation, with the same range and precision. */
function theirs(valuesNs: readonly number[]) {
  const histogram = hdr.build({
    highestTrackableValue: 3_600_000_000_000,
    numberOfSignificantValueDigits: 3,
  })
  for (const value of valuesNs) histogram.recordValue(value)
  return histogram as typeof histogram & Equivalences
}

/** The fixture with one case, whose latencies are these. */
function withLatency(text: string, name = 'one'): Result {
  const [first] = result.cases
  const metrics = { request_latency: { ...first!.metrics.request_latency!, hdr: text } }
  return { ...result, cases: [{ ...first!, name, metrics }] }
}

/** Lines of values: [ms, share, count, inverse]. */
function rowsOf(text: string): number[][] {
  return text
    .split('\n')
    .filter((line) => /^ *\d/.test(line))
    .map((line) => line.trim().split(/ +/).map(Number))
}

const durations = fc.array(
  fc.oneof(fc.nat({ max: 3000 }), fc.nat({ max: 2 ** 31 - 1 }), fc.constantFrom(0, 3_600_000_000_000)),
  { minLength: 1, maxLength: 300 },
)

test('buckets are those of the library', () => {
  fc.assert(
    fc.property(durations, (valuesNs) => {
      const histogram = theirs(valuesNs)
      const buckets = bucketsOf(encoded(valuesNs))
      expect(buckets.reduce((sum, { count }) => sum + count, 0)).toBe(valuesNs.length)
      for (const { fromNs, toNs, count } of buckets) {
        expect(valuesNs.filter((value) => value >= fromNs && value <= toNs).length).toBe(count)
        expect(histogram.lowestEquivalentValue(toNs)).toBe(fromNs)
        expect(histogram.highestEquivalentValue(fromNs)).toBe(toNs)
      }
    }),
    { numRuns: 50 },
  )
})

describe('a distribution', () => {
  test('is what HdrHistogram for JavaScript prints, whose lines are those of Java', () => {
    fc.assert(
      fc.property(durations, (valuesNs) => {
        const histogram = theirs(valuesNs)
        // In nanoseconds it rounds nothing away.
        const text = histogram.outputPercentileDistribution(5, 1)
        const ours = hgrmReport([withLatency(encoded(valuesNs))])
        const inNs = rowsOf(ours).map(([ms, ...rest]) => [Math.round(ms! * NS_PER_MS), ...rest])
        expect(inNs).toEqual(rowsOf(text))
        // Of the largest value itself, a histogram that was stored knows the bucket.
        expect(footOf(ours)).toEqual({ ...footOf(text, NS_PER_MS), Max: rowsOf(ours).at(-1)![0] })
      }),
      { numRuns: 50 },
    )
  })

  test('is what HdrHistogram for Python prints, at the percentiles that Java takes', (context) => {
    const parts = hgrmParts([result])
    const texts = result.cases.flatMap(({ metrics, kind }) => {
      const names = [
        'request_latency',
        ...(kind === 'streaming' ? ['time_to_first_token', 'inter_chunk_latency'] : []),
      ]
      return names.flatMap((name) => metrics[name]?.hdr ?? [])
    })
    expect(texts.length).toBe(parts.length)
    // Python's own steps shrink from the first one on; Java's, which the plotter is used to, at each half of the way.
    const program = `
import io, json, math, sys
from hdrh.histogram import HdrHistogram
from hdrh.iterators import PercentileIterator
def step(self):
    to = self.percentile_to_iterate_to
    self.percentile_to_iterate_from = to
    if to == 100:
        return
    ticks = self.percentile_ticks_per_half_distance * 2 ** (math.floor(math.log2(100 / (100 - to))) + 1)
    self.percentile_to_iterate_to += 100 / ticks
PercentileIterator.increment_iteration_level = step
told = []
for text in json.load(sys.stdin):
    out = io.BytesIO()
    histogram = HdrHistogram.decode(text)
    histogram.output_percentile_distribution(out, 1)
    told.append({'text': out.getvalue().decode(), 'deviation': histogram.get_stddev()})
print(json.dumps(told))
`
    const told = askPython(context, 'hdrhistogram', program, JSON.stringify(texts)) as {
      text: string
      deviation: number
    }[]
    for (const [index, { text, deviation }] of told.entries()) {
      const ours = parts[index]!.text
      const inNs = rowsOf(ours).map(([ms, ...rest]) => [Math.round(ms! * NS_PER_MS), ...rest])
      expect(inNs).toEqual(rowsOf(text))
      const foot = footOf(ours)
      expect(foot['Total count']).toBe(rowsOf(text).at(-1)![2])
      expect(foot.Max).toBe(footOf(text, NS_PER_MS).Max)
      expect(foot.Mean).toBeCloseTo(footOf(text, NS_PER_MS).Mean!, 5)
      expect(foot.StdDeviation).toBeCloseTo(deviation / NS_PER_MS, 5)
      expect(foot.Buckets).toBe(footOf(text).Buckets)
      expect(foot.SubBuckets).toBe(footOf(text).SubBuckets)
    }
  })

  test('has the form that the plotter divides at spaces, with comments before it', () => {
    const text = hgrmReport([result])
    for (const line of text.split('\n').filter((one) => one !== '')) {
      expect(line).toMatch(
        /^(#.*| +Value +Percentile TotalCount 1\/\(1-Percentile\)| *[\d.]+ [01]\.\d{12} +\d+( +[\d.]+)?)$/,
      )
    }
    expect(text.match(/^# rest 1KiB ×8, request_latency, in ms$/gm)).toHaveLength(1)
    expect(text).toContain('# INVALID: dispatch_delay p99 was 2.7 s')
    expect(text).toContain('# >=: the real values may be higher (mean, max')
  })

  test('of a histogram that is damaged, or not there, says so', () => {
    const damaged = hgrmReport([withLatency('HISTFAAAAhN4nC1R')])
    expect(damaged).toMatch(/^# one, request_latency, in ms\n# the stored histogram is damaged: .+\n$/)
    expect(hgrmReport([{ ...result, cases: [] }])).toBe('# no case has a stored distribution\n')
  })
})

/** The numbers of the last three lines, by their names. */
function footOf(text: string, perUnit = 1): Record<string, number> {
  const found = text.matchAll(/([A-Z][A-Za-z ]*?) *= +([\d.]+)/g)
  const scaled = (name: string, value: number) =>
    ['Mean', 'StdDeviation', 'Max'].includes(name) ? Number((value / perUnit).toFixed(6)) : value
  return Object.fromEntries([...found].map(([, name, value]) => [name!, scaled(name!, Number(value))]))
}

describe('a log', () => {
  const READER = `
import json, sys
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader
reader = HistogramLogReader(sys.argv[1], HdrHistogram(1, 3600000000000, 3))
told = []
while True:
    histogram = reader.get_next_interval_histogram()
    if histogram is None:
        break
    told.append([histogram.get_tag(), histogram.total_count, histogram.get_value_at_percentile(50),
        histogram.get_start_time_stamp(), histogram.get_end_time_stamp()])
print(json.dumps(told))
`

  test('is what HdrHistogram for Python reads, tag by tag', async (context) => {
    const folder = await mkdtemp(join(tmpdir(), 'hlog-'))
    const file = join(folder, 'run.hlog')
    const later = { ...result, start_time: '2026-11-23T19:30:00.500Z', name: 'again' }
    await writeFile(file, hlogReport([later, result]))
    const told = askPython(context, 'hdrhistogram', READER, '', file)
    await rm(folder, { recursive: true })
    const expected = [result, later].flatMap((one) =>
      one.cases.flatMap(({ name, metrics, summary }) => {
        const startMs = Date.parse(one.start_time)
        return Object.entries(metrics).map(([metric, { count, p50 }]) => {
          const tag = `${name.replaceAll(' ', '_')}.${metric}`
          return [tag, count, Math.round(p50 * NS_PER_MS), startMs, startMs + summary.duration_s * 1000]
        })
      }),
    )
    const byTag = (rows: unknown) =>
      (rows as (string | number)[][])
        .map((row) => row.map((cell) => (typeof cell === 'number' ? Math.round(cell) : cell)))
        .map((row) => JSON.stringify(row))
        .sort()
    expect(byTag(told)).toEqual(byTag(expected))
  })

  test('has no line that a foreign name could break, and no tag twice', () => {
    const names = fc.array(
      fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('a,b', 'a b', 'a\nTag=b', '', 'A,B')),
      {
        minLength: 2,
        maxLength: 6,
      },
    )
    fc.assert(
      fc.property(names, (texts) => {
        const [first] = result.cases
        const cases = texts.map((name): CaseResult => ({ ...first!, name }))
        const lines = hlogReport([{ ...result, name: texts[0]!, cases }])
          .trimEnd()
          .split('\n')
        const tagged = lines.filter((line) => line.startsWith('Tag='))
        expect(tagged).toHaveLength(cases.length * Object.keys(first!.metrics).length)
        for (const line of tagged)
          expect(line).toMatch(/^Tag=[^,\s]+,\d+\.\d{3},\d+\.\d{3},\d+\.\d{3},HISTF[\w+/=]+$/)
        expect(new Set(tagged.map((line) => line.split(',')[0])).size).toBe(tagged.length)
        for (const line of lines.filter((one) => !one.startsWith('Tag=')))
          expect(line).toMatch(/^(#\[.*\]$|")/)
      }),
      { numRuns: 50 },
    )
  })

  test('leaves a damaged histogram out, and says so', () => {
    expect(hlogReport([withLatency('HISTFAAAAhN4nC1R\nTag=x,0,0,0,y')])).toContain(
      '#[one.request_latency: its stored histogram is damaged]',
    )
  })
})
