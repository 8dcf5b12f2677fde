/** What is said of a claim, as a result keeps it. */

import { z } from 'zod'
import { list } from './bounded.ts'

const number = z.number()

/** Of a claim, the best first. */
export const CLAIM_VERDICTS = ['holds', 'partly', 'does not hold', 'cannot be measured'] as const

export const claimResultSchema = z.object({
  says: z.string(),
  /** Where it is said. */
  place: z.string().optional(),
  /** E.g. `request_latency.p50`; left out where nothing can be measured. */
  metric: z.string().optional(),
  /** As the scenario has it. */
  expect: z.string().optional(),
  /** One for each case, or pair of cases, that it is about. */
  measured: list(
    z.object({
      case: z.string(),
      /** The case that it is held against: `value` is the ratio of the two. */
      over: z.string().optional(),
      /** In the metric's unit; null where it is missing or cannot be trusted. */
      value: number.nullable(),
      /** True where the real value may be higher. */
      at_least: z.boolean().optional(),
      /** The lowest and the highest of the rounds. */
      rounds: z.object({ low: number, high: number }).optional(),
      /** Why there is no value. */
      reason: z.string().optional(),
    }),
  ),
  verdict: z.enum(CLAIM_VERDICTS),
  /** Why it cannot be measured, or the likely cause where it does not hold, or not wholly. */
  reason: z.string().optional(),
})

export type ClaimResult = z.infer<typeof claimResultSchema>
