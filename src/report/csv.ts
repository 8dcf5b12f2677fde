/**
 * Every number of the results as comma-separated values: a row for each case and metric. Source: RFC 4180. Nothing is
 * rounded, and a metric that is absent has no row.
 */

import { PERCENTILES, STATISTICS, TIMING_METRICS } from '../record/metrics.ts'
import type { CaseResult, Result } from '../result/document.ts'
import { isLowerBound } from '../result/thresholds.ts'
import { clean } from './clean.ts'
import { summaryMetrics } from './summary-metrics.ts'

const COLUMNS = [
  'result',
  'run_id',
  'region',
  'start_time',
  'case',
  'target',
  'interface',
  'api',
  'labels',
  'valid',
  'metric',
  'unit',
  'count',
  'min',
  'mean',
  'stddev',
  'max',
  ...(Object.keys(PERCENTILES) as (keyof typeof PERCENTILES)[]),
  'at_least',
  'value',
] as const

type Row = Partial<Record<(typeof COLUMNS)[number], string | number>>

/** What a spreadsheet takes for the beginning of a formula, in the width of Latin and of Chinese script. */
const FORMULA = /^[=+\-@\t\r＝＋－＠]/

export function csvReport(results: readonly Result[]): string {
  const rows = results.flatMap((result) => result.cases.flatMap((one) => rowsOf(result, one)))
  const lines = [COLUMNS.join(','), ...rows.map((row) => COLUMNS.map((name) => field(row[name])).join(','))]
  return lines.map((line) => `${line}\r\n`).join('')
}

function rowsOf(result: Result, one: CaseResult): Row[] {
  const shared: Row = {
    result: result.name,
    run_id: result.run_id,
    region: result.region ?? '',
    start_time: result.start_time,
    case: one.name,
    target: one.target,
    interface: one.interface,
    api: one.api,
    labels: labelsOf(one),
    valid: String(one.verdict.valid),
  }
  const timings = TIMING_METRICS.filter(({ name }) => Object.hasOwn(one.metrics, name)).map(
    ({ name, unit }): Row => {
      const distribution = one.metrics[name]!
      // A bound on the metric is one on each of its statistics.
      const bounds = isLowerBound(one, name) ? STATISTICS : (distribution.at_least ?? [])
      const statistics = Object.fromEntries(
        STATISTICS.map((statistic) => [statistic, distribution[statistic]]),
      )
      return {
        ...shared,
        metric: name,
        unit,
        count: distribution.count,
        ...statistics,
        at_least: bounds.join(';'),
      }
    },
  )
  const summary = summaryMetrics(one).map(({ metric, value, atLeast }): Row => {
    return { ...shared, metric: metric.name, unit: metric.unit, at_least: atLeast ? 'value' : '', value }
  })
  return [...timings, ...summary]
}

/** `payload.size=1KiB;stream=true`. What divides them stands with a backslash where it is part of a text. */
function labelsOf({ labels }: CaseResult): string {
  const escaped = (text: string) => text.replace(/[\\;=]/g, '\\$&')
  return Object.entries(labels)
    .map(([name, value]) => `${escaped(name)}=${escaped(String(value))}`)
    .join(';')
}

/** Only texts can be formulas: a number may be negative, and stays a number. */
function field(value: string | number | undefined): string {
  if (value === undefined) return ''
  if (typeof value === 'number') return String(value)
  const text = clean(value)
  const guarded = FORMULA.test(text) ? `'${text}` : text
  return /[",]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded
}
