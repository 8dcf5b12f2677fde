import { concernsLoad, type Metric, PERCENTILES, type Statistic } from '../record/metrics.ts'
import { wasIdle } from '../result/idle.ts'
import { parseMetric } from '../scenario/limit.ts'
import type { Pair } from './pairs.ts'

/** A number of each round that two sides are compared by, and the smallest change of it that matters. */
export interface Gate {
  metric: Metric
  /** Of a metric of durations; null of one that is a single number for a round. */
  statistic: Statistic | null
  /** A share of the baseline's value; of a metric that is a share itself, so much more of it. */
  smallest: number
}

/**
 * What is gated where nothing else is asked for. A tail is noisy by nature: a smaller change of it than this would not
 * be told from a machine's own hiccups in the rounds that a CI job has time for.
 */
const DEFAULTS = [
  { name: 'request_latency.p50', smallest: 0.05 },
  { name: 'request_latency.p99', smallest: 0.25 },
  { name: 'request_throughput', smallest: 0.05 },
  { name: 'error_rate', smallest: 0.001 },
  { name: 'session_loss', smallest: 0.001 },
  { name: 'server_memory_per_session', smallest: 0.1 },
]

/** For a metric that is not among the defaults. */
const SMALLEST = { middle: 0.05, tail: 0.25, share: 0.001 }

export const DEFAULT_GATES: readonly Gate[] = DEFAULTS.map(({ name, smallest }) => ({
  ...gateNamed(name)!,
  smallest,
}))

/** `request_latency.p90`, or `error_rate`; null where there is no such metric or statistic. */
export function gateNamed(name: string): Gate | null {
  const found = parseMetric(name)
  return found && { ...found, smallest: smallestOf(found.metric, found.statistic) }
}

export function gateName({ metric, statistic }: Gate): string {
  return statistic === null ? metric.name : `${metric.name}.${statistic}`
}

/** Differences of shares are taken as they are: a ratio to an error rate of 0 says nothing. */
export function isDifference({ metric }: Gate): boolean {
  return metric.unit === 'share'
}

/** Calls of a round that the statistic asks for at least: one must lie above a percentile. */
export function fewestCalls({ statistic }: Gate): number {
  const percentile = statistic !== null && statistic in PERCENTILES ? PERCENTILES[statistic as 'p50'] : 0
  return Math.ceil(100 / (100 - percentile))
}

/** False where the cases' load has no such number by its nature, which is no lack of evidence. */
export function concernsPair({ metric }: Gate, { baseline, candidate }: Pair): boolean {
  return [baseline, candidate].some(({ one }) => concernsLoad(metric, wasIdle(one)))
}

function smallestOf({ unit }: Metric, statistic: Statistic | null): number {
  if (unit === 'share') return SMALLEST.share
  const isMiddle = statistic === null || ['p50', 'p75', 'mean', 'min'].includes(statistic)
  return isMiddle ? SMALLEST.middle : SMALLEST.tail
}
