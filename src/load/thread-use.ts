import type { ThreadUse } from '../record/round-record.ts'
import { type Clock, loopActiveMs, threadCpuMs } from './clock.ts'

/** Adds up a thread's time from `start` on. */
export class ThreadUseMeter {
  readonly #clock: Clock
  #startMs = 0
  #activeMs = 0
  #cpuMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  start(): void {
    this.#startMs = this.#clock.now()
    this.#activeMs = loopActiveMs()
    this.#cpuMs = threadCpuMs()
  }

  /** CPU time so far, in ms; NaN where it is not told. */
  get cpuMs(): number {
    return threadCpuMs() - this.#cpuMs
  }

  /** `emptyPollsMs`: polls that found nothing to do are no work, though they take time. */
  read(emptyPollsMs: number): ThreadUse {
    const elapsedMs = this.#clock.now() - this.#startMs
    const activeMs = loopActiveMs() - this.#activeMs
    return {
      busyShare: share(activeMs - emptyPollsMs, elapsedMs),
      coreShare: Number.isNaN(this.cpuMs) ? Number.NaN : share(this.cpuMs, activeMs),
    }
  }
}

function share(part: number, whole: number): number {
  return whole > 0 ? Math.min(1, Math.max(0, part / whole)) : 0
}
