/**
 * The results in the text format of Prometheus, for its textfile collector, a Pushgateway, or whatever else scrapes
 * files. Source: the exposition format, version 0.0.4. Times are in seconds, as Prometheus wants them; what is absent is
 * left out, because a 0 would be a measurement.
 */

import { type Metric, PERCENTILES, TIMING_METRICS } from '../record/metrics.ts'
import type { CaseResult, Distribution, Result } from '../result/document.ts'
import { isLowerBound } from '../result/thresholds.ts'
import { clean } from './clean.ts'
import { summaryMetrics } from './summary-metrics.ts'

const MS_PER_S = 1000

/** What is measured of one case, under the labels that tell it from all others. */
interface Series {
  labels: string
  one: CaseResult
}

export function prometheusReport(results: readonly Result[]): string {
  const series = seriesOf(results)
  const families = [
    ...validFamily(series),
    ...TIMING_METRICS.flatMap((metric) => timingFamily(metric, series)),
    ...summaryFamilies(series),
    ...boundFamily(series),
  ]
  return families.map((line) => `${line}\n`).join('')
}

/** A series may stand there once: of several results of the same case, the latest tells how it is now. */
function seriesOf(results: readonly Result[]): Series[] {
  const byTime = [...results].sort(
    (left, right) => Date.parse(left.start_time) - Date.parse(right.start_time),
  )
  const found = new Map<string, CaseResult>()
  for (const result of byTime) {
    for (const one of result.cases) found.set(labelsOf(result, one), one)
  }
  return [...found].map(([labels, one]) => ({ labels, one }))
}

function labelsOf({ name, region }: Result, one: CaseResult): string {
  const labels = {
    result: name,
    case: one.name,
    target: one.target,
    interface: one.interface,
    api: one.api,
    ...(region !== null && { region }),
  }
  return Object.entries(labels).map(label).join(',')
}

function label([name, value]: [string, string]): string {
  return `${name}="${clean(value).replace(/[\\"]/g, '\\$&')}"`
}

function validFamily(series: readonly Series[]): string[] {
  const definition = '1 where the numbers of the case can be trusted, 0 where they cannot.'
  const lines = series.map(
    ({ labels, one }) => `infer_bench_case_valid{${labels}} ${one.verdict.valid ? 1 : 0}`,
  )
  return family('infer_bench_case_valid', 'gauge', definition, lines)
}

function timingFamily({ name, definition }: Metric, series: readonly Series[]): string[] {
  const full = `infer_bench_${name}_seconds`
  const lines = series.flatMap(({ labels, one }) =>
    Object.hasOwn(one.metrics, name) ? summaryLines(full, labels, one.metrics[name]!) : [],
  )
  return family(full, 'summary', definition, lines)
}

function summaryLines(name: string, labels: string, distribution: Distribution): string[] {
  const quantiles = Object.entries(PERCENTILES).map(([statistic, percentile]) => {
    const value = seconds(distribution[statistic as keyof typeof PERCENTILES])
    return `${name}{${labels},quantile="${rounded(percentile / 100)}"} ${value}`
  })
  return [
    ...quantiles,
    `${name}_sum{${labels}} ${seconds(distribution.mean * distribution.count)}`,
    `${name}_count{${labels}} ${distribution.count}`,
  ]
}

function summaryFamilies(series: readonly Series[]): string[] {
  const found = series.flatMap(({ labels, one }) => summaryMetrics(one).map((told) => ({ labels, ...told })))
  return [...Map.groupBy(found, ({ metric }) => metric)].flatMap(([metric, told]) => {
    const name = gaugeName(metric)
    const lines = told.map(({ labels, value }) => {
      return `${name}{${labels}} ${metric.unit === 'ms' ? seconds(value) : value}`
    })
    return family(name, 'gauge', metric.definition, lines)
  })
}

/** Base units stand in the name, once. */
function gaugeName({ name, unit }: Metric): string {
  const suffixes = {
    ms: '_seconds',
    share: '_ratio',
    ratio: '_ratio',
    bytes: '_bytes',
    'per second': '_per_second',
  }
  const suffix = suffixes[unit]
  return `infer_bench_${name.endsWith(suffix) ? name : `${name}${suffix}`}`
}

/** A dashboard that draws a lower bound like a measurement would tell a lie, so it can ask for them. */
function boundFamily(series: readonly Series[]): string[] {
  const name = 'infer_bench_lower_bound'
  const lines = series.flatMap(({ labels, one }) => {
    const bound = (metric: string, statistic: string) =>
      `${name}{${labels},metric="${metric}",statistic="${statistic}"} 1`
    const timings = TIMING_METRICS.filter((metric) => Object.hasOwn(one.metrics, metric.name))
    return [
      ...timings.flatMap((metric) =>
        boundStatistics(one, metric.name).map((statistic) => bound(metric.name, statistic)),
      ),
      ...summaryMetrics(one).flatMap(({ metric, atLeast }) => (atLeast ? [bound(metric.name, 'value')] : [])),
    ]
  })
  return family(
    name,
    'gauge',
    '1 for each statistic whose real value may be higher than the one told.',
    lines,
  )
}

function boundStatistics(one: CaseResult, metric: string): string[] {
  // Of a mean, Prometheus has the sum and the count.
  const told = ['mean', ...Object.keys(PERCENTILES)]
  const moved = one.metrics[metric]!.at_least ?? []
  return isLowerBound(one, metric) ? told : told.filter((statistic) => moved.includes(statistic))
}

/** Head and lines of a family; nothing where nobody has it. */
function family(name: string, type: 'gauge' | 'summary', definition: string, lines: string[]): string[] {
  if (lines.length === 0) return []
  return [`# HELP ${name} ${definition.replaceAll('\\', '\\\\')}`, `# TYPE ${name} ${type}`, ...lines]
}

function seconds(durationMs: number): number {
  return rounded(durationMs / MS_PER_S)
}

/** Without the noise of the division, which would make 0.000081855 of 81.855 µs a number of 17 digits. */
function rounded(value: number): number {
  return Number(value.toPrecision(15))
}
