import type { Case } from '../plan/plan.ts'
import { PERCENTILES } from '../record/metrics.ts'
import type { Distribution, Verdict } from './document.ts'

/**
 * When the generator's own lateness makes an open loop's numbers invalid. A lateness below the floor is normal
 * on a machine that does other things too; above it, it must not be a large part of what was measured.
 */
const LATE_TAIL_MS = 5
const LATE_P50_MS = 1
const LATE_SHARE = 0.1
/** So many calls must lie above a percentile, or it tells of one hiccup and not of the generator. */
const FEWEST_ABOVE = 10
/** The tail is judged at the highest of these that has so many. */
const TAILS = ['p99', 'p95', 'p90', 'p75'] as const
/** A load thread that was busy for this share of its time was the limit itself. */
const SATURATED = 0.95

const SCHEDULE_MISSED = 'the generator could not keep its schedule'
const MORE_ROOM = 'lower the rate, add --workers, or give it a core of its own'

const CLIENT_LIMIT = '>= (client limit)'

export interface Evidence {
  planned: Case
  calls: number
  errors: number
  dropped: number
  requestLatency: Distribution | null
  dispatchDelay: Distribution | null
  connectionWait: Distribution | null
  /** Largest of the load threads', empty polls left out, 0 to 1. */
  busyShare: number
  /** Connections opened, and those of them that resumed a TLS session. */
  connections: number
  resumed: number
  overflowed: boolean
}

/** Whether a case's numbers can be trusted. A slow server is never a reason. */
export function caseVerdict(evidence: Evidence): Verdict {
  const { planned, calls, errors, overflowed } = evidence
  const reasons: string[] = []
  if (calls === 0) reasons.push('no call ended in the measured window')
  else if (errors === calls) reasons.push('no call succeeded')
  if (overflowed) reasons.push('an arrival found no connection with room, and the load says overflow: abort')
  const isClosed = planned.load.model === 'closed'
  const late = isClosed ? null : (lateness(evidence) ?? backlog(evidence))
  if (late) reasons.push(late)
  const notes: NonNullable<Verdict['notes']> = {}
  if (isClosed && evidence.busyShare >= SATURATED) {
    notes.request_throughput = CLIENT_LIMIT
    notes.request_latency = 'holds the client’s own queue: its load thread was busy all the time'
  }
  const refused = refusedSessions(evidence)
  if (refused) notes.tls_handshake = refused
  return { valid: reasons.length === 0, reasons, ...(Object.keys(notes).length > 0 && { notes }) }
}

/** A server may decline to resume a session at any time: its handshakes are then full ones. */
function refusedSessions({ planned, connections, resumed }: Evidence): string | null {
  if (planned.target.connection !== 'resumed' || resumed >= connections) return null
  const share = resumed === 0 ? 'none' : `only ${resumed}`
  return `is not what was asked for: the server resumed ${share} of ${connections} TLS sessions`
}

function lateness({ dispatchDelay, requestLatency }: Evidence): string | null {
  if (!dispatchDelay || !requestLatency) return null
  const late = (statistic: 'p50' | (typeof TAILS)[number], floorMs: number) => {
    const delayMs = dispatchDelay[statistic]
    return delayMs > Math.max(floorMs, LATE_SHARE * requestLatency[statistic])
      ? `${SCHEDULE_MISSED}: dispatch_delay ${statistic} is ${delayMs.toFixed(2)} ms (request_latency ${requestLatency[statistic].toFixed(2)} ms); ${MORE_ROOM}`
      : null
  }
  const tail = TAILS.find((name) => (100 - PERCENTILES[name]) * dispatchDelay.count >= 100 * FEWEST_ABOVE)
  return late('p50', LATE_P50_MS) ?? (tail ? late(tail, LATE_TAIL_MS) : null)
}

/**
 * Calls that waited although the server may have been ready for them: a generator that does nothing but work reads
 * replies late, so that its connections seem busy and its server slow. `dispatch_delay` then stays a small part.
 */
function backlog({ busyShare, dropped, connectionWait, dispatchDelay }: Evidence): string | null {
  if (busyShare < SATURATED) return null
  const waitMs = (connectionWait?.p50 ?? 0) + (dispatchDelay?.p50 ?? 0)
  if (dropped === 0 && waitMs <= LATE_P50_MS) return null
  return `${SCHEDULE_MISSED}: its load thread was busy for ${(busyShare * 100).toFixed(0)}% of the time; ${MORE_ROOM}`
}

/** A run is valid when all of its cases are. */
export function runVerdict(cases: readonly { name: string; verdict: Verdict }[]): Verdict {
  const reasons = cases.flatMap(({ name, verdict }) => verdict.reasons.map((reason) => `${name}: ${reason}`))
  return { valid: cases.every(({ verdict }) => verdict.valid), reasons }
}

/** Whether the generator, not the server, made a case invalid. */
export function isSaturated({ reasons }: Verdict): boolean {
  return reasons.some((reason) => reason.startsWith(SCHEDULE_MISSED))
}
