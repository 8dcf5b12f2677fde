/** Throughput-latency curves: what latency a higher load costs, and where no more comes of it. */

import type { CaseResult, Result } from '../../result/document.ts'
import { wasIdle } from '../../result/idle.ts'
import { clean } from '../clean.ts'
import { plannedCases } from '../matrix/plan.ts'
import { significant } from '../numbers.ts'
import { type Cell, EMPTY, plain, type Table, textColumn } from '../page.ts'
import { type Chart, type Series, SLOTS } from './chart.ts'
import { perSecond, seriesName } from './chart-cases.ts'
import { own, rounded } from './distributions.ts'

/** One load of a curve. */
interface Step {
  /** As it was asked for. */
  load: string
  /** Calls that ended per second. */
  throughput: number
  p50Ms: number
  p99Ms: number
  holds: boolean
}

interface Curve {
  name: string
  /** From the lowest load to the highest. */
  steps: Step[]
}

const LINES = [
  { statistic: 'p50', of: ({ p50Ms }: Step) => p50Ms, isDashed: false },
  { statistic: 'p99', of: ({ p99Ms }: Step) => p99Ms, isDashed: true },
] as const

export function loadCharts(result: Result): Chart[] {
  const searched = result.cases.flatMap(searchedCurve)
  return [
    ...chartsOf('Rates of the search', searched),
    ...chartsOf('Cases of one target at several loads', siblingCurves(result)),
  ]
}

function searchedCurve(one: CaseResult): Curve[] {
  const steps = (one.search?.steps ?? []).flatMap(({ rate, throughput, p50, p99, limit }): Step[] => {
    if (throughput === null || p50 === null || p99 === null || p50 <= 0) return []
    return [{ load: perSecond(rate), throughput, p50Ms: p50, p99Ms: p99, holds: limit === null }]
  })
  return steps.length > 1 ? [{ name: seriesName(one), steps }] : []
}

/** Cases that differ in nothing but how much load there is. */
function siblingCurves(result: Result): Curve[] {
  const planned = plannedCases(result)
  const candidates = result.cases.filter((one) => !one.search && !wasIdle(one))
  const families = Map.groupBy(candidates, (one) => {
    const { group, connection, payload } = planned(one)
    const labels = Object.entries(one.labels).filter(([key]) => !key.startsWith('load.'))
    return JSON.stringify([one.target, group, connection, payload, labels, one.load.model])
  })
  return [...families.values()].flatMap((members) => {
    const steps = members
      .toSorted((one, other) => amountOf(one) - amountOf(other))
      .flatMap((one): Step[] => {
        const latency = own(one, 'request_latency')
        const throughput = one.summary.request_throughput
        if (!latency || throughput === null || latency.p50 <= 0) return []
        const load = clean(one.name)
        return [{ load, throughput, p50Ms: latency.p50, p99Ms: latency.p99, holds: one.verdict.valid }]
      })
    const amounts = new Set(members.map(amountOf))
    if (steps.length < 2 || amounts.size < members.length) return []
    return [{ name: familyName(members), steps }]
  })
}

function amountOf({ load }: CaseResult): number {
  if (typeof load.ratePerSecond === 'number') return load.ratePerSecond
  return typeof load.concurrency === 'number' ? load.concurrency : 0
}

/** The words that their names have in common. */
function familyName(members: readonly CaseResult[]): string {
  const [first = [], ...others] = members.map(({ name }) => clean(name).split(' '))
  const words = first.filter((word) => others.every((other) => other.includes(word)))
  return words.join(' ') || clean(members[0]!.target)
}

function chartsOf(title: string, curves: readonly Curve[]): Chart[] {
  const most = SLOTS / LINES.length
  const count = Math.ceil(curves.length / most)
  return Array.from({ length: count }, (_, index) =>
    chartOf(
      `${title}${count > 1 ? `, ${index + 1} of ${count}` : ''}`,
      curves.slice(index * most, (index + 1) * most),
    ),
  )
}

function chartOf(title: string, curves: readonly Curve[]): Chart {
  const places = curves.flatMap(({ steps }) => steps.map(({ throughput }) => rounded(throughput)))
  const xs = [...new Set(places)].sort((one, other) => one - other)
  const series = curves.flatMap(({ name, steps }, slot) =>
    LINES.map(({ statistic, of, isDashed }): Series => {
      const path = steps.map(({ throughput }) => xs.indexOf(rounded(throughput)))
      const values: (number | null)[] = xs.map(() => null)
      for (const [index, step] of steps.entries()) values[path[index]!] = rounded(of(step))
      return { name: `${name}, ${statistic}`, slot: slot % SLOTS, isDashed, form: 'line', values, path }
    }),
  )
  return {
    title,
    says: 'Request latency over the calls that ended per second, load by load from the lowest on. A curve that climbs without going further right has found the limit.',
    form: 'lines',
    size: 'wide',
    x: { title: 'answered per second', scale: 'linear' },
    y: { title: 'request latency, ms', scale: 'log' },
    xs,
    series,
    spansGaps: true,
    notes: curves.some(({ steps }) => steps.some(({ holds }) => !holds))
      ? [plain('Some of the loads missed their objective or are not valid: the table says which.')]
      : [],
    table: tableOf(title, curves),
  }
}

function tableOf(title: string, curves: readonly Curve[]): Table {
  const number = (value: number): Cell => (value > 0 ? plain(significant(value)) : EMPTY)
  return {
    title,
    columns: [
      textColumn('curve'),
      textColumn('load'),
      { ...textColumn('answered', 0, 'right'), unit: '/s' },
      { ...textColumn('p50', 0, 'right'), unit: 'ms' },
      { ...textColumn('p99', 0, 'right'), unit: 'ms' },
      textColumn('holds'),
    ],
    rows: curves.flatMap(({ name, steps }) =>
      steps.map(({ load, throughput, p50Ms, p99Ms, holds }): Cell[] => [
        plain(name),
        plain(load),
        number(throughput),
        number(p50Ms),
        number(p99Ms),
        holds ? { text: 'yes', tone: 'good' } : { text: 'no', tone: 'bad' },
      ]),
    ),
  }
}
