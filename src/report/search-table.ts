import type { CaseResult, SearchResult } from '../result/document.ts'
import { clean } from './clean.ts'
import { duration, significant } from './numbers.ts'
import { type Cell, EMPTY, type Lines, plain, type Table, textColumn } from './page.ts'

type Limit = SearchResult['limit']

/** What a search met at the rates that were too high. */
const MET: Readonly<Record<Limit, string>> = {
  objective: 'too slow',
  errors: 'calls fail',
  dropped: 'calls never end',
  generator: 'the generator cannot make this rate',
  max_rate: 'as high as the scenario allows',
}

/** What therefore keeps the found rate from being higher. */
const BOUND: Readonly<Record<Limit, string>> = {
  objective: 'Above it, the server is too slow',
  errors: 'Above it, calls fail',
  dropped: 'Above it, calls never end',
  generator:
    'Above it, the generator is at its own limit: the server may do more, which --workers, or a machine with more cores, can show',
  max_rate: 'The scenario allows no higher one (max_rate)',
}

/** The answers of all searches, and the curve that each went along. */
export function searchParts(cases: readonly CaseResult[]): (Lines | Table)[] {
  const searched = cases.flatMap(({ name, search }) => (search ? [{ name: clean(name), search }] : []))
  if (searched.length === 0) return []
  return [
    { title: 'Highest rate', lines: searched.map(({ name, search }) => plain(`${name}: ${answer(search)}`)) },
    ...searched.map(({ name, search }) => curve(name, search)),
  ]
}

function answer({ rate, limit, ...objective }: SearchResult): string {
  if (rate === null) return `at none of the rates was ${says(objective)}: ${MET[limit]}`
  return `${significant(rate)}/s with ${says(objective)}. ${BOUND[limit]}.`
}

function says({ metric, statistic, below }: Pick<SearchResult, 'metric' | 'statistic' | 'below'>): string {
  return `${clean(metric)} ${clean(statistic)} at most ${duration(below)}`
}

function curve(name: string, { metric, statistic, steps }: SearchResult): Table {
  const time = (durationMs: number | null): Cell =>
    durationMs === null ? EMPTY : plain(duration(durationMs))
  // The latency stands there whatever the objective is about.
  const isShown = metric === 'request_latency' && (statistic === 'p50' || statistic === 'p99')
  return {
    title: `Rates tried for ${name}`,
    columns: [
      textColumn('rate', 0, 'right'),
      textColumn('answered', 1, 'right'),
      textColumn('latency p50', 2, 'right'),
      textColumn('latency p99', 0, 'right'),
      ...(isShown ? [] : [textColumn(`${clean(metric)} ${clean(statistic)}`, 0, 'right')]),
      textColumn('holds'),
    ],
    rows: steps.map(({ rate, throughput, p50, p99, value, limit }) => [
      plain(`${significant(rate)}/s`),
      throughput === null ? EMPTY : plain(`${significant(throughput)}/s`),
      time(p50),
      time(p99),
      ...(isShown ? [] : [time(value)]),
      limit === null ? { text: 'yes', tone: 'good' } : { text: MET[limit], tone: 'bad' },
    ]),
  }
}
