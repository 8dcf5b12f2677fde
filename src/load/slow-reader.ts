import type { Reader } from '../plan/plan.ts'
import type { Call } from './call.ts'
import type { Clock } from './clock.ts'

/**
 * A slow consumer, on purpose: it owes its server a pause for every so many chunks of a stream, and reads nothing of it
 * meanwhile. Chunks that came in one piece are read at once and their pauses are made up for, so that a stream is as
 * slow as its reader however its chunks are packed.
 */
export class SlowReader {
  readonly #clock: Clock
  readonly #reader: Reader

  constructor(clock: Clock, reader: Reader) {
    this.#clock = clock
    this.#reader = reader
  }

  /** What was received last of the call's reply is read. */
  read(call: Call): void {
    const { every, pauseMs } = this.#reader
    const owed = Math.floor(call.chunkCount / every) - call.pauseCount
    if (owed <= 0) return
    call.pauseCount += owed
    const nowMs = this.#clock.now()
    const { isPaused } = call
    call.pausedUntilMs = (isPaused ? call.pausedUntilMs : nowMs) + owed * pauseMs
    // What the library had read already may come within a pause, which then takes longer.
    if (isPaused) return
    call.connection!.session!.pause(call, true)
    this.#lookAt(call, call.generation, call.pausedUntilMs - nowMs)
  }

  #lookAt(call: Call, generation: number, afterMs: number): void {
    setTimeout(() => {
      // It may have ended: what was paused is its driver's to take up again.
      if (!call.active || call.generation !== generation) return
      const aheadMs = call.pausedUntilMs - this.#clock.now()
      if (aheadMs > 0) {
        this.#lookAt(call, generation, aheadMs)
        return
      }
      call.readsOn()
      call.connection!.session!.pause(call, false)
    }, afterMs).unref()
  }
}
