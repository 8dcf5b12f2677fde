/** What a report says of a comparison. */

import { aspectText } from '../compare/fingerprint.ts'
import { metricByName } from '../record/metrics.ts'
import type {
  Change,
  ChangeVerdict,
  ComparedMetric,
  Comparison,
  Difference,
  GateOutcome,
} from '../result/comparison.ts'
import { clean } from './clean.ts'
import { measured, percent, signedPercent } from './numbers.ts'
import { type Cell, EMPTY, type Lines, type Page, plain, type Table, type Tone, textColumn } from './page.ts'

const TONES: Readonly<Record<ChangeVerdict, Tone>> = {
  regressed: 'bad',
  inconclusive: 'quiet',
  improved: 'good',
  unchanged: 'plain',
}

/** `outcome`: what a gate makes of it; null where nobody asked. */
export function comparisonPage(comparison: Comparison, outcome: GateOutcome | null): Page {
  const { baseline, candidate, isSideBySide, confidence } = comparison
  return {
    title: `${clean(baseline)} → ${clean(candidate)}`,
    facts: [
      `${isSideBySide ? 'side by side: rounds in turns, compared pair by pair' : 'two runs, at different times'}; all intervals hold together with ${percent(confidence)} confidence`,
    ],
    parts: [...comparisonParts(comparison), ...(outcome ? [gateLines(outcome)] : [])],
  }
}

/** What changed, beside what a report says of a result itself. */
export function comparisonParts(comparison: Comparison): (Table | Lines)[] {
  const gate = comparison.gate ? gateLines(comparison.gate) : null
  const parts = [changeTable(comparison), differenceTable(comparison), noteLines(comparison), gate]
  return parts.filter((part) => part !== null)
}

function changeTable({ cases }: Comparison): Table | null {
  const rows = cases.flatMap(({ name, metrics }) => metrics.map((metric) => ({ name, metric })))
  if (rows.length === 0) return null
  return {
    title: 'Changes from the baseline',
    columns: [
      textColumn('verdict'),
      textColumn('case'),
      textColumn('metric'),
      textColumn('baseline', 0, 'right'),
      textColumn('candidate', 0, 'right'),
      textColumn('change', 0, 'right'),
      textColumn('between', 0, 'right'),
      textColumn('matters from', 2, 'right'),
      textColumn('rounds', 3, 'right'),
    ],
    rows: rows.map(({ name, metric }): Cell[] => [
      { text: metric.verdict, tone: TONES[metric.verdict] },
      plain(clean(name)),
      plain(clean(metricText(metric.metric))),
      valueCell(metric, metric.baseline),
      valueCell(metric, metric.candidate),
      ...changeCells(metric),
      plain(changeText(metric, metric.smallest)),
      plain(metric.rounds[0] === metric.rounds[1] ? String(metric.rounds[0]) : metric.rounds.join(', ')),
    ]),
  }
}

/** `request_latency.p99` as a person says it, with room for a line's end. */
function metricText(name: string): string {
  const [metric = '', statistic = ''] = name.split('.')
  return `${metricByName(metric)?.title ?? metric} ${statistic.replace('_', '.')}`.trim()
}

function valueCell({ metric }: ComparedMetric, value: number | null): Cell {
  return value === null ? EMPTY : plain(measured(metric, value))
}

function changeCells(metric: ComparedMetric): Cell[] {
  const { change, verdict } = metric
  if (!change) return [EMPTY, EMPTY]
  const tone = verdict === 'regressed' || verdict === 'improved' ? TONES[verdict] : 'plain'
  return [{ text: changeText(metric, change.estimate, true), tone }, plain(rangeText(metric, change))]
}

/** From the least that the change may be to the most. */
export function rangeText(metric: ComparedMetric, { low, high }: Change): string {
  return `${changeText(metric, low, true)} to ${changeText(metric, high, true)}`
}

/** In % of the baseline; of a share, in points. */
export function changeText({ metric }: ComparedMetric, change: Change['estimate'], isSigned = false): string {
  const isShare = metricByName(metric.split('.', 1)[0]!)?.unit === 'share'
  const text = isSigned ? signedPercent(change) : percent(change)
  return isShare ? text.replace('%', ' points') : text
}

function differenceTable({ differences, cases }: Comparison): Table | null {
  const rows = [
    ...differences.map((difference) => ({ where: 'the run', difference })),
    ...cases.flatMap(({ name, differences: own }) => own.map((difference) => ({ where: name, difference }))),
  ]
  if (rows.length === 0) return null
  return {
    title: 'What differs beside the server',
    columns: [textColumn('of'), textColumn('what'), textColumn('baseline'), textColumn('candidate')],
    rows: rows.map(({ where, difference }) => [plain(clean(where)), ...differenceCells(difference)]),
  }
}

function differenceCells({ what, baseline, candidate }: Difference): Cell[] {
  return [
    { text: `${clean(what)}: ${clean(aspectText(what))}`, tone: 'bad' },
    plain(clean(baseline)),
    plain(clean(candidate)),
  ]
}

function gateLines(outcome: GateOutcome): Lines {
  const heads: Record<GateOutcome['verdict'], Cell> = {
    pass: { text: 'pass: nothing regressed', tone: 'good' },
    regressed: { text: 'REGRESSED', tone: 'bad' },
    inconclusive: { text: 'INCONCLUSIVE: nobody can say that nothing regressed', tone: 'bad' },
  }
  return {
    title: 'Gate',
    lines: [heads[outcome.verdict], ...outcome.reasons.map((reason) => plain(clean(reason)))],
  }
}

function noteLines({ cases, unfinished, unmatched }: Comparison): Lines | null {
  const reasons = new Map<string, string[]>()
  for (const { name, metrics } of cases) {
    for (const { metric, reason } of metrics) {
      if (reason !== null) reasons.set(reason, [...(reasons.get(reason) ?? []), `${name} ${metric}`])
    }
  }
  const lines = [
    ...unfinished.map((side) => `the ${side} was ended before it was done`),
    ...[...reasons].map(([reason, where]) => `inconclusive (${clean(listed(where))}): ${clean(reason)}`),
    ...unmatched.map(({ onlyIn, name }) => `only in the ${onlyIn}: ${clean(name)}`),
  ]
  return lines.length > 0 ? { title: 'Notes on the comparison', lines: lines.map(plain) } : null
}

const MOST_NAMED = 3

function listed(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMED).join(', ')
  return names.length > MOST_NAMED ? `${shown} and ${names.length - MOST_NAMED} more` : shown
}
