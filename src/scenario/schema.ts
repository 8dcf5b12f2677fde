// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is shown to people, who write such templates.
/** The scenario's keys. What the schema says of a key is what editors and the reference page show. */

import { z } from 'zod'
import type { ReportView } from '../plan/plan.ts'
import { METRICS, STATISTICS } from '../record/metrics.ts'
import {
  choices,
  integer,
  type LeafFault,
  leaf,
  names,
  oneOf,
  quantity,
  text,
  wordOf,
} from '../values/leaf.ts'
import { nearest } from '../values/suggestion.ts'
import { DURATION, type Parsed, RATE } from '../values/units.ts'
import { loadFields, payloadFields, settings, timeoutFields } from './case-schema.ts'
import { expectation } from './expectation.ts'
import { limit, METRIC_NAMES, parseMetric } from './limit.ts'
import { compareSchema, serversSchema } from './server-schema.ts'
import { type TargetSpec, targetSchema, targetVariables } from './target-schema.ts'

const caseSchema = z.strictObject({
  name: text('name')
    .optional()
    .describe('Name in tables. Default: the target’s, and what tells the case from others.'),
  target: names('target name').describe('A target, or a list of them: one case for each.'),
  ...settings,
})

const MOST_VALUES = 100

function prefixed(prefix: string, fields: Readonly<Record<string, z.ZodType>>) {
  return Object.entries(fields).map(([key, value]) => {
    const values = z.array(value).min(1).max(MOST_VALUES).optional()
    return [`${prefix}.${key}`, values.describe(`Values of \`${prefix}.${key}\`.`)] as const
  })
}

const varySchema = z.strictObject(
  Object.fromEntries([
    ...prefixed('payload', payloadFields),
    ...prefixed('load', loadFields),
    ...prefixed('target', targetVariables),
    ...prefixed('timeout', timeoutFields),
  ]),
)

const thresholdSchema = z.strictObject(
  Object.fromEntries(
    METRICS.map((metric) => {
      if (metric.scope === 'round')
        return [metric.name, limit(metric.unit).optional().describe(metric.definition)]
      const statistics = STATISTICS.map((name) => [
        name,
        limit(metric.unit).optional().describe(`Its ${name}.`),
      ])
      return [
        metric.name,
        z.strictObject(Object.fromEntries(statistics)).optional().describe(metric.definition),
      ]
    }),
  ),
)

const metricName = leaf(
  (raw): Parsed<string> => {
    const found = wordOf(raw)
    if (parseMetric(found)) return { value: found }
    const near = nearest(found, METRIC_NAMES) ?? 'request_latency.p50'
    return { message: 'there is no such metric', cure: `Write it like \`${near}\`.` }
  },
  { type: 'string', examples: ['request_latency.p50', 'request_throughput'] },
)

const label = leaf(
  (raw): Parsed<string> =>
    typeof raw === 'string' || typeof raw === 'number'
      ? { value: String(raw) }
      : { message: 'this is neither a text nor a number', cure: 'Write the value as it stands in the case.' },
  { type: ['string', 'number'] },
)

const claimSchema = z.strictObject({
  says: text('statement').describe('The statement, in words.'),
  place: text('place').optional().describe('Where it is said, e.g. the section of a document.'),
  metric: metricName.optional().describe('What it is about, e.g. `request_latency.p50`.'),
  of: text('target').optional().describe('The target or the case that it is about.'),
  over: text('target')
    .optional()
    .describe(
      'A target or case that `of` is held against: the claim is about the ratio of the two, case by case that are otherwise alike. Default: none, it is about the value.',
    ),
  where: z
    .record(z.string(), label)
    .optional()
    .describe('Which of their cases, by key and value, e.g. `{ payload.size: 1KiB }`.'),
  expect: expectation
    .optional()
    .describe('What is expected, e.g. `2..3` or `> 1.5` of a ratio, `10..30ms` or `< 10ms` of a value.'),
  because: text('cause').optional().describe('What is most likely the cause where it does not hold.'),
  cannot: text('reason')
    .optional()
    .describe('Why it cannot be measured, in the place of `metric`, `of` and `expect`.'),
})

const REPORTS: Readonly<Record<ReportView, string>> = {
  cases: 'tables with one row a case',
  matrix: 'the performance matrix, with one row an interface',
  advice: 'the interfaces ranked for each purpose',
}

const PROVIDERS = { auto: 'the first that runs', cuda: 'CUDA', webgpu: 'WebGPU', cpu: 'CPU' } as const

const referenceSchema = z.strictObject({
  provider: oneOf('provider', PROVIDERS).optional().describe('What its models compute on. Default: `auto`.'),
  workers: integer('number of workers', 1, 256)
    .optional()
    .describe('Model workers; a GPU has one. Default: `1`.'),
  token_env: text('name of an environment variable', ['SERVER_TOKEN'])
    .optional()
    .describe(
      'The environment variable with the token that every call must show. Default: none is asked for.',
    ),
  rate_limit: quantity(RATE)
    .optional()
    .describe(
      'Calls that it takes over all interfaces, after a burst of a tenth of a second’s; more are refused and told to wait (docs/limits.md). Default: as many as come.',
    ),
  sessions: integer('number of sessions', 1, 1_000_000)
    .optional()
    .describe(
      'Sessions of each kind that stand at once; one more is refused, and of MCP takes the place of the one that was idle for longest. Default: `1024` of WebSocket, `4096` of MCP and of event streams.',
    ),
  streams: integer('number of streams', 1, 1_000_000)
    .optional()
    .describe('Generations that run at once, over all interfaces; one more is refused. Default: `256`.'),
  session_idle: quantity(DURATION)
    .optional()
    .describe('How long a session of WebSocket or MCP without a call stands. Default: `10m`.'),
  batch_size: integer('number of requests', 1, 65_536)
    .optional()
    .describe('Requests that the `mlp` model joins into one run. Default: `1`, none.'),
  batch_wait: quantity(DURATION)
    .optional()
    .describe('How long a request waits for others to join. Default: `2ms`.'),
})

/** `reference` alone stands for `{ reference: {} }`. */
const serverSchema = z
  .preprocess(
    (raw, context) => {
      if (raw === 'reference') return { reference: {} }
      if (typeof raw === 'string') {
        const params: LeafFault = {
          cure: 'Write `reference`, or leave it out to test your own.',
          missing: false,
        }
        const message = `there is no server \`${raw.slice(0, 64)}\``
        context.issues.push({ code: 'custom', message, input: raw, params: { ...params } })
        return z.NEVER
      }
      return raw
    },
    z.strictObject({ reference: referenceSchema.describe('Settings of the bundled server.') }),
  )
  // What stands for the whole mapping when it is written alone.
  .meta({ shorthand: 'reference' })

export const scenarioSchema = z
  .strictObject({
    name: text('name', ['performance-matrix'])
      .optional()
      .describe('Name of the run; results are filed under it. Default: the file’s name.'),
    description: text('description').optional().describe('What the scenario is for, in a sentence or two.'),
    server: serverSchema
      .optional()
      .describe(
        '`reference` starts the bundled server for this run; `${reference.http}`, `${reference.https}`, `${reference.grpc}`, `${reference.grpcs}`, `${reference.ws}`, `${reference.wss}`, `${reference.mcp}`, `${reference.mcps}` then tell where it is, `${reference.ca}`, `${reference.client_cert}` and `${reference.client_key}` how to trust it and be trusted. Leave it out to test your own.',
      ),
    servers: serversSchema
      .optional()
      .describe(
        'Servers of your own to start for this run, by names of your choice, and to end with it: two versions, say, that `compare` holds against each other. Targets name them by their addresses.',
      ),
    report: oneOf('report', REPORTS)
      .optional()
      .describe(
        `What \`run\` prints. ${choices(REPORTS)}; docs/matrix.md tells which cases it takes. Default: \`cases\`.`,
      ),
    seed: integer('seed', 0, 2 ** 32 - 1)
      .optional()
      .describe('Payloads and random arrivals are made from it. Default: `1`.'),
    targets: z.record(z.string(), targetSchema).describe('The endpoints, by names of your choice.'),
    defaults: z
      .strictObject(settings)
      .optional()
      .describe('What holds for every case that does not say otherwise.'),
    cases: z
      .array(caseSchema)
      .min(1)
      .optional()
      .describe('What is measured: one row of the result for each. Default: each target once.'),
    vary: varySchema
      .optional()
      .describe(
        'Keys with several values each: every case that has the key is repeated for each value, and for each combination of values.',
      ),
    thresholds: z
      .record(z.string(), thresholdSchema)
      .optional()
      .describe(
        'What must hold for the run to pass, by name of a target or a case, or for `all`. E.g. `rest: { request_latency: { p99: "< 50ms" }, error_rate: "< 0.1%" }`.',
      ),
    compare: compareSchema
      .optional()
      .describe(
        'Two targets to hold against each other, side by side: their cases that are otherwise alike are run in turns, in random order, and compared round by round. `run` then ends with 111 where the candidate regressed, 112 where nobody can say; docs/comparing.md tells how.',
      ),
    claims: z
      .array(claimSchema)
      .optional()
      .describe(
        'What somebody says of such numbers, held against those that are measured: it holds, partly, or does not. A claim never fails a run; docs/claims.md tells how it is judged.',
      ),
  })
  .describe('A scenario: which endpoints infer-bench measures, and how.')

export type ScenarioSpec = Omit<z.output<typeof scenarioSchema>, 'targets'> & {
  targets: Record<string, TargetSpec>
}
