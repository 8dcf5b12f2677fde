import type { RetryAfter } from '../drivers/retry-after.ts'

/** What asks for more asks for no time that any run could wait. */
const LONGEST_WAIT_MS = 24 * 60 * 60 * 1000

/** How long a server asks to be left alone, in ms from `unixMs` on; NaN where it says so in a way that nobody can read. */
export function waitMs(told: RetryAfter, unixMs: number): number {
  return 'afterMs' in told ? told.afterMs : Math.max(0, told.atMs - unixMs)
}

/** Whether a wait is one that could be kept. */
export function isAbsurd(askedMs: number): boolean {
  return !(askedMs <= LONGEST_WAIT_MS)
}

/**
 * Until when a server wants no call of a case, and no connection. One for each case of a load thread, over all of its
 * rounds: a limit is about the client, not about one of its connections, and goes on when a round is over.
 */
export class Throttle {
  /** By the load thread's clock. */
  #noCallBeforeMs = Number.NEGATIVE_INFINITY
  #noConnectionBeforeMs = Number.NEGATIVE_INFINITY
  readonly #longestMs: number

  /** `longestMs`: no wait is kept for longer. Where a round has no end of its own, nothing else would end it. */
  constructor(longestMs = LONGEST_WAIT_MS) {
    this.#longestMs = Math.min(longestMs, LONGEST_WAIT_MS)
  }

  /** A call was told to wait. */
  call(askedMs: number, nowMs: number): void {
    this.#noCallBeforeMs = this.#later(this.#noCallBeforeMs, askedMs, nowMs)
  }

  /** A connection was refused; those that stand may go on. */
  connection(askedMs: number, nowMs: number): void {
    this.#noConnectionBeforeMs = this.#later(this.#noConnectionBeforeMs, askedMs, nowMs)
  }

  /** How long no call may start, in ms. */
  callsWaitMs(nowMs: number): number {
    return Math.max(0, this.#noCallBeforeMs - nowMs)
  }

  /** How long no connection may be opened, in ms. */
  connectionsWaitMs(nowMs: number): number {
    return Math.max(0, this.#noConnectionBeforeMs - nowMs)
  }

  /** A shorter wait does not take back a longer one: both were asked for. */
  #later(beforeMs: number, askedMs: number, nowMs: number): number {
    return Number.isNaN(askedMs) ? beforeMs : Math.max(beforeMs, nowMs + Math.min(askedMs, this.#longestMs))
  }
}
