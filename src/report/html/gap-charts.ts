/** How the gaps between the chunks of streams are spread, and how they went over the rounds. */

import { NS_PER_MS } from '../../record/histogram.ts'
import type { CaseResult, Result } from '../../result/document.ts'
import { percent, significant } from '../numbers.ts'
import { type Cell, EMPTY, plain, textColumn } from '../page.ts'
import { storedBuckets } from '../stored-buckets.ts'
import { type Chart, type Series, SLOTS, type Slot } from './chart.ts'
import { type CaseGroup, groupsOf, palette, seriesName } from './chart-cases.ts'
import { own, rounded } from './distributions.ts'
import { gapTimelineCharts } from './timeline-charts.ts'

const GAPS = 'inter_chunk_latency'
const BINS_PER_DECADE = 12
/** The axis begins here at the earliest: a ten-thousandth of a millisecond is no gap but the same packet. */
const LOWEST_MS = 0.0001
export function gapCharts(result: Result): Chart[] {
  const slotsOf = palette(result)
  const streaming = result.cases.filter((one) => (own(one, GAPS)?.count ?? 0) > 0)
  const stored = streaming.filter((one) => storedBuckets(own(one, GAPS)).length > 0)
  return [
    ...groupsOf(stored, SLOTS).map((group) => spread(group, slotsOf(group.cases))),
    ...gapTimelineCharts(result),
  ]
}

/** Shares of the gaps, by bins that are equally wide on a logarithmic axis; the key is the bin's number. */
interface Shares {
  bins: Map<number, number>
  /** Of gaps that are too short to have a place on the axis. */
  none: number
}

function sharesOf(one: CaseResult): Shares {
  const buckets = storedBuckets(own(one, GAPS))
  const total = buckets.reduce((sum, { count }) => sum + count, 0)
  const bins = new Map<number, number>()
  let none = 0
  for (const { fromNs, toNs, count } of buckets) {
    const share = count / total
    if (toNs / NS_PER_MS < LOWEST_MS) {
      none += share
      continue
    }
    const bin = Math.floor(Math.log10(Math.max(LOWEST_MS, (fromNs + toNs) / 2 / NS_PER_MS)) * BINS_PER_DECADE)
    bins.set(bin, (bins.get(bin) ?? 0) + share)
  }
  return { bins, none }
}

function spread({ title: group, cases }: CaseGroup, slots: readonly Slot[]): Chart {
  const shares = cases.map(sharesOf)
  const used = shares.flatMap(({ bins }) => [...bins.keys()])
  const first = used.length > 0 ? Math.min(...used) : 0
  const last = used.length > 0 ? Math.max(...used) : 0
  // One more at the end, because a step ends where the next begins.
  const bins = Array.from({ length: last - first + 2 }, (_, index) => first + index)
  const xs = bins.map((bin) => rounded(10 ** (bin / BINS_PER_DECADE)))
  const title = `Gaps between chunks${group === '' ? '' : `: ${group}`}`
  const series = cases.map(
    (one, index): Series => ({
      name: seriesName(one),
      slot: slots[index]!,
      isDashed: !one.verdict.valid,
      form: 'line',
      values: bins.map((bin) => rounded(100 * (shares[index]!.bins.get(bin) ?? 0))),
    }),
  )
  const rangeName = (index: number) =>
    `${significant(xs[index]!)} to ${significant(xs[index + 1] ?? xs[index]! * 10 ** (1 / BINS_PER_DECADE))} ms`
  return {
    title,
    says: 'Which share of all gaps was how long; the axis of lengths is logarithmic. Two hills are two kinds of gaps, such as chunks within a packet and chunks that the server had to compute.',
    form: 'steps',
    size: 'wide',
    x: { title: 'gap, ms', scale: 'log' },
    y: { title: 'share of gaps, %', scale: 'linear' },
    xs,
    xNames: xs.map((_, index) => rangeName(index)),
    series,
    spansGaps: false,
    notes: cases.flatMap((one, index) => {
      const { none } = shares[index]!
      if (none === 0) return []
      return [plain(`${seriesName(one)}: ${percent(none)} of the gaps are 0, and have no place on the axis.`)]
    }),
    table: {
      title,
      columns: [
        textColumn('gap'),
        ...series.map(({ name }) => ({ ...textColumn(name, 0, 'right'), unit: '%' })),
      ],
      rows: xs
        .slice(0, -1)
        .map((_, index): Cell[] => [
          plain(rangeName(index)),
          ...series.map(({ values }) => (values[index] ? plain(significant(values[index])) : EMPTY)),
        ]),
    },
  }
}
