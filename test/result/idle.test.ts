import { expect, test } from 'vitest'
import type { Load } from '../../src/plan/plan.ts'
import { newCounts } from '../../src/record/round-record.ts'
import { absentMemory, type IdleEvidence, idleSummary, idleVerdict } from '../../src/result/idle.ts'
import { caseOf, NOTHING } from '../contract/play.ts'

const load = {
  model: 'idle',
  sessions: 100,
  concurrency: 10,
  durationMs: 100,
  warmupMs: 0,
} as unknown as Load
const target = { interface: 'sse', url: 'http://test/events', options: {} }
const planned = { ...caseOf({ target, payload: NOTHING }), load }

interface Told {
  opened?: number
  stood?: number
  left?: number
  serverBytes?: number | null
}

function round({ opened = 100, stood = opened, left = stood, serverBytes = 100_000 }: Told): IdleEvidence {
  const counts = {
    ...newCounts(),
    sessionsAsked: 100,
    connections: opened,
    sessionsStood: stood,
    sessionsLeft: left,
  }
  return { counts, sessionMemory: { serverBytes, clientBytes: 50_000 } }
}

test('memory is told for each session, the median of the rounds', () => {
  const rounds = [round({ serverBytes: 90_000 }), round({ serverBytes: 500_000 }), round({})]
  expect(idleSummary(planned, rounds)).toEqual({
    sessions: 100,
    sessions_lost: 0,
    session_loss: 0,
    server_memory_per_session: 1000,
    client_memory_per_session: 500,
  })
})

test('it is divided by those that stood when it was read, whatever became of the others', () => {
  const summary = idleSummary(planned, [round({ opened: 50, left: 40 })])
  expect(summary).toMatchObject({ sessions: 40, sessions_lost: 60, session_loss: 0.6 })
  expect(summary.server_memory_per_session).toBe(2000)
})

test('it is not told where more than one in a hundred had gone', () => {
  expect(idleSummary(planned, [round({ stood: 99 })]).server_memory_per_session).toBe(1010)
  const summary = idleSummary(planned, [round({ stood: 98 })])
  expect(summary.server_memory_per_session).toBeNull()
  expect(absentMemory(planned, summary)).toEqual({
    server_memory_per_session: 'too few of the sessions stood when it was read',
    client_memory_per_session: 'too few of the sessions stood when it was read',
  })
})

test('why it is not told of a server depends on whether its process is named', () => {
  const summary = idleSummary(planned, [round({ serverBytes: null })])
  expect(summary.client_memory_per_session).toBe(500)
  expect(absentMemory(planned, summary).server_memory_per_session).toContain('name its process with pid')
  const named = { ...planned, target: { ...planned.target, pid: 1 } }
  expect(absentMemory(named, summary).server_memory_per_session).toContain('has ended')
})

test('a load that makes calls has nothing of it', () => {
  expect(idleSummary(caseOf({ target, payload: NOTHING }), [round({})])).toEqual({})
})

test('no session that stood: invalid; a client that was busy: its handshakes hold its own queue', () => {
  const [busy, idle] = [0.99, 0.2].map((busyShare) => ({ use: { busyShare, coreShare: 1 } }))
  const lost = idleSummary(planned, [round({ left: 0 })])
  expect(idleVerdict(lost, [idle!])).toEqual({ valid: false, reasons: ['no session stood to the end'] })
  const kept = idleSummary(planned, [round({})])
  expect(idleVerdict(kept, [idle!])).toEqual({ valid: true, reasons: [] })
  expect(idleVerdict(kept, [idle!, busy!])).toMatchObject({
    valid: true,
    notes: { handshake: expect.stringContaining('load.concurrency') },
  })
})
