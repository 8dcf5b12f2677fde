import { failure, type Outcome } from '../drivers/driver.ts'
import type { Timeouts } from '../plan/plan.ts'
import type { Call } from './call.ts'
import type { Clock } from './clock.ts'

const SHORTEST_TICK_MS = 5
const LONGEST_TICK_MS = 50

/**
 * Ends calls that run past their timeouts. One timer looks at all open calls a few times per timeout: that costs
 * nothing per call, and a call is ended at most a tick late (5 to 50 ms, a twentieth of the shortest timeout).
 */
export class Deadlines {
  readonly #clock: Clock
  readonly #timeouts: Timeouts
  readonly #calls: readonly Call[]
  #timer: NodeJS.Timeout | null = null

  constructor(clock: Clock, timeouts: Timeouts, calls: readonly Call[]) {
    this.#clock = clock
    this.#timeouts = timeouts
    this.#calls = calls
  }

  start(): void {
    const { totalMs, firstByteMs, idleMs } = this.#timeouts
    const shortestMs = Math.min(totalMs, firstByteMs ?? totalMs, idleMs ?? totalMs)
    const tickMs = Math.max(SHORTEST_TICK_MS, Math.min(LONGEST_TICK_MS, shortestMs / 20))
    // Timers come before what has arrived meanwhile is read. If this thread stood still, that is no pause of a server.
    this.#timer = setInterval(() => setImmediate(() => this.check()), tickMs)
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer)
  }

  check(): void {
    const nowMs = this.#clock.now()
    for (const call of this.#calls) {
      if (!call.active) continue
      const outcome = this.#overdue(call, nowMs)
      if (!outcome) continue
      call.connection?.session?.cancel(call)
      call.end(outcome)
    }
  }

  #overdue(call: Call, nowMs: number): Outcome | null {
    const { totalMs, firstByteMs, idleMs } = this.#timeouts
    const sent = !Number.isNaN(call.sentMs)
    const answered = !Number.isNaN(call.firstByteMs)
    if (nowMs - call.takenMs > totalMs) {
      const phase = answered ? 'response' : sent ? 'request' : 'queue'
      return failure(phase, 'timeout.total', '', `the call did not end within ${totalMs} ms`)
    }
    if (firstByteMs !== null && sent && !answered && nowMs - call.sentMs > firstByteMs) {
      return failure('request', 'timeout.first_byte', '', `no byte of a reply within ${firstByteMs} ms`)
    }
    if (idleMs !== null && answered && !call.isPaused && nowMs - call.latestMs > idleMs) {
      return failure('response', 'timeout.idle', '', `the reply paused for more than ${idleMs} ms`)
    }
    return null
  }
}
