import { type Driver, failure, type Outcome, type StandingSession } from '../drivers/driver.ts'
import type { Case } from '../plan/plan.ts'
import type { ConnectionMetricName } from '../record/metrics.ts'
import type { ThreadUse } from '../record/round-record.ts'
import { type Clock, reach } from './clock.ts'
import { Connection, type ConnectionOwner } from './connection.ts'
import { openOutcome } from './pool.ts'
import type { Recording } from './recording.ts'
import { ThreadUseMeter } from './thread-use.ts'
import { inTurns } from './turns.ts'

export interface IdleRoundOptions {
  case: Pick<Case, 'load' | 'timeouts'>
  driver: Driver
  clock: Clock
  recording: Recording
  /** Handshakes, and questions whether a session still stands, that are under way at once. */
  concurrency: number
}

export interface IdleRoundEnd {
  /** Sessions that were asked for, that stood when the round began, and that still did when it ended. */
  asked: number
  stood: number
  left: number
  connections: number
  resumed: number
  /** Raw socket bytes that the handshakes cost. */
  handshakeBytes: number
  /** While the sessions were opened. */
  use: ThreadUse
}

interface Standing {
  session: StandingSession
  /** When its handshake was over. */
  sinceMs: number
}

/** A session that was to go on over another connection did not stand: nobody asked it for anything. */
const CUT = failure('idle', 'tcp.closed', '', 'the connection was lost')

/**
 * A round without calls: opens sessions, a few at a time, lets them stand, asks the server after those of which a
 * connection tells nothing, and closes them. It knows no protocol. What is lost is counted, and never replaced: how many
 * stand at the end is what was asked.
 */
export class IdleRound implements ConnectionOwner {
  readonly #options: IdleRoundOptions
  readonly #standing = new Map<Connection, Standing>()
  /** Ended with the round: nothing waits past it. */
  readonly #abort = new AbortController()
  #asked = 0
  #opened = 0
  #resumed = 0
  #handshakeBytes = 0
  #use: ThreadUse = { busyShare: 0, coreShare: Number.NaN }

  constructor(options: IdleRoundOptions) {
    this.#options = options
  }

  /** Opens so many; each failure is counted. */
  async open(sessions: number): Promise<void> {
    const { concurrency, clock } = this.#options
    const meter = new ThreadUseMeter(clock)
    meter.start()
    await inTurns(Array.from({ length: sessions }), concurrency, () => this.#open())
    this.#use = meter.read(0)
  }

  /** Lets the sessions stand from `startMs` of the clock for the length of the window, and closes them. */
  async run(startMs: number): Promise<IdleRoundEnd> {
    const { clock, recording, concurrency, case: planned } = this.#options
    const { durationMs } = planned.load
    await reach(clock, startMs)
    const stood = this.#standing.size
    await this.#wait(startMs + durationMs! - clock.now())
    recording.window(startMs, Math.max(startMs, clock.now()))
    await inTurns([...this.#standing.keys()], concurrency, (connection) => this.#check(connection))
    const left = this.#standing.size
    this.#close()
    return {
      asked: this.#asked,
      stood,
      left,
      connections: this.#opened,
      resumed: this.#resumed,
      handshakeBytes: this.#handshakeBytes,
      use: this.#use,
    }
  }

  /** The user ended the run: handshakes that are under way are given up, and sessions stand no longer. */
  stop(): void {
    this.#abort.abort()
  }

  offer(): void {}

  lose(connection: Connection, ending: Outcome): void {
    const standing = this.#standing.get(connection)
    if (!standing) return
    this.#standing.delete(connection)
    this.#fail({ ...ending, ok: false, phase: 'idle' }, standing.sinceMs)
  }

  async reopen(connection: Connection): Promise<void> {
    const standing = this.#standing.get(connection)
    this.lose(connection, CUT)
    standing?.session.close()
  }

  took(metric: ConnectionMetricName, durationMs: number): void {
    this.#options.recording.connection(metric, durationMs)
  }

  async #open(): Promise<void> {
    const { driver, clock, recording } = this.#options
    const { signal } = this.#abort
    if (signal.aborted) return
    this.#asked++
    const beganMs = clock.now()
    const connection = new Connection(clock, this)
    let session: StandingSession
    try {
      session = await (driver.hold ? driver.hold(connection, signal) : driver.open(connection, signal))
    } catch (error) {
      if (!signal.aborted) this.#fail(openOutcome(error), beganMs)
      return
    }
    this.#handshakeBytes += connection.opened(session)
    this.#opened++
    if (connection.isResumed) this.#resumed++
    recording.handshake(connection.times)
    this.#standing.set(connection, { session, sinceMs: clock.now() })
  }

  async #check(connection: Connection): Promise<void> {
    const standing = this.#standing.get(connection)
    if (!standing?.session.check || this.#abort.signal.aborted) return
    const { connectMs } = this.#options.case.timeouts
    const late = AbortSignal.timeout(connectMs)
    const outcome = await standing.session.check(AbortSignal.any([late, this.#abort.signal]))
    if (outcome.ok || this.#abort.signal.aborted) return
    const sample = `the server did not say within ${connectMs} ms whether the session stands`
    this.lose(connection, late.aborted ? failure('idle', 'timeout.total', '', sample) : outcome)
    standing.session.close()
  }

  #fail(outcome: Outcome, sinceMs: number): void {
    this.#options.recording.sessionFailed(outcome, this.#options.clock.now() - sinceMs)
  }

  #close(): void {
    this.#abort.abort()
    const sessions = [...this.#standing.values()]
    // What a session still tells of its end from now on is none of the round's.
    this.#standing.clear()
    for (const { session } of sessions) session.close()
  }

  /** Until the run is ended, at most. */
  async #wait(durationMs: number): Promise<void> {
    const { signal } = this.#abort
    if (signal.aborted) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.max(0, durationMs))
      signal.addEventListener('abort', () => {
        clearTimeout(timer)
        resolve()
      })
    })
  }
}
