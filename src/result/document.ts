/**
 * The result document: what a run leaves, and all that reports and comparisons know. The schema is the
 * definition; reading, writing and merging stand beside it.
 */

import { z } from 'zod'
import { STATISTICS } from '../record/metrics.ts'

/** Major versions differ in meaning, minor ones only add. */
export const SCHEMA_VERSION = '1.0'

const number = z.number()
const count = z.int().min(0)

const statistics = z.object(
  Object.fromEntries(STATISTICS.map((name) => [name, number])) as Record<
    (typeof STATISTICS)[number],
    typeof number
  >,
)

export const distributionSchema = statistics.extend({
  unit: z.literal('ms'),
  count,
  /** Percentiles that calls still open at the end of a round could have moved: read them as `>=`. */
  at_least: z.array(z.string()).optional(),
  /** HdrHistogram V2 compressed, base64, in nanoseconds. In rounds it is left out. */
  hdr: z.string().optional(),
})

export const summarySchema = z.object({
  /** Calls that ended, with or without an error, whose planned start was after the warm-up. */
  calls: count,
  errors: count,
  /** Still open when the drain ended. Not an error. */
  interrupted: count,
  /** Arrivals that were due and never sent. */
  dropped: count,
  /** From the end of the warm-up until the last measured call had ended. */
  duration_s: number,
  request_throughput: number.nullable(),
  output_token_throughput: number.nullable(),
  throughput_per_core: number.nullable(),
  goodput: number.nullable(),
  error_rate: number.nullable(),
  overhead_bytes: number.nullable(),
  requested_rate: number.nullable(),
  /** Connections opened, handshakes of warm-up included. */
  connections: count,
})

export const verdictSchema = z.object({
  valid: z.boolean(),
  reasons: z.array(z.string()),
  /** Metric name to how it must be read, e.g. `request_throughput: ">= (client limit)"`. */
  notes: z.record(z.string(), z.string()).optional(),
})

export const errorSchema = z.object({
  phase: z.string(),
  class: z.string(),
  code: z.string(),
  count,
  sample: z.string(),
  /** From planned start to failure. */
  time_to_failure: distributionSchema.optional(),
})

const metrics = z.record(z.string(), distributionSchema)

export const roundSchema = z.object({ summary: summarySchema, metrics })

export const caseSchema = z.object({
  name: z.string(),
  target: z.string(),
  interface: z.string(),
  api: z.string(),
  labels: z.record(z.string(), z.union([z.string(), z.number()])),
  load: z.record(z.string(), z.unknown()),
  verdict: verdictSchema,
  summary: summarySchema,
  metrics,
  /** Metric name to the reason why it is not there. */
  absent: z.record(z.string(), z.string()),
  rounds: z.array(roundSchema),
  errors: z.array(errorSchema),
})

export const thresholdResultSchema = z.object({
  says: z.string(),
  case: z.string(),
  metric: z.string(),
  /** What was measured; null where the metric is missing, which never passes. */
  value: number.nullable(),
  limit: number,
  passed: z.boolean(),
  reason: z.string().optional(),
})

export const resultSchema = z.object({
  schema_version: z.string(),
  run_id: z.string(),
  name: z.string(),
  start_time: z.string(),
  end_time: z.string(),
  cancelled: z.boolean(),
  region: z.string().nullable(),
  /** The plan as it ran; secrets stand as `${env:NAME}`. */
  scenario: z.unknown(),
  environment: z.object({
    tool: z.string(),
    node: z.string(),
    os: z.string(),
    kernel: z.string(),
    cpu: z.string(),
    cores: z.int().min(1),
    workers: z.int().min(1),
    server: z
      .object({
        name: z.string(),
        version: z.string(),
        provider: z.string(),
        providers_skipped: z.array(z.object({ provider: z.string(), reason: z.string() })),
      })
      .nullable(),
  }),
  verdict: verdictSchema,
  cases: z.array(caseSchema),
  thresholds: z.array(thresholdResultSchema),
})

export type Result = z.infer<typeof resultSchema>
export type CaseResult = z.infer<typeof caseSchema>
export type RoundResult = z.infer<typeof roundSchema>
export type Summary = z.infer<typeof summarySchema>
export type Distribution = z.infer<typeof distributionSchema>
export type ErrorCount = z.infer<typeof errorSchema>
export type Verdict = z.infer<typeof verdictSchema>
export type ThresholdResult = z.infer<typeof thresholdResultSchema>
