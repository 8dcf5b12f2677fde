/** What a result says of a load whose sessions stand idle. */

import type { SessionMemory } from '../agent/session-memory.ts'
import type { Case } from '../plan/plan.ts'
import { isIdle } from '../plan/schedule.ts'
import type { Counts, RoundRecord } from '../record/round-record.ts'
import type { CaseResult, Summary, Verdict } from './document.ts'
import { LIMITS } from './verdict.ts'

export type IdleSummary = Pick<
  Summary,
  'sessions' | 'sessions_lost' | 'session_loss' | 'server_memory_per_session' | 'client_memory_per_session'
>

/** One round as far as an idle load has something to tell. */
export interface IdleEvidence {
  counts: Counts
  sessionMemory: SessionMemory | null
}

/** Where more have gone when memory was read, nobody knows whose it was. */
const MOST_GONE_SHARE = 0.01

const NOBODY_TELLS =
  'nobody tells the memory of this server: name its process with pid, where it runs on this machine'

const QUEUED =
  'holds the client’s own queue: its load thread was busy all the time while it opened sessions; fewer at once (load.concurrency) tell what one takes'

/** Whether the case's load is one whose sessions make no calls. */
export function wasIdle({ summary }: Pick<CaseResult, 'summary'>): boolean {
  return summary.sessions !== undefined
}

/** Of one round, or of all rounds of a case. */
export function idleSummary(planned: Pick<Case, 'load'>, rounds: readonly IdleEvidence[]): IdleSummary {
  if (!isIdle(planned)) return {}
  const asked = sum(rounds.map(({ counts }) => counts.sessionsAsked))
  const lost = asked - sum(rounds.map(({ counts }) => counts.sessionsLeft))
  return {
    sessions: Math.min(...rounds.map(({ counts }) => counts.sessionsLeft)),
    sessions_lost: lost,
    session_loss: asked > 0 ? lost / asked : null,
    server_memory_per_session: perSession(rounds, ({ serverBytes }) => serverBytes),
    client_memory_per_session: perSession(rounds, ({ clientBytes }) => clientBytes),
  }
}

/** Why the memory is not told, by metric. */
export function absentMemory({ load, target }: Case, summary: IdleSummary): Record<string, string> {
  if (load.model !== 'idle') return {}
  const { server_memory_per_session: server, client_memory_per_session: client } = summary
  const names = { server_memory_per_session: server, client_memory_per_session: client }
  const missing = Object.entries(names).flatMap(([name, value]) => (value === null ? [name] : []))
  const untold = target.pid === undefined ? NOBODY_TELLS : 'the process that pid names has ended'
  return Object.fromEntries(
    missing.map((name) => [
      name,
      client === null ? 'too few of the sessions stood when it was read' : untold,
    ]),
  )
}

export function idleVerdict(
  { sessions, sessions_lost: lost }: IdleSummary,
  records: readonly Pick<RoundRecord, 'use'>[],
): Verdict {
  const reasons = sessions === 0 && lost !== 0 ? ['no session stood to the end'] : []
  const isBusy = records.some(({ use }) => use.busyShare >= LIMITS.busyShare)
  return {
    valid: reasons.length === 0,
    reasons,
    ...(isBusy && { notes: { handshake: QUEUED } }),
  }
}

/** The median of the rounds that tell it; whole bytes. Of a round in which too many had gone meanwhile, nobody knows. */
function perSession(
  rounds: readonly IdleEvidence[],
  bytesOf: (memory: SessionMemory) => number | null,
): number | null {
  const told = rounds.flatMap(({ counts, sessionMemory }) => {
    const { connections: opened, sessionsStood: stood } = counts
    if (!sessionMemory || stood === 0 || stood < (1 - MOST_GONE_SHARE) * opened) return []
    const bytes = bytesOf(sessionMemory)
    return bytes === null ? [] : [Math.round(bytes / stood)]
  })
  return told.length > 0 ? told.toSorted((a, b) => a - b)[Math.floor(told.length / 2)]! : null
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
