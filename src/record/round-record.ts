/**
 * What one worker recorded in one round: plain data, so that it crosses threads and machines, and mergeable,
 * so that the workers' records of a round add up to what a single one would have recorded.
 */

import type { Outcome } from '../drivers/driver.ts'
import type { Timeline } from './timeline.ts'
import type { TracedCalls } from './traced-calls.ts'

export interface ErrorRecord {
  outcome: Outcome
  count: number
  /**
   * Encoded histogram of planned start -> failure; null where it was a connection that failed, not a call. Of an idle
   * load's sessions: from when one was asked for or, where it stood, from then on.
   */
  timeToFailure: string | null
}

/** Sums over a round's calls. All but the `…InWindow` ones leave the warm-up out. */
export interface Counts {
  /** Ended, with or without an error. */
  calls: number
  errors: number
  interrupted: number
  /** Due, and never sent. */
  dropped: number
  /** Those of them that the load thread never turned to. */
  missed: number
  /** Successful calls that were under way while the load thread stood still. */
  tainted: number
  /** Those of them that this can have delayed. */
  delayed: number
  /** Refusals, of calls or connections, that asked for a wait, and those of them whose wait nobody could keep. */
  throttled: number
  absurdWaits: number
  /** Successful calls that met every objective. */
  good: number
  /** Successful calls that ended inside the measured window, those that began in the warm-up included. */
  endedInWindow: number
  /** Their output tokens. */
  tokensInWindow: number
  /** Length of that window: to its end, or to the last call's where no duration ends it. */
  windowMs: number
  connections: number
  /** Those of them that resumed a TLS session. */
  resumed: number
  /** Socket bytes of all their handshakes. */
  handshakeBytes: number
  /** CPU time of the load thread, from the round's start until its last call ended; NaN where it is not told. */
  cpuMs: number
  /** Socket and payload bytes of all calls, the warm-up's included, handshakes left out. */
  wireBytes: number
  payloadBytes: number
  /** All calls that ended, and those without an error, the warm-up's included. */
  allEnded: number
  allSuccesses: number
  /** Negative `overhead_time` values, which are left out. */
  negativeOverheads: number
  /** Successful calls of several messages whose reply had not as many chunks. */
  unpaired: number
  /** Of an idle load: sessions that were asked for, that stood when the round began, and that stood when it ended. */
  sessionsAsked: number
  sessionsStood: number
  sessionsLeft: number
}

/** What a load thread did with its time, until its last call started. */
export interface ThreadUse {
  /** Share of the time for which it had something to do, empty polls left out, 0 to 1. */
  busyShare: number
  /** Of the time for which it was awake, the share for which a core ran it, 0 to 1; NaN where CPU time is not told. */
  coreShare: number
}

/** How a load thread stood still. */
export interface Stalls {
  count: number
  longestMs: number
  /** The longest time for which the thread itself ran during one of them; NaN where that is not told. */
  longestOwnMs: number
  /** Calls that were under way at the end of each, summed up: of a stream, a gap each may be longer for it. */
  openCalls: number
}

export interface RoundRecord {
  counts: Counts
  /** Metric name to encoded histogram; metrics without a value are not there. */
  histograms: Record<string, string>
  timeline: Timeline
  errors: ErrorRecord[]
  use: ThreadUse
  stalls: Stalls
  /** Left out where the server is told of no traces. */
  traced?: TracedCalls
  overflowed: boolean
}

export function newCounts(): Counts {
  return {
    calls: 0,
    errors: 0,
    interrupted: 0,
    dropped: 0,
    missed: 0,
    tainted: 0,
    delayed: 0,
    throttled: 0,
    absurdWaits: 0,
    good: 0,
    endedInWindow: 0,
    tokensInWindow: 0,
    windowMs: 0,
    connections: 0,
    resumed: 0,
    handshakeBytes: 0,
    cpuMs: 0,
    wireBytes: 0,
    payloadBytes: 0,
    allEnded: 0,
    allSuccesses: 0,
    negativeOverheads: 0,
    unpaired: 0,
    sessionsAsked: 0,
    sessionsStood: 0,
    sessionsLeft: 0,
  }
}
