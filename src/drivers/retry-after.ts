import type { Outcome } from './driver.ts'

/**
 * When a server wants to be asked again, in ms: after a time, or at a moment of Unix time where it does not tell what time
 * it is there. NaN: it said so in a way that nobody can read, or that is no time.
 */
export type RetryAfter = { afterMs: number } | { atMs: number }

/** The same outcome, with the wait that the server asked for, if it did. */
export function withRetryAfter(outcome: Outcome, retryAfter: RetryAfter | undefined): Outcome {
  return retryAfter === undefined ? outcome : { ...outcome, retryAfter }
}
