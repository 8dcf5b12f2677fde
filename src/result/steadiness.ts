/** Whether a case's latency was the same from its first round to its last. */

import { unpairedShift } from '../shift.ts'
import type { RoundResult } from './document.ts'

/** By how much p50 of `request_latency` changed from the first round to the last: 0.1 is 10% more. */
export interface Drift {
  change: number
  /** Its confidence interval. */
  low: number
  high: number
}

const CONFIDENCE = 0.99
/** Changes of less than this matter to nobody. */
export const SMALLEST_DRIFT = 0.05
/** Slices of a round that tell something, each with so many calls that its median does. */
const FEWEST_SLICES = 6
const FEWEST_CALLS = 5

/**
 * The drift, where it is one: the whole confidence interval lies beyond the smallest change that matters. A round is
 * a sample of its slices' medians. One round alone is taken in halves. Null where it is steady, or too short to tell.
 */
export function driftOf(rounds: readonly Pick<RoundResult, 'timeline'>[]): Drift | null {
  const first = mediansOf(rounds[0] ?? {})
  const half = Math.floor(first.length / 2)
  const [before, after] =
    rounds.length > 1 ? [first, mediansOf(rounds.at(-1)!)] : [first.slice(0, half), first.slice(half)]
  if (Math.min(before.length, after.length) < FEWEST_SLICES) return null
  const shift = unpairedShift(before.map(Math.log), after.map(Math.log), CONFIDENCE)
  if (!shift) return null
  const drift = {
    change: Math.expm1(shift.estimate),
    low: Math.expm1(shift.low),
    high: Math.expm1(shift.high),
  }
  return drift.low > SMALLEST_DRIFT || drift.high < -SMALLEST_DRIFT ? drift : null
}

function mediansOf({ timeline }: Pick<RoundResult, 'timeline'>): number[] {
  return (timeline?.slices ?? []).flatMap(({ calls, errors, p50 }) =>
    p50 !== null && p50 > 0 && calls - errors >= FEWEST_CALLS ? p50 : [],
  )
}
