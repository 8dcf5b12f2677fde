import type { LiveView } from '../record/recorder.ts'

/** Latencies that the ring holds before it overwrites the oldest. */
const RING = 1 << 15
const CALLS = 0
const ERRORS = 1
const COUNTERS = 2

export interface LiveDelta {
  calls: number
  errors: number
  /** In ms; a sample where more calls ended since the last look than the ring holds. */
  latenciesMs: Float32Array
}

/**
 * What a load thread tells the drawing thread while a round runs: counters and latencies in shared memory.
 * Telling costs two stores and no message, so that watching a run does not slow it down.
 */
export class Board implements LiveView {
  readonly buffer: SharedArrayBuffer
  readonly #counters: Int32Array
  readonly #ring: Float32Array
  #seenCalls = 0
  #seenErrors = 0

  constructor(buffer = new SharedArrayBuffer((COUNTERS + RING) * 4)) {
    this.buffer = buffer
    this.#counters = new Int32Array(buffer, 0, COUNTERS)
    this.#ring = new Float32Array(buffer, COUNTERS * 4, RING)
  }

  call(latencyMs: number, failed: boolean): void {
    const calls = this.#counters[CALLS]!
    this.#ring[calls & (RING - 1)] = failed ? Number.NaN : latencyMs
    this.#counters[CALLS] = calls + 1
    if (failed) this.#counters[ERRORS]!++
  }

  /** What happened since the last look. */
  look(): LiveDelta {
    const calls = this.#counters[CALLS]!
    const errors = this.#counters[ERRORS]!
    // The counter wraps at 2^31; the difference in 32 bits is right all the same.
    const ended = (calls - this.#seenCalls) | 0
    const held = Math.min(ended, RING)
    const latenciesMs = new Float32Array(held)
    let kept = 0
    for (let back = held; back > 0; back--) {
      const latencyMs = this.#ring[(calls - back) & (RING - 1)]!
      if (!Number.isNaN(latencyMs)) latenciesMs[kept++] = latencyMs
    }
    const delta = {
      calls: ended,
      errors: (errors - this.#seenErrors) | 0,
      latenciesMs: latenciesMs.subarray(0, kept),
    }
    this.#seenCalls = calls
    this.#seenErrors = errors
    return delta
  }
}
