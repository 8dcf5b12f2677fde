/** One round of load against a server that is played in this thread, on simulated time: nothing sleeps. */

import { vi } from 'vitest'
import {
  type CallSlot,
  type Driver,
  failure,
  OpenError,
  type Outcome,
  type Session,
  SUCCESS,
} from '../../src/drivers/driver.ts'
import { type RetryAfter, withRetryAfter } from '../../src/drivers/retry-after.ts'
import type { Call } from '../../src/load/call.ts'
import type { Recording } from '../../src/load/recording.ts'
import { Round, type RoundOptions } from '../../src/load/round.ts'
import type { Throttle } from '../../src/load/throttle.ts'
import { type OpenLoad, type RunnableCase, schedule, withRate } from '../../src/plan/schedule.ts'
import { caseOf, type Play } from '../contract/play.ts'

/** What the server says to a call, or to a connection, that comes at `atMs`, and how long it takes over it. */
export type Answer = (atMs: number, count: number) => { outcome: Outcome; takesMs: number }

interface Told {
  plannedMs: number
  takenMs: number
  sentMs: number
  endMs: number
  ok: boolean
  class: string
}

export interface Simulated {
  calls: Told[]
  /** When calls reached the server, and when connections did. */
  startsMs: number[]
  connectionsMs: number[]
  waits: { askedMs: number; isAbsurd: boolean }[]
  dropped: number
  interrupted: number
  overflowed: boolean
  endedMs: number
}

export const refused = (retryAfter: RetryAfter): Outcome =>
  withRetryAfter(failure('response', 'http.429', '429', 'slow down'), retryAfter)

const START_MS = 1_700_000_000_000

/** Timers move only as they are told to, and a turn of the event loop takes a millisecond. */
export function simulateTime(): void {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'],
    now: START_MS,
  })
  vi.stubGlobal('setImmediate', (run: (...args: unknown[]) => void, ...args: unknown[]) =>
    setTimeout(run, 1, ...args),
  )
  vi.stubGlobal('clearImmediate', (timer: NodeJS.Timeout) => clearTimeout(timer))
}

export interface Simulation {
  load: Play['load']
  timeouts?: Play['timeouts']
  target?: Partial<Play['target']>
  reader?: Play['reader']
  throttle: Throttle | null
  answer: Answer
  /** In place of one that answers. */
  driver?: Driver
  /** Called once the round runs. */
  running?(round: Round): void
  /** Left out: every connection is taken. */
  connect?: Answer
  /** Calls that one connection takes at once. */
  capacity?: number
  /** For how long it is followed; left out: a minute. */
  followMs?: number
}

/** Simulated time, which goes on from one round to the next of a test. */
export const clock = { now: () => Date.now() - START_MS }

export async function simulate(what: Simulation): Promise<Simulated> {
  const seen: Simulated = {
    calls: [],
    startsMs: [],
    connectionsMs: [],
    waits: [],
    dropped: 0,
    interrupted: 0,
    overflowed: false,
    endedMs: Number.NaN,
  }
  const { load, timeouts, target, reader, throttle } = what
  const planned = withRate(
    caseOf({
      target: { interface: 'rest', url: 'http://127.0.0.1/', ...target },
      ...(load && { load }),
      ...(timeouts && { timeouts }),
      ...(reader && { reader }),
    }),
    null,
  )
  const options: RoundOptions = {
    case: planned,
    driver: what.driver ?? playedDriver(what, seen),
    clock,
    recording: recordingOf(seen),
    ...arrivalsOf(planned),
    messages: null,
    connections: planned.load.connections,
    throttle,
  }
  const round = new Round(options)
  const ran = round
    .prepare()
    .then(() => {
      const running = round.run(clock.now())
      what.running?.(round)
      return running
    })
    .then(({ overflowed }) => {
      seen.overflowed = overflowed
      seen.endedMs = clock.now()
    })
  await vi.advanceTimersByTimeAsync(what.followMs ?? 60_000)
  await ran
  return seen
}

function arrivalsOf({ load }: RunnableCase): Pick<RoundOptions, 'schedule' | 'concurrency' | 'calls'> {
  return load.model === 'closed'
    ? { schedule: null, concurrency: load.concurrency, calls: load.calls }
    : {
        schedule: schedule(load as OpenLoad, { round: 0, worker: 0, workers: 1 }),
        concurrency: 0,
        calls: null,
      }
}

function playedDriver({ answer, connect, capacity = 1 }: Simulation, seen: Simulated): Driver {
  return {
    async open(probe): Promise<Session> {
      const atMs = clock.now()
      seen.connectionsMs.push(atMs)
      const { outcome, takesMs } = connect?.(atMs, seen.connectionsMs.length) ?? {
        outcome: SUCCESS,
        takesMs: 0,
      }
      if (takesMs > 0) await new Promise((resolve) => setTimeout(resolve, takesMs))
      if (!outcome.ok) throw new OpenError(outcome)
      probe.phase('tcp')
      let open = 0
      return {
        capacity: () => capacity - open,
        start(call: CallSlot) {
          open++
          const startMs = clock.now()
          seen.startsMs.push(startMs)
          const told = answer(startMs, seen.startsMs.length)
          const { generation } = call as Call
          setTimeout(() => {
            // Given up meanwhile.
            if ((call as Call).generation !== generation || !(call as Call).active) return
            open--
            call.lastByte()
            call.end(told.outcome)
          }, told.takesMs)
        },
        pause() {},
        cancel() {
          open--
        },
        wireBytes() {},
        close() {},
      }
    },
    async close() {},
  }
}

function recordingOf(seen: Simulated): Recording {
  return {
    window() {},
    call({ plannedMs, takenMs, sentMs, endMs, outcome }) {
      seen.calls.push({ plannedMs, takenMs, sentMs, endMs, ok: outcome.ok, class: outcome.class })
    },
    handshake() {},
    connection() {},
    connectionFailed() {},
    sessionFailed() {},
    throttled(askedMs, isAbsurd) {
      seen.waits.push({ askedMs, isAbsurd })
    },
    interrupted() {
      seen.interrupted++
    },
    dropped() {
      seen.dropped++
    },
    missed() {},
    loopDelay() {},
    stall() {},
    gcPauses() {},
  }
}
