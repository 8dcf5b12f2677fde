import { PERCENTILES } from '../record/metrics.ts'
import type { CaseResult, Distribution, Verdict } from './document.ts'
import type { Evidence, GeneratorUse } from './evidence.ts'
import { PACED_BY_READER, readerNote, throttledNote } from './limit-notes.ts'
import type { Drift } from './steadiness.ts'

/**
 * The limits of every rule; docs/verdict.md tells them. What the generator added to a percentile makes it invalid above
 * an absolute limit, below which machines that do other things too are by nature, and above a share of what was
 * measured.
 */
export const LIMITS = {
  p50Ms: 1,
  tailMs: 5,
  share: 0.1,
  /** So many calls must lie above a percentile, or it tells of one hiccup and not of the generator. */
  fewestAbove: 10,
  /** A load thread that was busy for this share of its time was the limit itself. */
  busyShare: 0.95,
  missedShare: 0.01,
  /** The thread that conducts a run may stand still for so long before it is told. */
  conductorMs: 500,
} as const

/** The tail is judged at the highest of these that has enough calls above it. */
const TAILS = ['p99', 'p95', 'p90', 'p75'] as const
type Judged = 'p50' | (typeof TAILS)[number]

/** How every reason begins that is the generator's fault. */
const GENERATOR = 'the generator'
const SCHEDULE_MISSED = `${GENERATOR} could not keep its schedule`
const STOOD_STILL = `${GENERATOR} stood still`

const CLIENT_LIMIT = '>= (client limit)'

/** Whether a case's numbers can be trusted. A slow server is never a reason. */
export function caseVerdict(evidence: Evidence): Verdict {
  const { planned, calls, errors, overflowed } = evidence
  const reasons: string[] = []
  if (calls === 0) reasons.push('no call ended in the measured window')
  else if (errors === calls) reasons.push('no call succeeded')
  if (overflowed) reasons.push('an arrival found no connection with room, and the load says overflow: abort')
  const isClosed = planned.load.model === 'closed'
  const late = isClosed
    ? null
    : (lateness(evidence) ?? backlog(evidence) ?? missedArrivals(evidence) ?? stalls(evidence))
  if (late) reasons.push(late)
  const notes = new Map<string, string[]>()
  const note = (metric: string, text: string | null) => {
    if (text !== null) notes.set(metric, [...(notes.get(metric) ?? []), text])
  }
  if (isClosed && evidence.generator.busyShare >= LIMITS.busyShare) {
    note('request_throughput', CLIENT_LIMIT)
    note('request_latency', `holds the client’s own queue: ${cause(evidence.generator)}`)
  } else if (isClosed) note('request_latency', stalls(evidence))
  for (const one of evidence.streamed) note(one.metric, streamStalls(one, evidence.generator))
  note('request_latency', tooFewConnections(evidence))
  note('request_latency', evidence.drift && drifted(evidence.drift))
  note('tls_handshake', refusedSessions(evidence))
  note('throttled', throttledNote(planned, evidence.throttling))
  for (const metric of PACED_BY_READER) note(metric, readerNote(planned))
  return {
    valid: reasons.length === 0,
    reasons,
    ...(notes.size > 0 && {
      notes: Object.fromEntries([...notes].map(([metric, texts]) => [metric, texts.join('; and ')])),
    }),
  }
}

/** Calls that were turned to late. */
function lateness({ dispatchDelay, requestLatency, generator }: Evidence): string | null {
  if (!dispatchDelay || !requestLatency) return null
  for (const statistic of judged(dispatchDelay.count)) {
    const delayMs = dispatchDelay[statistic]
    if (isMuch(delayMs, statistic, requestLatency[statistic])) {
      return `${SCHEDULE_MISSED}: dispatch_delay ${statistic} is ${ms(delayMs)} (request_latency ${ms(requestLatency[statistic])}); ${cause(generator)}`
    }
  }
  return null
}

/**
 * Calls that waited although the server may have been ready for them: a generator that does nothing but work reads
 * replies late, so that its connections seem busy and its server slow. `dispatch_delay` then stays a small part.
 */
function backlog({ generator, dropped, connectionWait, dispatchDelay }: Evidence): string | null {
  if (generator.busyShare < LIMITS.busyShare) return null
  const waitMs = (connectionWait?.p50 ?? 0) + (dispatchDelay?.p50 ?? 0)
  if (dropped === 0 && waitMs <= LIMITS.p50Ms) return null
  return `${SCHEDULE_MISSED}: calls waited ${ms(waitMs)} at the median, and it read replies late; ${cause(generator)}`
}

/** Arrivals that were due and never turned to: their latency is in no histogram. */
function missedArrivals({ calls, dropped, missed, generator }: Evidence): string | null {
  const due = calls + dropped
  if (missed < LIMITS.fewestAbove || missed <= LIMITS.missedShare * due) return null
  return `${SCHEDULE_MISSED}: it never turned to ${missed} of ${due} calls that were due; ${cause(generator)}`
}

/** Calls that were sent or read late because the thread stood still: what they took may be the generator's. */
function stalls({ requestLatency, undelayedMs, delayed, generator }: Evidence): string | null {
  const moved = requestLatency && movedByStalls(requestLatency, undelayedMs, generator)
  if (!moved) return null
  const { count, longestMs } = generator.stalls
  return `${STOOD_STILL} ${count} times, for up to ${ms(longestMs)}, and that can have delayed ${delayed} of ${requestLatency.count} calls: without it, ${moved.statistic} of request_latency (${ms(moved.toldMs)}) may be ${ms(moved.leastMs)}; ${cause(generator)}`
}

/** A stream goes on while the thread stands still, so that its chunks are read late and look far apart. */
function streamStalls(
  { distribution, undelayedMs }: Evidence['streamed'][number],
  generator: GeneratorUse,
): string | null {
  const moved = movedByStalls(distribution, undelayedMs, generator)
  if (!moved) return null
  const { count, longestMs } = generator.stalls
  return `holds stalls of the generator, which stood still ${count} times, for up to ${ms(longestMs)}: without them, ${moved.statistic} (${ms(moved.toldMs)}) may be ${ms(moved.leastMs)}; ${cause(generator)}`
}

/**
 * The percentile that would be lower by much without what the thread's stalls can have delayed; null where none would. A
 * stall cannot have added more than it lasted.
 */
function movedByStalls(
  told: Distribution,
  undelayedMs: Evidence['undelayedMs'],
  generator: GeneratorUse,
): { statistic: Judged; toldMs: number; leastMs: number } | null {
  for (const statistic of judged(told.count)) {
    const toldMs = told[statistic]
    const leastMs = Math.max(undelayedMs[statistic] ?? toldMs, toldMs - generator.stalls.longestMs)
    if (isMuch(toldMs - leastMs, statistic, toldMs)) return { statistic, toldMs, leastMs }
  }
  return null
}

/** The median, and the tail as far as there are calls enough to judge it by. */
function judged(count: number): Judged[] {
  const tail = TAILS.find((name) => (100 - PERCENTILES[name]) * count >= 100 * LIMITS.fewestAbove)
  return tail ? ['p50', tail] : ['p50']
}

function isMuch(addedMs: number, statistic: Judged, latencyMs: number): boolean {
  return addedMs > Math.max(statistic === 'p50' ? LIMITS.p50Ms : LIMITS.tailMs, LIMITS.share * latencyMs)
}

/** Why the generator was slow, as far as its use of time tells, and what to do about it. */
function cause(use: GeneratorUse): string {
  const found = CAUSES.filter(({ holds }) => holds(use)).slice(0, MOST_CAUSES)
  const causes = found.length > 0 ? found : [UNKNOWN]
  const says = causes.map((one) => one.says(use)).join(', and ')
  return `${says}: ${causes.map(({ cure }) => cure).join('; ')}`
}

interface Cause {
  holds(use: GeneratorUse): boolean
  says(use: GeneratorUse): string
  cure: string
}

const MOST_CAUSES = 2

/** The more special ones first: a thread that only encodes is busy, too. */
const CAUSES: readonly Cause[] = [
  {
    holds: ({ codecShare }) => codecShare > 0.4,
    says: ({ codecShare }) => `encoding and decoding took ${percent(codecShare)} of its thread’s time`,
    cure: 'send less, or add --workers',
  },
  {
    holds: (use) => isOwnStall(use) && use.longestGcMs > 0.5 * use.stalls.longestMs,
    says: ({ longestGcMs }) => `garbage collection stopped its thread for up to ${ms(longestGcMs)}`,
    cure: 'send less, or add --workers',
  },
  {
    holds: (use) => isOwnStall(use) && use.longestGcMs <= 0.5 * use.stalls.longestMs && use.busyShare < 0.9,
    says: ({ stalls }) =>
      `its event loop was blocked for up to ${ms(stalls.longestOwnMs)} by work of its own`,
    cure: 'look what else runs in its process',
  },
  {
    holds: ({ coreShare }) => coreShare < 0.9,
    says: ({ coreShare }) =>
      `for ${percent(1 - coreShare)} of the time that its thread wanted to run, no core ran it`,
    cure: 'stop the other work on this machine, or give infer-bench a core of its own',
  },
  {
    holds: ({ busyShare, stalls }) => busyShare > 0.9 || stalls.longestMs === 0,
    says: ({ busyShare }) => `its load thread was busy for ${percent(busyShare)} of the time`,
    cure: 'lower the rate, or add --workers',
  },
]

/** The thread itself ran for most of the time for which it stood still: no other work kept it from its core. */
function isOwnStall({ stalls }: GeneratorUse): boolean {
  return stalls.longestOwnMs > Math.max(LIMITS.tailMs, 0.5 * stalls.longestMs)
}

const UNKNOWN: Cause = {
  holds: () => true,
  says: ({ stalls }) => `it stood still for up to ${ms(stalls.longestMs)}`,
  cure: 'look whether the machine did',
}

/** The scenario's own limit, where calls waited for it: the server may be able to do more. */
function tooFewConnections({ planned, connectionWait, requestLatency }: Evidence): string | null {
  const { connections } = planned.load
  if (connections === null || !connectionWait || !requestLatency) return null
  if (!isMuch(connectionWait.p50, 'p50', requestLatency.p50)) return null
  return `holds a wait of ${ms(connectionWait.p50)} at the median for one of the ${connections} connections that the scenario allows: the server may be able to do more (load: { connections: … })`
}

function drifted({ change, low, high }: Drift): string {
  const [by, from, to] = [change, low, high].map((share) => `${share > 0 ? '+' : ''}${percent(share)}`)
  return `was not steady: p50 at the end of the case is ${by} from its beginning (${from} to ${to}, 99% confidence)`
}

/** A server may decline to resume a session at any time: its handshakes are then full ones. */
function refusedSessions({ planned, connections, resumed }: Evidence): string | null {
  if (planned.target.connection !== 'resumed' || resumed >= connections) return null
  const share = resumed === 0 ? 'none' : `only ${resumed}`
  return `is not what was asked for: the server resumed ${share} of ${connections} TLS sessions`
}

/**
 * A run is valid when all of its cases are, and nothing ended it early. `conductorStallMs`: for how long the thread that
 * conducts it stood still at most.
 */
export function runVerdict(
  cases: readonly { name: string; verdict: Verdict }[],
  conductorStallMs: number,
  incomplete: { reason: string } | null = null,
): Verdict {
  const early = incomplete ? [`the run is incomplete: ${incomplete.reason}`] : []
  const reasons = cases.flatMap(({ name, verdict }) => verdict.reasons.map((reason) => `${name}: ${reason}`))
  const isHeldUp = conductorStallMs > LIMITS.conductorMs
  return {
    valid: incomplete === null && cases.every(({ verdict }) => verdict.valid),
    reasons: [...early, ...reasons],
    ...(isHeldUp && {
      notes: {
        run: `was held up for ${ms(conductorStallMs)} between its rounds and in its progress, not in its load: the thread that conducts it was blocked, as when nobody reads what it prints`,
      },
    }),
  }
}

/** No call came back as it should, or no session ever stood. */
export function nothingSucceeded({ summary }: Pick<CaseResult, 'summary'>): boolean {
  const { calls, errors, sessions } = summary
  return sessions === undefined ? calls === errors : sessions === 0
}

/** Whether the generator, not the server, made a case invalid. */
export function isSaturated({ reasons }: Verdict): boolean {
  return reasons.some((reason) => reason.startsWith(GENERATOR))
}

function ms(durationMs: number): string {
  return `${durationMs.toFixed(2)} ms`
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)}%`
}
