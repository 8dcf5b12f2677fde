import { failure, type Outcome } from '../drivers/driver.ts'
import type { Timeouts } from '../plan/plan.ts'
import type { Call } from './call.ts'
import type { Clock } from './clock.ts'
import { MemoryLimit } from './memory.ts'

const SHORTEST_TICK_MS = 5
const LONGEST_TICK_MS = 50

/**
 * Ends calls that run past their timeouts, and those whose replies fill the memory. One timer looks at all open calls a
 * few times per timeout: that costs nothing per call, and a call is ended at most a tick late (5 to 50 ms, a twentieth of
 * the shortest timeout).
 */
export class Deadlines {
  readonly #clock: Clock
  readonly #timeouts: Timeouts
  readonly #calls: readonly Call[]
  readonly #memory: MemoryLimit
  #timer: NodeJS.Timeout | null = null

  constructor(clock: Clock, timeouts: Timeouts, calls: readonly Call[], memory = new MemoryLimit()) {
    this.#clock = clock
    this.#timeouts = timeouts
    this.#calls = calls
    this.#memory = memory
  }

  start(): void {
    const { totalMs, firstByteMs, idleMs } = this.#timeouts
    const shortestMs = Math.min(totalMs, firstByteMs ?? totalMs, idleMs ?? totalMs)
    const tickMs = Math.max(SHORTEST_TICK_MS, Math.min(LONGEST_TICK_MS, shortestMs / 20))
    this.#memory.begin()
    // Timers come before what has arrived meanwhile is read. If this thread stood still, that is no pause of a server.
    this.#timer = setInterval(() => setImmediate(() => this.check()), tickMs)
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer)
  }

  check(): void {
    const nowMs = this.#clock.now()
    const full = this.#memory.isReached(nowMs) ? this.#outOfMemory() : null
    for (const call of this.#calls) {
      if (!call.active) continue
      const outcome = this.#overdue(call, nowMs) ?? (call.connection ? full : null)
      if (!outcome) continue
      call.connection?.session?.cancel(call)
      call.end(outcome)
    }
  }

  /** Which of the replies are to blame nobody knows: all that are under way are given up. */
  #outOfMemory(): Outcome {
    const sample = `replies under way filled ${Math.round(this.#memory.bytes / 2 ** 20)} MiB of a load thread`
    return failure('response', 'client.memory', '', sample)
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
