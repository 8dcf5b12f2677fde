/** What a comparison says: plain data, so that it can be stored, shown and gated on. */

import type { Difference } from './fingerprint.ts'

export const VERDICTS = ['regressed', 'inconclusive', 'improved', 'unchanged'] as const
/** Of one metric of one case. */
export type ChangeVerdict = (typeof VERDICTS)[number]

/** A relative change (0.1: 10% more), or a difference of two shares. */
export interface Change {
  estimate: number
  low: number
  high: number
}

export interface ComparedMetric {
  /** E.g. `request_latency.p99`. */
  metric: string
  /** Of the case as a whole, in the metric's unit; null where it is absent. */
  baseline: number | null
  candidate: number | null
  /** From the baseline to the candidate; null where there is too little to tell. */
  change: Change | null
  /** The smallest change that matters, as `change` is counted. */
  smallest: number
  /** Rounds on either side. */
  rounds: readonly [number, number]
  verdict: ChangeVerdict
  /** Why it is inconclusive. */
  reason: string | null
}

export interface ComparedCase {
  /** The case's name; of targets side by side, what they have in common. */
  name: string
  baseline: string
  candidate: string
  metrics: ComparedMetric[]
  /** What differs between the two beside the server. */
  differences: Difference[]
}

export interface Comparison {
  /** What is compared with what, for a person. */
  baseline: string
  candidate: string
  /** True where the rounds of both sides were run in turns, and are compared pair by pair. */
  isSideBySide: boolean
  /** Of all intervals together: so surely does every one of them hold what is true. */
  confidence: number
  cases: ComparedCase[]
  /** What differs between the runs. */
  differences: Difference[]
  /** A side that was ended before it was done. */
  unfinished: ('baseline' | 'candidate')[]
  /** Cases that only one side has. */
  unmatched: { onlyIn: 'baseline' | 'candidate'; name: string }[]
}

/** The worst of all: what a gate goes by. Null: nothing was compared. */
export function overallVerdict({ cases }: Comparison): ChangeVerdict | null {
  const found = new Set(cases.flatMap(({ metrics }) => metrics.map(({ verdict }) => verdict)))
  return VERDICTS.find((verdict) => found.has(verdict)) ?? null
}
