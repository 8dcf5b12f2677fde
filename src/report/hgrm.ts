/**
 * The distribution of a case's latencies by percentile, as HdrHistogram prints it and its plotter reads it. Source:
 * `outputPercentileDistribution` of the Java library, whose percentiles these are: the plotter lays the lines of several
 * files over each other by their number, so they must be the same in each.
 */

import { type Bucket, bucketsOf, HistogramError, NS_PER_MS } from '../record/histogram.ts'
import type { CaseResult, Result } from '../result/document.ts'
import { wasIdle } from '../result/idle.ts'
import { isLowerBound } from '../result/thresholds.ts'
import { clean } from './clean.ts'
import type { ReportPart } from './formats.ts'

/** In each step that halves the distance to 100%. */
const TICKS = 5
/** How the buckets of the histograms are counted: by the range of an hour in ns, and by the precision of three digits. */
const BUCKETS = 32
const SUB_BUCKETS = 2048
const HEAD = '       Value     Percentile TotalCount 1/(1-Percentile)'

/** What somebody asks for who asks for "the latency" of such calls. */
const OF_UNARY = ['request_latency']
const OF_STREAMS = ['request_latency', 'time_to_first_token', 'inter_chunk_latency', 'message_latency']
const OF_IDLE = ['handshake']

/** One distribution after the other. */
export function hgrmReport(results: readonly Result[]): string {
  const texts = hgrmParts(results).map(({ text }) => text)
  return texts.length > 0 ? texts.join('\n') : '# no case has a stored distribution\n'
}

/** A part for each distribution, because the plotter takes one a file. */
export function hgrmParts(results: readonly Result[]): ReportPart[] {
  return results.flatMap((result) =>
    result.cases.flatMap((one) =>
      metricsOf(one).flatMap((metric): ReportPart[] => {
        const hdr = Object.hasOwn(one.metrics, metric) ? one.metrics[metric]!.hdr : undefined
        if (hdr === undefined) return []
        const of = results.length > 1 ? [result.name] : []
        const text = `${headOf([...of, one.name], one, metric)}${distribution(hdr)}`
        return [{ name: [...of, one.name, metric], text }]
      }),
    ),
  )
}

function metricsOf(one: CaseResult): readonly string[] {
  if (wasIdle(one)) return OF_IDLE
  return one.kind === 'streaming' ? OF_STREAMS : OF_UNARY
}

/** Lines that every reader leaves out, with what a person must know before believing the rest. */
function headOf(of: readonly string[], one: CaseResult, metric: string): string {
  const bounds = isLowerBound(one, metric) ? ['all'] : (one.metrics[metric]!.at_least ?? [])
  const lines = [
    `${of.map(clean).join(', ')}, ${metric}, in ms`,
    ...(one.verdict.valid ? [] : [`INVALID: ${one.verdict.reasons.map(clean).join('; ')}`]),
    ...(bounds.length > 0 ? [`>=: the real values may be higher (${bounds.map(clean).join(', ')})`] : []),
  ]
  return lines.map((line) => `# ${line}\n`).join('')
}

function distribution(hdr: string): string {
  let buckets: Bucket[]
  try {
    buckets = bucketsOf(hdr)
  } catch (error) {
    if (!(error instanceof HistogramError)) throw error
    return `# the stored histogram is damaged: ${clean(error.message)}\n`
  }
  return [HEAD, '', ...lines(buckets), ...foot(buckets)].map((line) => `${line}\n`).join('')
}

/** A line for each percentile that the distribution reaches in a bucket, and one for its end. */
function lines(buckets: readonly Bucket[]): string[] {
  const total = buckets.reduce((sum, { count }) => sum + count, 0)
  const told: string[] = []
  let counted = 0
  let percentile = 0
  for (const { toNs, count } of buckets) {
    counted += count
    // A last bucket that holds much reaches many percentiles; one line tells of them, as another tells of the end.
    while ((100 * counted) / total >= percentile) {
      told.push(`${start(toNs, percentile, counted)} ${(1 / (1 - percentile / 100)).toFixed(2).padStart(14)}`)
      percentile = next(percentile)
      if (counted === total) break
    }
  }
  const last = buckets.at(-1)
  return last ? [...told, start(last.toNs, 100, total)] : told
}

/** Each step is as long as the one before until half the distance to 100% is gone, and then half as long. */
function next(percentile: number): number {
  const halvings = Math.floor(Math.log2(100 / (100 - percentile))) + 1
  return percentile + 100 / (TICKS * 2 ** halvings)
}

function start(valueNs: number, percentile: number, counted: number): string {
  return `${ms(valueNs)} ${(percentile / 100).toFixed(12)} ${String(counted).padStart(10)}`
}

function foot(buckets: readonly Bucket[]): string[] {
  const total = buckets.reduce((sum, { count }) => sum + count, 0)
  const middle = ({ fromNs, toNs }: Bucket) => Math.ceil((fromNs + toNs) / 2)
  const mean = (of: (bucket: Bucket) => number) =>
    total === 0 ? 0 : buckets.reduce((sum, bucket) => sum + of(bucket) * bucket.count, 0) / total
  const meanNs = mean(middle)
  const deviationNs = Math.sqrt(mean((bucket) => (middle(bucket) - meanNs) ** 2))
  return [
    `#[Mean    = ${ms(meanNs)}, StdDeviation   = ${ms(deviationNs)}]`,
    `#[Max     = ${ms(buckets.at(-1)?.toNs ?? 0)}, Total count    = ${String(total).padStart(12)}]`,
    `#[Buckets = ${String(BUCKETS).padStart(12)}, SubBuckets     = ${String(SUB_BUCKETS).padStart(12)}]`,
  ]
}

/** With its nanoseconds: three digits, which others print, would leave nothing of phases that take less than one µs. */
function ms(durationNs: number): string {
  return (durationNs / NS_PER_MS).toFixed(6).padStart(12)
}
