import type { RoundRecord } from '../record/round-record.ts'
import { MOST_TRACED, type TracedCall } from '../record/traced-calls.ts'
import type { CaseResult, TracedCallResult } from './document.ts'

/** Of all rounds and load threads, what each of them kept for itself; undefined where the server was told of no traces. */
export function tracesOf(records: readonly RoundRecord[]): CaseResult['traces'] {
  const parts = records.flatMap(({ traced }) => traced ?? [])
  if (parts.length === 0) return undefined
  const slowest = parts.flatMap((part) => part.slowest).sort((a, b) => b.latencyMs - a.latencyMs)
  const failed = new Map<string, TracedCall>()
  for (const call of parts.flatMap((part) => part.failed)) {
    if (!failed.has(call.class)) failed.set(call.class, call)
  }
  return {
    slowest: slowest.slice(0, MOST_TRACED).map(told),
    failed: [...failed.values()].slice(0, MOST_TRACED).map(told),
  }
}

function told({ traceId, latencyMs, startUnixMs, class: errorClass }: TracedCall): TracedCallResult {
  return {
    trace_id: traceId,
    // Of a nanosecond's fractions, the clock knows nothing.
    latency_ms: Math.round(latencyMs * 1e6) / 1e6,
    start_time: new Date(startUnixMs).toISOString(),
    ...(errorClass !== '' && { class: errorClass }),
  }
}
