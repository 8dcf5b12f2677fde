/** Charts for a terminal: what they draw, and that they stay within it. */

import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { bar, columns, level } from '../../src/report/charts/blocks.ts'
import { chartsReport } from '../../src/report/charts/charts.ts'
import { histogramChart } from '../../src/report/charts/histogram-chart.ts'
import { recordedOf, valuesAt } from '../../src/report/charts/recorded.ts'
import { markdownReport } from '../../src/report/markdown.ts'
import { tableReport } from '../../src/report/table.ts'
import { displayWidth } from '../../src/report/wrap.ts'
import type { CaseResult, Result } from '../../src/result/document.ts'
import { readResult } from '../../src/result/read.ts'
import { expectGolden, goldenFolder } from './golden.ts'

type Slice = NonNullable<CaseResult['rounds'][number]['timeline']>['slices'][number]

const PLAIN = { width: 80, colour: false }

let result: Result

beforeAll(async () => {
  const fixture = await readResult(fileURLToPath(new URL('fixture.json', goldenFolder)))
  result = { ...fixture, cases: fixture.cases.map(withTimeline) }
})

/** A round that drifts, one with a peak, and one that breaks off. */
function withTimeline(one: CaseResult): CaseResult {
  const latency = one.metrics.request_latency
  if (!latency) return one
  const slice = (roundIndex: number, index: number): Slice => {
    const isBroken = roundIndex === 2 && index >= 16
    const isEmpty = roundIndex === 1 && index === 9
    if (isBroken || isEmpty)
      return { calls: isBroken ? 8 : 0, errors: isBroken ? 8 : 0, p50: null, p99: null }
    const p50 = latency.p50 * (roundIndex === 1 && index === 5 ? 4 : 1 + index / 40)
    return {
      calls: 100,
      errors: roundIndex === 2 && index === 3 ? 2 : 0,
      p50,
      p99: p50 * (1.5 + (index % 3)),
    }
  }
  const rounds = one.rounds.map((round, roundIndex) => ({
    ...round,
    timeline: { slice_s: 0.25, slices: Array.from({ length: 20 }, (_, index) => slice(roundIndex, index)) },
  }))
  return { ...one, rounds }
}

function caseOf(name: string): CaseResult {
  return result.cases.find((one) => one.name === name)!
}

function widest(text: string): number {
  return Math.max(...text.split('\n').map(displayWidth))
}

describe('block characters', () => {
  test.each([
    [0, 4, ''],
    [0.001, 4, '▏'],
    [0.5, 4, '██'],
    [0.53, 4, '██▏'],
    [1, 4, '████'],
    [7, 4, '████'],
    [Number.NaN, 4, ''],
    [1, 0, ''],
  ])('a bar of %d in %d characters', (share, room, text) => {
    expect(bar(share, room)).toBe(text)
  })

  test('columns stand on the last line', () => {
    expect(columns([0, 0.01, 0.5, 0.75, 1, null], 2)).toEqual(['   ▄█ ', ' ▁███ '])
  })

  test('a level is a character, or a dot where there is none', () => {
    expect([null, 0, 0.001, 0.5, 1].map(level).join('')).toBe('· ▁▄█')
  })
})

test('percentiles are those that the result tells', () => {
  for (const { metrics } of result.cases) {
    for (const distribution of Object.values(metrics)) {
      const recorded = recordedOf(distribution)!
      expect(recorded.total).toBe(distribution.count)
      const [p50, p90, p99, all] = valuesAt(recorded, [0.5, 0.9, 0.99, 1]) as [number, number, number, number]
      expect(p50).toBeCloseTo(distribution.p50, 6)
      expect(p90).toBeCloseTo(distribution.p90, 6)
      expect(p99).toBeCloseTo(distribution.p99, 6)
      expect(all).toBeGreaterThanOrEqual(distribution.max)
    }
  }
})

describe('golden files', () => {
  test.each([40, 60, 80, 120])('%d columns', async (width) => {
    const text = chartsReport([result], { width, colour: false })
    await expectGolden(`charts-${width}.charts.txt`, text)
    expect(widest(text)).toBeLessThanOrEqual(width)
  })

  test('latency over time, in the table', async () => {
    const text = tableReport([result], { width: 100, colour: false })
    await expectGolden('table-timeline.txt', text.slice(text.indexOf('Latency over time')))
  })
})

describe('the spectrum', () => {
  const spectrumOf = (one: CaseResult, others: CaseResult[] = []) =>
    chartsReport([{ ...result, cases: [one, ...others] }], PLAIN).split('\n\n  ')[0]!

  test('names no percentile that there are not values for', () => {
    const [many, few] = [caseOf('rest 1KiB ×8'), caseOf('chat 聊天 32→64 tokens')]
    const named = (one: CaseResult) => spectrumOf(one).split('\n').at(-1)!.trim().split(/ +/)
    expect(named(many)).toEqual(['p50', 'p75', 'p90', 'p99', 'p99.9'])
    expect(named(few)).toEqual(['p50', 'p75', 'p90', 'p99'])
  })

  test('ends where a case has no more values, on the axis of the one that has the most', () => {
    const [many, few] = [caseOf('rest 1KiB ×8'), caseOf('rest burst 5000/s')]
    const drawn = (text: string) =>
      Math.max(
        ...text
          .split('\n')
          .filter((line) => line.includes('█'))
          .map(displayWidth),
      )
    expect(drawn(spectrumOf(few))).toBe(80)
    expect(drawn(spectrumOf(few, [many]))).toBeLessThan(72)
    expect(drawn(spectrumOf(many, [few]))).toBe(80)
  })
})

test('the histogram counts each value in the row whose bounds it lies between', () => {
  const durationsNs = fc.array(fc.oneof(fc.integer({ min: 1000, max: 1e10 }), fc.constantFrom(0, 1, 999)), {
    minLength: 1,
    maxLength: 200,
  })
  const narrow = fc.array(fc.integer({ min: 2_000_000, max: 2_500_000 }), { minLength: 1, maxLength: 200 })
  fc.assert(
    fc.property(fc.oneof(durationsNs, narrow), (valuesNs) => {
      const buckets = [...new Set(valuesNs)]
        .sort((left, right) => left - right)
        .map((value) => ({
          fromNs: value,
          toNs: value,
          count: valuesNs.filter((other) => other === value).length,
        }))
      const chart = histogramChart('latency', { buckets, total: valuesNs.length }, 80)!
      const perNs = { µs: 1e3, ms: 1e6, s: 1e9 }[/ (µs|ms|s) on$/.exec(chart.title)![1] as 'ms']
      const rows = chart.lines.map((line) => {
        const [label, , count] = line.map(({ text }) => Number(text.replace(/[│,]/g, '')))
        return { fromNs: label! * perNs, count: count! }
      })
      expect(rows.length).toBeLessThanOrEqual(18)
      for (const [index, { fromNs, count }] of rows.entries()) {
        const toNs = rows[index + 1]?.fromNs ?? Number.POSITIVE_INFINITY
        const inside = valuesNs.filter((value) => value >= fromNs * (1 - 1e-9) && value < toNs * (1 - 1e-9))
        expect(count).toBe(inside.length)
      }
    }),
  )
})

describe('latency over time', () => {
  const partOf = (text: string) => text.slice(text.indexOf('request latency over time')).split('\n\n')[0]!

  test('divides the rounds, marks errors, and keeps every peak', () => {
    const part = partOf(chartsReport([{ ...result, cases: [caseOf('rest 1KiB ×8')] }], PLAIN))
    const [title, p50, p99, errors] = part.split('\n')
    expect(title).toContain('p50 81.9..327 µs')
    expect(p50!.split('│').map((round) => round.trim().replace('p50 ', '').length)).toEqual([20, 20, 20])
    expect(p50!.split('│')[1]).toMatch(/^.{5}█.{3}·/)
    expect(p50).toMatch(/××××$/)
    expect(p99).toContain('│')
    expect([...errors!].filter((character) => character === '×')).toHaveLength(5)
    expect(errors).toContain('34 failed')
  })

  test('of more slices than there is room for, neighbours become one and the peak stays', () => {
    const part = partOf(
      chartsReport([{ ...result, cases: [caseOf('rest 1KiB ×8')] }], { ...PLAIN, width: 40 }),
    )
    expect(part.split('\n').find((line) => line.includes('p50 ▂'))).toMatch(
      /^ {2}p50 [^│]{10}│..█[^│]{7}│[^│]{10}$/,
    )
  })

  test('stands in tables and Markdown where rounds were told in slices, and nowhere else', () => {
    expect(tableReport([result], PLAIN)).toContain('Latency over time')
    expect(markdownReport([result])).toMatch(/### Latency over time\n\n\| case \|/)
    const without = result.cases.map((one) => ({
      ...one,
      rounds: one.rounds.map(({ timeline: _, ...round }) => round),
    }))
    expect(tableReport([{ ...result, cases: without }], PLAIN)).not.toContain('Latency over time')
  })

  test('of many cases, those that varied most', () => {
    const [first] = result.cases
    const steady = { ...first!, rounds: first!.rounds.slice(0, 1) }
    const cases = Array.from({ length: 30 }, (_, index): CaseResult => {
      return { ...(index === 17 ? first! : steady), name: `case ${index}` }
    })
    const text = markdownReport([{ ...result, cases }])
    const part = text.slice(text.indexOf('### Latency over time')).split('\n### ')[0]!
    expect(part).toContain('of the 12 cases that varied most')
    expect(part.match(/^\| case \d/gm)).toHaveLength(12)
    expect(part).toContain('case 17')
  })
})

describe('what a reader must not miss', () => {
  test('invalid cases, lower bounds, and cases without anything to draw', () => {
    const text = chartsReport([result], PLAIN)
    expect(text).toContain('rest burst 5000/s (invalid)\n  invalid: dispatch_delay p99 was 2.7 s')
    expect(text).toContain('>=: time to first token may be higher than drawn (mean, max')
    expect(text).toContain('nothing was recorded that could be drawn')
  })

  test('colour tells nothing that is not there without it', () => {
    const coloured = chartsReport([result], { width: 80, colour: true })
    expect(coloured).toContain('\u001b[36m')
    expect(stripVTControlCharacters(coloured)).toBe(chartsReport([result], PLAIN))
  })
})

test('any text and any numbers: no line too long, none that does more than stand there', () => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.constantFrom('\u001b[2J', 'a\r\nb', '推論'.repeat(60), '👩‍👩‍👧‍👦'.repeat(30), 'x'.repeat(3000), ''),
  )
  const numbers = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.double({ min: 0, max: 1e5, noNaN: true }),
    fc.constantFrom(0, 1e-7, 1e12, -1),
  )
  const slices = fc.array(
    fc.record({
      calls: fc.nat(),
      errors: fc.nat(3),
      p50: fc.option(numbers),
      p99: fc.option(numbers),
    }),
    { maxLength: 45 },
  )
  const inputs = fc.record({
    text: texts,
    number: numbers,
    rounds: fc.array(slices, { maxLength: 30 }),
    width: fc.oneof(fc.integer({ min: 40, max: 160 }), fc.integer({ min: 40, max: 1000 })),
  })
  fc.assert(
    fc.property(inputs, ({ text, number, rounds, width }) => {
      const cases = result.cases.slice(0, 4).map((one, index): CaseResult => {
        const first = one.rounds[0]!
        const timelines = rounds.map((items) => ({ ...first, timeline: { slice_s: 1, slices: items } }))
        const odd = { ...one.metrics.request_latency!, p50: number, at_least: [text] }
        return {
          ...one,
          name: text,
          rounds: timelines,
          verdict: { valid: index % 2 === 0, reasons: [text] },
          metrics: { ...one.metrics, tcp_connect: odd, tls_handshake: odd, handshake: odd },
        }
      })
      const bad = { ...result, name: text, region: text, cases }
      const drawn = chartsReport([bad], { width, colour: false })
      expect(widest(drawn)).toBeLessThanOrEqual(width)
      expect(drawn).not.toMatch(/[^\P{C}\n]/u)
      if (width >= 80) expect(widest(tableReport([bad], { width, colour: false }))).toBeLessThanOrEqual(width)
    }),
    { numRuns: 150 },
  )
})
