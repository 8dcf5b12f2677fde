/** Turns merged settings into what a plan holds: every default applied, every path absolute. */

import { resolve as resolvePath } from 'node:path'
import type { Datatype } from '../dialects/datatypes.ts'
import { tensorBytes } from '../dialects/tensors.ts'
import type { SloSpec, TimeoutSpec } from '../scenario/case-schema.ts'
import type { Problem } from '../scenario/problem.ts'
import type { Path, Source } from '../scenario/source.ts'
import { formatSize, SIZE } from '../values/units.ts'
import type { Field, Fields, MergedLoad, MergedPayload } from './merge-settings.ts'
import type { Load, Payload, Slo, Timeouts } from './plan.ts'

const DEFAULT_SIZE_BYTES = 1024
const DEFAULT_PROMPT_TOKENS = 32
const DEFAULT_OUTPUT_TOKENS = 32
const DEFAULT_DURATION_MS = 3000
const DEFAULT_WARMUP_MS = 500
const DEFAULT_SEARCH_RATE = 10
/** Far below what any server's queue of new connections holds. */
const DEFAULT_HANDSHAKES = 50
const DEFAULT_PRECISION = 0.03
const DEFAULT_OBJECTIVE = { metric: 'request_latency', statistic: 'p99' }
/** How many times the limit of its objective a search looks at each rate. */
const LIMITS_A_STEP = 40
const DEFAULT_CONNECT_MS = 10_000
const DEFAULT_TOTAL_MS = 30_000

export interface ResolveContext {
  source: Source
  problems: Problem[]
  /** Absolute. */
  directory: string
  seed: number
  /** Where the case stands, for what is missing in it. */
  path: Path
}

export function resolvePayload({ form, fields }: MergedPayload, context: ResolveContext): Payload {
  const { seed, directory } = context
  const common = {
    encoding: fields.encoding?.value ?? ('json' as const),
    batch: fields.batch?.value ?? 1,
    seed,
    ...(fields.messages && { messages: fields.messages.value }),
    ...(fields.message_interval && { messageIntervalMs: fields.message_interval.value }),
  }
  const outputTokens = fields.output_tokens?.value ?? DEFAULT_OUTPUT_TOKENS
  const ignoreEos = fields.ignore_eos?.value ?? false
  switch (form) {
    case 'size': {
      const { tensor, datatype, shape } = fields
      const described = {
        ...(tensor && { tensor: tensor.value }),
        ...(datatype && { datatype: datatype.value }),
        ...(shape && { shape: shape.value }),
      }
      const byteCount = shape
        ? bytesOfShape(shape, datatype?.value, context)
        : (fields.size?.value ?? DEFAULT_SIZE_BYTES)
      return { ...common, label: formatSize(byteCount), form, byteCount, ...described }
    }
    case 'tokens': {
      const promptTokens = fields.prompt_tokens?.value ?? DEFAULT_PROMPT_TOKENS
      return {
        ...common,
        label: `${promptTokens} + ${outputTokens} tokens`,
        form,
        promptTokens,
        outputTokens,
        ignoreEos,
      }
    }
    case 'text':
      return { ...common, label: 'text', form, text: fields.text!.value, outputTokens, ignoreEos }
    case 'json':
      return { ...common, label: 'json', form, json: fields.json!.value }
    case 'file': {
      const file = fields.file!.value
      return { ...common, label: file, form, path: resolvePath(directory, file) }
    }
    case 'none':
      return { ...common, label: '', form }
  }
}

function bytesOfShape(
  { value: shape, path }: Field<number[]>,
  datatype: Datatype | undefined,
  { source, problems }: ResolveContext,
): number {
  const byteCount = tensorBytes(shape, datatype)
  if (byteCount > SIZE.max) {
    const message = `a tensor of this shape has ${byteCount} bytes`
    problems.push(source.problem(path, message, `A payload is ${SIZE.range}.`))
  }
  return byteCount
}

/** Null where the scenario leaves out what the model cannot do without. */
export function resolveLoad({ model, fields }: MergedLoad, context: ResolveContext): Load | null {
  const { source, problems, path, seed } = context
  const calls = fields.calls?.value ?? null
  const common = {
    warmupMs: fields.warmup?.value ?? DEFAULT_WARMUP_MS,
    durationMs: calls === null ? (fields.duration?.value ?? DEFAULT_DURATION_MS) : null,
    calls,
    overflow: fields.overflow?.value ?? ('queue' as const),
    connections: fields.connections?.value ?? null,
  }
  const missing = (key: string, example: string) => {
    problems.push(
      source.problem(
        [...path, 'load'],
        `${model === 'idle' ? 'an' : 'a'} ${model} load needs \`${key}\``,
        `Add e.g. \`${example}\`.`,
      ),
    )
    return null
  }
  switch (model) {
    case 'closed':
      return { ...common, model, concurrency: fields.concurrency?.value ?? 1 }
    case 'idle': {
      const sessions = fields.sessions?.value
      if (sessions === undefined) return missing('sessions', 'sessions: 1000')
      const concurrency = fields.concurrency?.value ?? DEFAULT_HANDSHAKES
      const durationMs = fields.duration?.value ?? DEFAULT_DURATION_MS
      return { ...common, durationMs, calls: null, model, sessions, concurrency }
    }
    case 'constant':
    case 'poisson': {
      const ratePerSecond = fields.rate?.value
      if (ratePerSecond === undefined) return missing('rate', 'rate: 20/s')
      return model === 'constant'
        ? { ...common, model, ratePerSecond }
        : { ...common, model, ratePerSecond, seed }
    }
    case 'search': {
      const below = fields.below?.value
      if (below === undefined) return missing('below', 'below: 50ms')
      const startRatePerSecond = fields.start_rate?.value || DEFAULT_SEARCH_RATE
      return {
        ...common,
        // A queue that grows slowly has to have the time to reach the limit.
        durationMs: fields.duration?.value ?? Math.max(DEFAULT_DURATION_MS, LIMITS_A_STEP * below),
        calls: null,
        model,
        objective: { ...(fields.metric?.value ?? DEFAULT_OBJECTIVE), below },
        startRatePerSecond,
        maxRatePerSecond: fields.max_rate?.value ?? null,
        precision: fields.precision?.value ?? DEFAULT_PRECISION,
      }
    }
    case 'ramp': {
      const stages = fields.stages?.value.map(({ rate, duration }) => ({
        ratePerSecond: rate,
        durationMs: duration,
      }))
      if (!stages) return missing('stages', 'stages: [{ rate: 100/s, duration: 10s }]')
      const durationMs = stages.reduce((sum, stage) => sum + stage.durationMs, 0)
      const startRatePerSecond = fields.start_rate?.value ?? 0
      return { ...common, calls: null, durationMs, model, startRatePerSecond, stages }
    }
  }
}

export function resolveTimeouts(fields: Fields<TimeoutSpec>): Timeouts {
  return {
    connectMs: fields.connect?.value ?? DEFAULT_CONNECT_MS,
    firstByteMs: fields.first_byte?.value ?? null,
    idleMs: fields.idle?.value ?? null,
    totalMs: fields.total?.value ?? DEFAULT_TOTAL_MS,
  }
}

export function resolveSlo(...specs: (SloSpec | undefined)[]): Slo[] {
  const merged: SloSpec = Object.assign({}, ...specs)
  return Object.entries(merged).flatMap(([metric, atMost]) =>
    atMost === undefined ? [] : [{ metric, atMost }],
  )
}
