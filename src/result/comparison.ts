/** What a comparison says, as a result keeps it. */

import { z } from 'zod'

/** Of one metric of one case, the worst first. */
const CHANGE_VERDICTS = ['regressed', 'inconclusive', 'improved', 'unchanged'] as const

/** Of a gate, the best first. */
const GATE_VERDICTS = ['pass', 'regressed', 'inconclusive'] as const

const number = z.number()

/** A relative change (0.1: 10% more), or a difference of two shares. */
const changeSchema = z.object({ estimate: number, low: number, high: number })

const comparedMetricSchema = z.object({
  /** E.g. `request_latency.p99`. */
  metric: z.string(),
  /** Of the case as a whole, in the metric's unit; null where it is absent. */
  baseline: number.nullable(),
  candidate: number.nullable(),
  /** From the baseline to the candidate, with the interval that it lies in; null where there is too little to tell. */
  change: changeSchema.nullable(),
  /** The smallest change that matters, as `change` is counted. */
  smallest: number,
  /** Rounds on either side. */
  rounds: z.tuple([z.int(), z.int()]),
  verdict: z.enum(CHANGE_VERDICTS),
  /** Why it is inconclusive. */
  reason: z.string().nullable(),
})

const differenceSchema = z.object({ what: z.string(), baseline: z.string(), candidate: z.string() })

const side = z.enum(['baseline', 'candidate'])

const comparedCaseSchema = z.object({
  /** The case's name; of targets side by side, what they have in common. */
  name: z.string(),
  baseline: z.string(),
  candidate: z.string(),
  metrics: z.array(comparedMetricSchema),
  /** What differs between the two beside the server. */
  differences: z.array(differenceSchema),
})

const gateSchema = z.object({
  verdict: z.enum(GATE_VERDICTS),
  /** Why it does not pass, for a person. */
  reasons: z.array(z.string()),
})

export const comparisonSchema = z.object({
  /** What is compared with what, for a person. */
  baseline: z.string(),
  candidate: z.string(),
  /** True where the rounds of both sides were run in turns, and are compared pair by pair. */
  isSideBySide: z.boolean(),
  /** So surely do all intervals together hold what is true. */
  confidence: number,
  cases: z.array(comparedCaseSchema),
  /** What differs between the runs. */
  differences: z.array(differenceSchema),
  /** A side that was ended before it was done. */
  unfinished: z.array(side),
  /** Cases that only one side has. */
  unmatched: z.array(z.object({ onlyIn: side, name: z.string() })),
  /** Whether the candidate may pass; left out where nobody asked. */
  gate: gateSchema.optional(),
})

export type GateOutcome = z.infer<typeof gateSchema>

export type Comparison = z.infer<typeof comparisonSchema>
export type ComparedCase = z.infer<typeof comparedCaseSchema>
export type ComparedMetric = z.infer<typeof comparedMetricSchema>
export type Change = z.infer<typeof changeSchema>
export type ChangeVerdict = ComparedMetric['verdict']
export type Difference = z.infer<typeof differenceSchema>
