/**
 * Every stored histogram as a line of an HdrHistogram log, with nothing lost: what the log tools of HdrHistogram read, in
 * whatever language. Source: the format that Java's HistogramLogWriter writes, version 1.3. The values stay nanoseconds.
 */

import { bucketsOf, HistogramError } from '../record/histogram.ts'
import { TIMING_METRICS } from '../record/metrics.ts'
import type { CaseResult, Result } from '../result/document.ts'
import { clean } from './clean.ts'
import { DistinctNames } from './distinct-names.ts'

const MS_PER_S = 1000
/** What the maximum of a line is told in, of what its histogram holds: milliseconds of nanoseconds. */
const MAX_VALUE_RATIO = 1e6
const LEGEND = '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"'

export function hlogReport(results: readonly Result[]): string {
  // Readers take lines in the order of their time, and a run that follows another one as what came next.
  const byTime = [...results].sort((left, right) => startMs(left) - startMs(right))
  const firstMs = byTime.length > 0 ? startMs(byTime[0]!) : 0
  const lines = [
    '#[Histogram log format version 1.3]',
    ...byTime.map(
      (result) => `#[Logged by infer-bench ${clean(result.environment.tool)}: ${clean(result.name)}]`,
    ),
    `#[Values are in nanoseconds, Interval_Max in milliseconds: value unit ratio ${MAX_VALUE_RATIO.toFixed(1)}]`,
    `#[An interval is a whole run of the case, with all of its rounds]`,
    `#[StartTime: ${seconds(firstMs)} (seconds since epoch), ${new Date(firstMs).toISOString()}]`,
    LEGEND,
    ...byTime.flatMap((result) => {
      const tags = new DistinctNames()
      return result.cases.flatMap((one) => linesOf(one, startMs(result) - firstMs, tags))
    }),
  ]
  return lines.map((line) => `${line}\n`).join('')
}

function startMs(result: Result): number {
  return Date.parse(result.start_time)
}

function linesOf(one: CaseResult, offsetMs: number, tags: DistinctNames): string[] {
  return TIMING_METRICS.flatMap(({ name }) => {
    const hdr = Object.hasOwn(one.metrics, name) ? one.metrics[name]!.hdr : undefined
    if (hdr === undefined) return []
    const tag = tags.take(`${tagOf(one.name)}.${name}`)
    const maxNs = largestNs(hdr)
    if (maxNs === null) return [`#[${tag}: its stored histogram is damaged]`]
    const interval = [seconds(offsetMs), lengthS(one), (maxNs / MAX_VALUE_RATIO).toFixed(3)]
    return [`Tag=${tag},${interval.join(',')},${hdr}`]
  })
}

/** Null where it cannot be read: a reader would stop at it, or worse. */
function largestNs(hdr: string): number | null {
  try {
    return bucketsOf(hdr).at(-1)?.toNs ?? 0
  } catch (error) {
    if (error instanceof HistogramError) return null
    throw error
  }
}

/** A tag ends at a comma, and its line at a line's end; some readers divide at spaces, too. */
function tagOf(name: string): string {
  return clean(name).replace(/[\s,]+/g, '_') || 'unnamed'
}

function seconds(durationMs: number): string {
  return (durationMs / MS_PER_S).toFixed(3)
}

/** Within what readers take: digits and a point. */
function lengthS({ summary }: CaseResult): string {
  return Math.min(Math.max(0, summary.duration_s), Number.MAX_SAFE_INTEGER).toFixed(3)
}
