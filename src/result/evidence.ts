/** What the verdict on a case is based on: what its load threads did with their time, beside what was measured. */

import type { Case } from '../plan/plan.ts'
import { leastPercentileMs } from '../record/histogram.ts'
import { CHUNK_METRICS, GC_PAUSE, PERCENTILES } from '../record/metrics.ts'
import type { Counts, RoundRecord, Stalls } from '../record/round-record.ts'
import type { Distribution, RoundResult } from './document.ts'
import type { Throttling } from './limit-notes.ts'
import { mergeHistograms } from './merge.ts'
import { type Drift, driftOf } from './steadiness.ts'

export interface Evidence {
  planned: Case
  calls: number
  errors: number
  /** Arrivals that were due and never sent, but for those that the server held back; `missed`: those of them that the load thread never turned to. */
  dropped: number
  missed: number
  /** Calls that were under way while their load thread stood still, and that this can have delayed. */
  delayed: number
  requestLatency: Distribution | null
  /** Percentiles of `request_latency`, in ms, had the delayed calls been faster than every other. Empty: there are none. */
  undelayedMs: Undelayed
  /** The same of what is measured within a stream, of which each stall can have delayed one chunk. */
  streamed: { metric: string; distribution: Distribution; undelayedMs: Undelayed }[]
  dispatchDelay: Distribution | null
  connectionWait: Distribution | null
  generator: GeneratorUse
  /** Connections opened, and those of them that resumed a TLS session. */
  connections: number
  resumed: number
  throttling: Throttling
  overflowed: boolean
  drift: Drift | null
}

type Undelayed = Partial<Record<keyof typeof PERCENTILES, number>>

const WITHIN_STREAMS = ['time_to_first_token', ...CHUNK_METRICS.map(({ name }) => name)]

/** How the load threads spent their time, the worst of them. Shares from 0 to 1. */
export interface GeneratorUse {
  /** Empty polls left out. */
  busyShare: number
  /** Of the time for which it was awake, the share for which a core ran it; NaN where that is not told. */
  coreShare: number
  /** Share of all threads' time that went into encoding and decoding. */
  codecShare: number
  longestGcMs: number
  stalls: Stalls
}

export function evidenceOf(
  planned: Case,
  counts: Counts,
  metrics: Readonly<Record<string, Distribution>>,
  records: readonly RoundRecord[],
  rounds: readonly RoundResult[],
): Evidence {
  const { calls, errors, dropped, missed, delayed, connections, resumed } = counts
  const { throttled, absurdWaits } = counts
  // Calls that waited, or were dropped, because the server had asked for that tell nothing of the generator.
  const isHeldBack = planned.retryAfter === 'obey' && throttled > 0
  const stalls = stallsOf(records)
  return {
    planned,
    calls,
    errors,
    dropped: isHeldBack ? missed : dropped,
    missed,
    delayed,
    requestLatency: metrics.request_latency ?? null,
    undelayedMs: undelayed('request_latency', records, delayed),
    streamed: WITHIN_STREAMS.flatMap((metric) => {
      const distribution = metrics[metric]
      return distribution
        ? { metric, distribution, undelayedMs: undelayed(metric, records, stalls.openCalls) }
        : []
    }),
    dispatchDelay: metrics.dispatch_delay ?? null,
    connectionWait: isHeldBack ? null : (metrics.connection_wait ?? null),
    generator: {
      busyShare: Math.max(0, ...records.map(({ use }) => use.busyShare)),
      coreShare: Math.min(1, ...records.map(({ use }) => use.coreShare)),
      codecShare: codecShare(metrics, records),
      longestGcMs: metrics[GC_PAUSE]?.max ?? 0,
      stalls,
    },
    connections,
    resumed,
    throttling: { count: throttled, absurd: absurdWaits, waits: metrics.retry_after ?? null },
    overflowed: records.some(({ overflowed }) => overflowed),
    drift: driftOf(rounds),
  }
}

function stallsOf(records: readonly RoundRecord[]): Stalls {
  const all = records.map(({ stalls }) => stalls)
  return {
    count: all.reduce((sum, { count }) => sum + count, 0),
    longestMs: Math.max(0, ...all.map(({ longestMs }) => longestMs)),
    longestOwnMs: Math.max(0, ...all.map(({ longestOwnMs }) => longestOwnMs)),
    openCalls: all.reduce((sum, { openCalls }) => sum + openCalls, 0),
  }
}

function undelayed(metric: string, records: readonly RoundRecord[], delayed: number): Undelayed {
  const parts = records.flatMap(({ histograms }) => histograms[metric] ?? [])
  if (delayed === 0 || parts.length === 0) return {}
  return mergeHistograms(parts, (histogram) =>
    Object.fromEntries(
      Object.entries(PERCENTILES).map(([name, percentile]) => [
        name,
        leastPercentileMs(histogram, percentile, delayed),
      ]),
    ),
  )
}

function codecShare(
  metrics: Readonly<Record<string, Distribution>>,
  records: readonly RoundRecord[],
): number {
  const totalMs = (name: string) => (metrics[name]?.mean ?? 0) * (metrics[name]?.count ?? 0)
  const threadsMs = records.reduce((sum, { counts }) => sum + counts.windowMs, 0)
  // Calls that go on after the window encode and decode there, too.
  return threadsMs > 0 ? Math.min(1, (totalMs('serialize') + totalMs('deserialize')) / threadsMs) : 0
}
