/**
 * The result document: what a run leaves, and all that reports and comparisons know. The schema is the
 * definition; reading, writing and merging stand beside it.
 */

import { z } from 'zod'
import { STATISTICS } from '../record/metrics.ts'
import { list, named } from './bounded.ts'
import { claimResultSchema } from './claim.ts'
import { comparisonSchema } from './comparison.ts'

/** Major versions differ in meaning, minor ones only add. */
export const SCHEMA_VERSION = '1.0'

const MOST_LEVELS = 100
const number = z.number()
const count = z.int().min(0)

/** Any JSON, but no deeper than what walks it again can take. */
const json = z.unknown().refine(isShallow, `nested more than ${MOST_LEVELS} levels deep`)

function isShallow(value: unknown): boolean {
  let level = [value]
  for (let depth = 0; depth < MOST_LEVELS; depth++) {
    level = level.flatMap((item) => (item !== null && typeof item === 'object' ? Object.values(item) : []))
    if (level.length === 0) return true
  }
  return false
}

const statistics = z.object(
  Object.fromEntries(STATISTICS.map((name) => [name, number])) as Record<
    (typeof STATISTICS)[number],
    typeof number
  >,
)

const distributionSchema = statistics.extend({
  unit: z.literal('ms'),
  count,
  /** Statistics that calls still open at the end of a round could have moved: read them as `>=`. */
  at_least: z.array(z.string()).optional(),
  /** HdrHistogram V2 compressed, base64, in nanoseconds. In rounds it is left out. */
  hdr: z.string().optional(),
})

const summarySchema = z.object({
  /** Calls that ended, with or without an error, whose planned start was after the warm-up. */
  calls: count,
  errors: count,
  /** Still open when the drain ended. Not an error. */
  interrupted: count,
  /** Arrivals that were due and never sent. */
  dropped: count,
  /** Those of them that the load thread never turned to. */
  missed: count.default(0),
  /** Successful calls that were under way while their load thread stood still. */
  tainted: count.default(0),
  /** Refusals that asked for a wait, and those of them whose wait nobody could keep. */
  throttled: count.default(0),
  absurd_waits: count.default(0),
  /** From the end of the warm-up until the last measured call had ended. */
  duration_s: number,
  request_throughput: number.nullable(),
  output_token_throughput: number.nullable(),
  throughput_per_core: number.nullable(),
  /** In bytes; the highest of the rounds. */
  server_memory_growth: number.nullable().default(null),
  goodput: number.nullable(),
  error_rate: number.nullable(),
  overhead_bytes: number.nullable(),
  requested_rate: number.nullable(),
  /** Connections opened, handshakes of warm-up included. */
  connections: count,
  /** Those of them that resumed a TLS session. */
  resumed: count.default(0),
  /** Mean of the connections. */
  handshake_bytes: number.nullable().default(null),
  /** Of the load threads, per call, in ms. */
  client_cpu_time: number.nullable().default(null),
  /** Of an idle load, and left out of any other: sessions that stood at the end (of the round with the fewest). */
  sessions: count.optional(),
  /** Those that did not: refused, lost, or expired. */
  sessions_lost: count.optional(),
  session_loss: number.nullable().optional(),
  /** In bytes; the median of the rounds. */
  server_memory_per_session: number.nullable().optional(),
  client_memory_per_session: number.nullable().optional(),
})

const verdictSchema = z.object({
  valid: z.boolean(),
  reasons: list(z.string()),
  /** Metric name to how it must be read, e.g. `request_throughput: ">= (client limit)"`. */
  notes: named(z.string()).optional(),
})

const errorSchema = z.object({
  phase: z.string(),
  class: z.string(),
  code: z.string(),
  count,
  sample: z.string(),
  /** From planned start to failure. */
  time_to_failure: distributionSchema.optional(),
})

const metrics = named(distributionSchema)

/** How `request_latency` went over a round: slices of equal length from the end of the warm-up on, by planned start. */
const timelineSchema = z.object({
  slice_s: number,
  slices: list(
    z.object({
      calls: count,
      errors: count,
      p50: number.nullable(),
      p99: number.nullable(),
      /** Of `inter_chunk_latency`; left out where no stream had two chunks. */
      gap_p50: number.nullable().optional(),
      gap_p99: number.nullable().optional(),
    }),
  ),
})

const roundSchema = z.object({ summary: summarySchema, metrics, timeline: timelineSchema.optional() })

/** The same driver and load against a server of the same protocol that does nothing. Nothing is ever reduced by it. */
const floorSchema = z.object({
  /** As it was measured: for a shorter time, and at a rate that gives a median in that time. */
  load: named(json),
  /** Null where it could not be measured. */
  summary: summarySchema.nullable(),
  metrics,
  /** Why it could not be measured; null where it was. */
  reason: z.string().nullable(),
})

const limit = z.enum(['objective', 'errors', 'dropped', 'generator', 'max_rate'])

/** How the rate was found at which the case was measured. Durations in ms, rates per second. */
const searchSchema = z.object({
  metric: z.string(),
  statistic: z.string(),
  below: number,
  /** The highest rate at which the objective held; null where it held at none. */
  rate: number.nullable(),
  /** What keeps it from being higher: the server (`objective`, `errors`, `dropped`), the generator, or the scenario. */
  limit,
  /** By rate: the throughput-latency curve. */
  steps: list(
    z.object({
      rate: number,
      /** Calls that ended in the step's window, per second. */
      throughput: number.nullable(),
      /** Of `request_latency`. */
      p50: number.nullable(),
      p99: number.nullable(),
      /** Of what the objective is about. */
      value: number.nullable(),
      /** Null where the objective held. */
      limit: limit.nullable(),
    }),
  ),
})

/** How a server's traces find a call. */
const tracedCallSchema = z.object({
  trace_id: z.string().regex(/^[0-9a-f]{32}$/),
  /** `request_latency` of the call; of one that failed, from its planned start until then. */
  latency_ms: number,
  /** Its planned start. */
  start_time: z.iso.datetime(),
  /** Class of its error. */
  class: z.string().optional(),
})

const tracesSchema = z.object({
  /** The slowest successful calls, the slowest one first. */
  slowest: list(tracedCallSchema),
  /** One of each class of error, at most a few. */
  failed: list(tracedCallSchema),
})

export const caseSchema = z.object({
  name: z.string(),
  target: z.string(),
  interface: z.string(),
  api: z.string(),
  /** How a reply comes: in one piece, or in chunks. Decides which tables show the case. */
  kind: z.enum(['unary', 'streaming']),
  /** Which sides of a call stream. Left out where only `kind` is known. */
  call_kind: z.enum(['unary', 'server-stream', 'client-stream', 'bidi']).optional(),
  labels: named(z.union([z.string(), z.number()])),
  load: named(json),
  search: searchSchema.optional(),
  verdict: verdictSchema,
  summary: summarySchema,
  metrics,
  /** Metric name to the reason why it is not there. */
  absent: named(z.string()),
  rounds: list(roundSchema),
  errors: list(errorSchema),
  /** Left out where none was asked for. */
  floor: floorSchema.optional(),
  /** Left out where the server was told of no traces. */
  traces: tracesSchema.optional(),
})

const thresholdResultSchema = z.object({
  says: z.string(),
  case: z.string(),
  /** E.g. `request_latency.p99` or `error_rate`. */
  metric: z.string(),
  /** What was measured; null where the metric is missing, which never passes. */
  value: number.nullable(),
  /** True where the value is a lower bound: the real one may be higher. */
  at_least: z.boolean().optional(),
  /** In the metric's unit; null where it is held against a baseline that has no such number. */
  limit: number.nullable(),
  passed: z.boolean(),
  reason: z.string().optional(),
})

export const resultSchema = z.object({
  schema_version: z.string().regex(/^\d+\.\d+$/),
  run_id: z.string(),
  name: z.string(),
  start_time: z.iso.datetime(),
  end_time: z.iso.datetime(),
  cancelled: z.boolean(),
  /** Something broke before the last round had ended: only what was measured until then is in it. */
  incomplete: z.object({ reason: z.string() }).optional(),
  region: z.string().nullable(),
  /** The plan as it ran; secrets stand as `${env:NAME}`. */
  scenario: json,
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
        providers_skipped: list(z.object({ provider: z.string(), reason: z.string() })),
      })
      .nullable(),
  }),
  /** What the ids of the run's traces begin with, where it was asked for them. */
  trace: z.object({ prefix: z.string().regex(/^[0-9a-f]{16}$/) }).optional(),
  verdict: verdictSchema,
  cases: list(caseSchema),
  thresholds: list(thresholdResultSchema),
  claims: list(claimResultSchema).optional(),
  /** With a baseline, where the run had one. */
  comparison: comparisonSchema.optional(),
})

export type Result = z.infer<typeof resultSchema>
export type CaseResult = z.infer<typeof caseSchema>
export type Floor = z.infer<typeof floorSchema>
export type SearchResult = z.infer<typeof searchSchema>
export type RoundResult = z.infer<typeof roundSchema>
export type Summary = z.infer<typeof summarySchema>
export type Distribution = z.infer<typeof distributionSchema>
export type ErrorCount = z.infer<typeof errorSchema>
export type TracedCallResult = z.infer<typeof tracedCallSchema>
export type Verdict = z.infer<typeof verdictSchema>
export type ThresholdResult = z.infer<typeof thresholdResultSchema>
