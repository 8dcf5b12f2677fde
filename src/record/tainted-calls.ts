/** Calls that ended in one turn of an event loop, at most, of which a stall is told only afterwards. */
const REMEMBERED = 4096

/**
 * Counts the calls that were under way while the load thread stood still: what was measured of them may be the
 * generator's doing. A stall is noticed only after it, so the last calls that ended are remembered by their times.
 */
export class TaintedCalls {
  /** So far. */
  count = 0
  readonly #planned = new Float64Array(REMEMBERED)
  readonly #ended = new Float64Array(REMEMBERED).fill(Number.NEGATIVE_INFINITY)
  #next = 0
  #stallEndMs = Number.NEGATIVE_INFINITY

  ended(plannedMs: number, endMs: number): void {
    if (plannedMs <= this.#stallEndMs) {
      this.count++
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
      this.count++
      // It counts once, though the next stall may begin in the same turn.
      this.#planned[place] = Number.POSITIVE_INFINITY
    }
  }
}
