/**
 * The only file of the product's load path that reads the time. Tests inject a clock of their own.
 *
 * `performance.now()` is a monotonic double in milliseconds whose fraction reaches nanoseconds. It counts from
 * the thread's own start, so threads agree on a moment through `process.hrtime`, which they share.
 */

export interface Clock {
  /** Milliseconds since an arbitrary moment, monotonic, with nanoseconds in the fraction. */
  now(): number
}

export const systemClock: Clock = { now: () => performance.now() }

/**
 * A clock that knows how often it was read. Every stamp of a call is a read, so a turn of the event loop without one
 * had nothing to do.
 */
export class CountingClock implements Clock {
  reads = 0
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  now(): number {
    this.reads++
    return this.#clock.now()
  }
}

/** What the calendar says, in ms of Unix time: only what others tell in dates is compared with it. */
export function unixMs(): number {
  return Date.now()
}

/** What the calendar said at a moment of this thread's clock, in ms of Unix time. */
export function unixTime(threadMs: number): number {
  return performance.timeOrigin + threadMs
}

/** This thread's `performance.now()` at a moment of the process-wide monotonic clock. */
export function threadTime(sharedNs: bigint): number {
  const aheadNs = sharedNs - process.hrtime.bigint()
  return performance.now() + Number(aheadNs) / 1e6
}

/** The process-wide monotonic clock, `delayMs` from now, in nanoseconds. */
export function sharedTime(delayMs: number): bigint {
  return process.hrtime.bigint() + BigInt(Math.round(delayMs * 1e6))
}

/** For how many milliseconds this thread's event loop has not slept so far. Polling is not sleep. */
export function loopActiveMs(): number {
  return performance.eventLoopUtilization().active
}

/** CPU time of this thread so far, in ms; NaN where Node does not tell it (before 23.9). */
export function threadCpuMs(): number {
  const used: NodeJS.CpuUsage | undefined = process.threadCpuUsage?.()
  return used ? (used.user + used.system) / 1000 : Number.NaN
}

/** Resolves at the moment. Timers fire up to a millisecond early or late, so the last stretch is polled. */
export async function reach(clock: Clock, momentMs: number): Promise<void> {
  const aheadMs = momentMs - clock.now()
  if (aheadMs > 2) await new Promise((resolve) => setTimeout(resolve, aheadMs - 2))
  while (clock.now() < momentMs) await new Promise((resolve) => setImmediate(resolve))
}
