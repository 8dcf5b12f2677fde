/** Percentile curves: how long the slowest share of all calls, or chunks, took, on an axis that gives each nine the same room. */

import { NS_PER_MS } from '../../record/histogram.ts'
import { metricByName } from '../../record/metrics.ts'
import type { CaseResult, Distribution, Result } from '../../result/document.ts'
import { significant } from '../numbers.ts'
import { type Cell, EMPTY, plain, type Table, textColumn } from '../page.ts'
import { storedBuckets } from '../stored-buckets.ts'
import { type Chart, type Series, SLOTS } from './chart.ts'
import { groupsOf, palette, seriesName } from './chart-cases.ts'
import { own, rounded } from './distributions.ts'

const POINTS_PER_DECADE = 15
/** Up to the percentile 99.99. */
const DECADES = 4
/** A percentile is drawn where at least so many values lie above it: with fewer, it is a few calls' accident. */
const FEWEST_ABOVE = 10

/** Places on the axis: one value of so many is above the percentile. */
const XS = Array.from({ length: DECADES * POINTS_PER_DECADE + 1 }, (_, index) =>
  rounded(10 ** (index / POINTS_PER_DECADE)),
)
const TICKS = [
  { at: 1, name: '0%' },
  { at: 2, name: '50%' },
  { at: 10, name: '90%' },
  { at: 100, name: '99%' },
  { at: 1000, name: '99.9%' },
  { at: 10_000, name: '99.99%' },
]

/** One chart for each group of the cases that have the metric. */
export function percentileCharts(result: Result, metric: string, candidates: readonly CaseResult[]): Chart[] {
  const curves = new Map(
    candidates.flatMap((one) => {
      const values = curveOf(own(one, metric))
      return values ? [[one, values] as const] : []
    }),
  )
  const title = metricByName(metric)?.title ?? metric
  const slotsOf = palette(result)
  return groupsOf([...curves.keys()], SLOTS).map(({ title: group, cases }) => {
    const slots = slotsOf(cases)
    const series = cases.map(
      (one, index): Series => ({
        name: seriesName(one),
        slot: slots[index]!,
        isDashed: !one.verdict.valid,
        form: 'line',
        values: curves.get(one)!,
      }),
    )
    const last = Math.max(...series.map(({ values }) => values.findLastIndex((value) => value !== null)))
    return {
      title: `Percentiles of ${title}${group === '' ? '' : `: ${group}`}`,
      says: `How long the given share of all values took at most, both axes logarithmic. Each curve ends where fewer than ${FEWEST_ABOVE} values lie above it.`,
      form: 'lines',
      size: 'wide',
      x: {
        title: 'percentile',
        scale: 'log',
        ticks: TICKS.filter(({ at }) => at <= XS[last]! * 1.0001),
        range: [1, XS[last]!],
      },
      y: { title: `${title}, ms`, scale: 'log' },
      xs: XS.slice(0, last + 1),
      xNames: XS.slice(0, last + 1).map(percentileName),
      series: series.map((one) => ({ ...one, values: one.values.slice(0, last + 1) })),
      spansGaps: false,
      notes: [...openNotes(cases, metric), ...zeroNotes(series)].map(plain),
      table: tableOf(title, XS.slice(0, last + 1), series),
    }
  })
}

/** In ms at each place of `XS`; null where too few values lie above, or where the place is 0 and has none on a logarithmic axis. */
function curveOf(distribution: Distribution | undefined): (number | null)[] | null {
  const buckets = storedBuckets(distribution)
  if (!distribution || buckets.length === 0) return null
  const total = buckets.reduce((sum, { count }) => sum + count, 0)
  let index = 0
  let below = buckets[0]!.count
  const values = XS.map((x) => {
    if (x > 1 && total / x < FEWEST_ABOVE) return null
    const rank = Math.max(1, Math.ceil(total * (1 - 1 / x) - 1e-9))
    while (below < rank) below += buckets[++index]!.count
    // The upper end of a bucket can lie above the largest value recorded.
    const valueMs = Math.min(buckets[index]!.toNs / NS_PER_MS, distribution.max)
    return valueMs > 0 ? rounded(valueMs) : null
  })
  return values.filter((value) => value !== null).length > 1 ? values : null
}

function openNotes(cases: readonly CaseResult[], metric: string): string[] {
  const names = cases.filter((one) => (own(one, metric)?.at_least?.length ?? 0) > 0).map(seriesName)
  if (names.length === 0) return []
  return [
    `Calls were still open when a round ended: the real curve may lie higher at its end (${names.join(', ')}).`,
  ]
}

function zeroNotes(series: readonly Series[]): string[] {
  const names = series.filter(({ values }) => values[0] === null).map(({ name }) => name)
  if (names.length === 0) return []
  return [
    `A logarithmic axis has no place for values of 0: the curve begins after them (${names.join(', ')}).`,
  ]
}

function tableOf(title: string, xs: readonly number[], series: readonly Series[]): Table {
  return {
    title,
    columns: [
      textColumn('percentile', 0, 'right'),
      ...series.map(({ name }) => ({ ...textColumn(name, 0, 'right'), unit: 'ms' })),
    ],
    rows: xs.map((x, index): Cell[] => [
      plain(percentileName(x)),
      ...series.map(({ values }) => {
        const value = values[index] ?? null
        return value === null ? EMPTY : plain(significant(value))
      }),
    ]),
  }
}

/** With as many digits as tell it from its neighbours. */
function percentileName(x: number): string {
  const text = (100 * (1 - 1 / x)).toFixed(x < 10 ? 1 : Math.ceil(Math.log10(x)))
  return `${text.replace(/\.?0+$/, '') || '0'}%`
}
