/** How request latency, and the gaps between chunks, went over the rounds of each case. */

import type { CaseResult, Result, RoundResult } from '../../result/document.ts'
import { significant, whole } from '../numbers.ts'
import { type Cell, EMPTY, plain, type Table, textColumn } from '../page.ts'
import type { Chart, Series } from './chart.ts'
import { palette, seriesName } from './chart-cases.ts'
import { rounded } from './distributions.ts'

/** Rounds stand one after the other, with so much room between them, as a share of the longest. */
const GAP_SHARE = 0.08
/** Rounds of most cases are three to five; more of them are no longer told apart by looking. */
const MOST_ROUNDS = 12

/** What a slice tells two statistics of. */
interface Subject {
  name: string
  p50: 'p50' | 'gap_p50'
  p99: 'p99' | 'gap_p99'
}

const LATENCY: Subject = { name: 'Request latency', p50: 'p50', p99: 'p99' }
const GAPS: Subject = { name: 'Gaps between chunks', p50: 'gap_p50', p99: 'gap_p99' }

interface Slice {
  round: number
  /** From the beginning of its round's measurement. */
  fromS: number
  calls: number
  errors: number
  /** Of the subject. */
  p50: number | null
  p99: number | null
}

export function timelineCharts(result: Result): Chart[] {
  return chartsAbout(LATENCY, result)
}

export function gapTimelineCharts(result: Result): Chart[] {
  return chartsAbout(GAPS, result)
}

function chartsAbout(subject: Subject, result: Result): Chart[] {
  const slotsOf = palette(result)
  return result.cases
    .filter((one) => one.rounds.some((round) => isTold(subject, round)))
    .map((one) => chartOf(subject, one, slotsOf([one])[0]!))
}

function isTold(subject: Subject, { timeline }: RoundResult): boolean {
  const slices = timeline?.slices ?? []
  if (slices.some((slice) => (slice[subject.p50] ?? 0) > 0)) return true
  return subject === LATENCY && slices.some(({ errors }) => errors > 0)
}

function chartOf(subject: Subject, one: CaseResult, slot: number): Chart {
  const rounds = one.rounds.slice(0, MOST_ROUNDS)
  const lengthsS = rounds.map(({ timeline }) => (timeline ? timeline.slice_s * timeline.slices.length : 0))
  const strideS = Math.max(...lengthsS) * (1 + GAP_SHARE)
  const slices = rounds.map(({ timeline }, round) =>
    (timeline?.slices ?? []).map(
      (slice, index): Slice => ({
        round,
        fromS: index * (timeline?.slice_s ?? 0),
        calls: slice.calls,
        errors: slice.errors,
        p50: slice[subject.p50] ?? null,
        p99: slice[subject.p99] ?? null,
      }),
    ),
  )
  const xs: number[] = []
  const places: (Slice | null)[] = []
  for (const [round, own] of slices.entries()) {
    // A place without a value ends the line, so that rounds are not joined.
    if (round > 0) {
      xs.push(rounded((round - GAP_SHARE / 2) * strideS))
      places.push(null)
    }
    for (const slice of own) {
      const halfS = (rounds[round]!.timeline?.slice_s ?? 0) / 2
      xs.push(rounded(round * strideS + slice.fromS + halfS))
      places.push(slice)
    }
  }
  const line = (statistic: 'p50' | 'p99', isDashed: boolean): Series => ({
    name: statistic,
    slot,
    isDashed,
    form: 'line',
    values: places.map((slice) => {
      const value = slice?.[statistic] ?? null
      return value === null || value <= 0 ? null : rounded(value)
    }),
  })
  const hasErrors = places.some((slice) => (slice?.errors ?? 0) > 0)
  const errors: Series = {
    name: 'errors',
    slot: 0,
    isDashed: false,
    form: 'marks',
    values: places.map((slice) => (slice && slice.errors > 0 ? slice.errors : null)),
  }
  const name = seriesName(one)
  return {
    title: name,
    says: `${subject.name} of ${name} over its rounds: the median and the 99th percentile of each slice${hasErrors ? '; slices with errors are marked at the foot' : ''}.`,
    form: 'lines',
    size: 'small',
    x: {
      title: 'round',
      scale: 'linear',
      ticks: rounds.map((_, round) => ({
        at: rounded(round * strideS + lengthsS[round]! / 2),
        name: rounds.length > 4 ? String(round + 1) : `round ${round + 1}`,
      })),
      range: [0, rounded((rounds.length - GAP_SHARE) * strideS)],
    },
    y: { title: 'ms', scale: 'log' },
    xs,
    xNames: places.map((slice) => (slice ? placeName(slice) : '')),
    series: [line('p50', false), line('p99', true), ...(hasErrors ? [errors] : [])],
    spansGaps: false,
    bounds: rounds.slice(1).map((_, index) => rounded((index + 1 - GAP_SHARE / 2) * strideS)),
    notes:
      one.rounds.length > rounds.length
        ? [plain(`The first ${rounds.length} of ${one.rounds.length} rounds.`)]
        : [],
    table: tableOf(name, slices.flat()),
  }
}

function placeName({ round, fromS }: Slice): string {
  return `round ${round + 1}, ${significant(fromS)} s`
}

function tableOf(title: string, slices: readonly Slice[]): Table {
  const time = (value: number | null): Cell => (value === null ? EMPTY : plain(significant(value)))
  return {
    title,
    columns: [
      textColumn('slice'),
      textColumn('calls', 0, 'right'),
      textColumn('errors', 0, 'right'),
      { ...textColumn('p50', 0, 'right'), unit: 'ms' },
      { ...textColumn('p99', 0, 'right'), unit: 'ms' },
    ],
    rows: slices.map((slice): Cell[] => [
      plain(placeName(slice)),
      plain(whole(slice.calls)),
      slice.errors > 0 ? { text: whole(slice.errors), tone: 'bad' } : plain('0'),
      time(slice.p50),
      time(slice.p99),
    ]),
  }
}
