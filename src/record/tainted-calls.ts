/** Calls that ended in one turn of an event loop, at most, of which a stall is told only afterwards. */
const REMEMBERED = 4096
/** A call that started so much too late, or ended so soon after a stall, was held up by the thread: a turn of its loop. */
const TURN_MS = 5

/**
 * Counts the calls that were under way while the load thread stood still, and those of them that this can have
 * delayed: it sent them late, or their reply came while nobody read. A stall is noticed only after it, so the last
 * calls that ended are remembered by their times.
 */
export class TaintedCalls {
  /** So far. */
  tainted = 0
  delayed = 0
  readonly #planned = new Float64Array(REMEMBERED)
  readonly #ended = new Float64Array(REMEMBERED).fill(Number.NEGATIVE_INFINITY)
  #next = 0
  #stallEndMs = Number.NEGATIVE_INFINITY

  ended(plannedMs: number, takenMs: number, endMs: number): void {
    const isLate = takenMs - plannedMs > TURN_MS
    if (plannedMs <= this.#stallEndMs) {
      this.tainted++
      if (isLate || endMs < this.#stallEndMs + TURN_MS) this.delayed++
      return
    }
    this.#planned[this.#next] = plannedMs
    this.#ended[this.#next] = endMs
    this.#next = (this.#next + 1) % REMEMBERED
  }

  stall(fromMs: number, toMs: number): void {
    this.#stallEndMs = toMs
    for (let back = 1; back <= REMEMBERED; back++) {
      const place = (this.#next - back + REMEMBERED) % REMEMBERED
      if (this.#ended[place]! < fromMs) return
      if (this.#planned[place]! > toMs) continue
      this.tainted++
      this.delayed++
      // It counts once, though the next stall may begin in the same turn.
      this.#planned[place] = Number.POSITIVE_INFINITY
    }
  }
}
