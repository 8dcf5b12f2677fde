// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is shown to people, who write such templates.
/** The keys of a case, and of `defaults`: what is sent, how often, and how long it may take. */

import { z } from 'zod'
import { type Datatype, ELEMENTS } from '../dialects/datatypes.ts'
import type { Case, Load, Overflow, TensorEncoding } from '../plan/plan.ts'
import { CALL_METRICS, CHUNK_METRICS, STATISTICS } from '../record/metrics.ts'
import { choices, flag, integer, integers, leaf, oneOf, quantity, text } from '../values/leaf.ts'
import { suggest } from '../values/suggestion.ts'
import { DURATION, DURATION_OR_ZERO, type Parsed, RATE, RATE_OR_ZERO, SHARE, SIZE } from '../values/units.ts'

const ENCODINGS: Readonly<Record<TensorEncoding, string>> = {
  json: 'numbers as text',
  base64: 'raw bytes as base64 within JSON',
  binary: 'raw bytes',
  multipart: 'raw bytes as a part of a form, beside the JSON',
}

const MODELS: Readonly<Record<Load['model'], string>> = {
  closed: 'a call starts when the one before it has ended',
  constant: 'calls start at even distances, whether or not replies come',
  poisson: 'calls start at random, independent times, as users do',
  ramp: 'calls start at a rate that changes in stages',
  search: 'the highest rate is looked for at which an objective holds, and then measured',
  idle: 'no calls: sessions are opened, stand for the `duration`, and are closed; docs/idle-sessions.md tells what a session is',
}

const OVERFLOWS: Readonly<Record<Overflow, string>> = {
  queue: 'it waits, and its latency shows it',
  drop: 'it is given up, and counted',
  abort: 'the case ends',
}

const MOST_TOKENS = 1_000_000
/** As many axes as tensors have. */
const MOST_AXES = 32
const MOST_LENGTH = SIZE.max

/** Each type of the elements of a tensor, and its size. */
const DATATYPES = Object.fromEntries(
  Object.entries(ELEMENTS).map(([name, { byteCount }]) => [name, `${byteCount} B`]),
) as Record<Datatype, string>

export const payloadFields = {
  size: quantity(SIZE).describe('A tensor, or random bytes, of this size.'),
  prompt_tokens: integer('number of tokens', 1, MOST_TOKENS).describe(
    'A prompt of about this many tokens, made from the seed. Default: `32`.',
  ),
  output_tokens: integer('number of tokens', 1, MOST_TOKENS).describe(
    'How many tokens to ask for, at most. Default: `32`.',
  ),
  ignore_eos: flag().describe(
    '`true` asks the server to go on to `output_tokens` even if the model has finished, so that all replies have one length. vLLM and the bundled server know it; OpenAI refuses it. Default: `false`.',
  ),
  text: text('text').describe('This very prompt or body. `${env:NAME}` is filled in.'),
  encoding: oneOf('encoding', ENCODINGS).describe(
    `How a tensor of \`size\` or \`shape\` travels, and the vectors of embeddings: ${choices(ENCODINGS)}. Which of them there are is the API’s business. Default: \`json\`.`,
  ),
  tensor: text('name of a tensor', ['audio']).describe(
    'What a tensor of `size` or `shape` is called: the name of the model’s input. Default: `input`.',
  ),
  datatype: oneOf('datatype', DATATYPES).describe(
    'What its elements are. Their values are made from the seed: fractions from -1 to 1, whole numbers of 8 and 16 bits from all that there are, larger ones from 0 to 999. Default: `FP32`.',
  ),
  shape: integers('shape', 1, MOST_LENGTH, MOST_AXES, '[1, 3, 224, 224]').describe(
    'The lengths of its axes, the rows first, in the place of `size` and `batch`. Default: `batch` rows, each of which is flat.',
  ),
  messages: integer('number of messages', 1, 1_000_000).describe(
    'How often the payload is sent in each call whose client streams (gRPC, WebSocket). Default: `1`.',
  ),
  message_interval: quantity(DURATION).describe(
    'From one of these messages to the next. Default: as fast as the connection takes them.',
  ),
  batch: integer('batch', 1, 65_536).describe(
    'Rows that a tensor of `size` is divided into; texts of a call for embeddings. Default: `1`.',
  ),
}

const payloadSchema = z.strictObject({
  size: payloadFields.size.optional(),
  prompt_tokens: payloadFields.prompt_tokens.optional(),
  output_tokens: payloadFields.output_tokens.optional(),
  ignore_eos: payloadFields.ignore_eos.optional(),
  text: payloadFields.text.optional(),
  json: z.unknown().optional().describe('This very body, as JSON. `${env:NAME}` is filled in.'),
  file: text('path').optional().describe('A file that holds the body, relative to the scenario.'),
  encoding: payloadFields.encoding.optional(),
  batch: payloadFields.batch.optional(),
  tensor: payloadFields.tensor.optional(),
  datatype: payloadFields.datatype.optional(),
  shape: payloadFields.shape.optional(),
  messages: payloadFields.messages.optional(),
  message_interval: payloadFields.message_interval.optional(),
})

/** A metric of calls and one of its statistics. */
interface MetricStatistic {
  metric: string
  statistic: string
}

function statisticOfMetric() {
  const metrics = [...CALL_METRICS, ...CHUNK_METRICS].map(({ name }) => name)
  const examples = ['request_latency.p99', 'time_to_first_token.p90']
  return leaf(
    (raw): Parsed<MetricStatistic> => {
      const [metric = '', statistic = ''] = String(raw).split('.', 2)
      const message = 'this is no statistic of a metric'
      if (!metrics.includes(metric)) return { message, cure: suggest(metric, metrics, 'metrics') }
      if (!(STATISTICS as readonly string[]).includes(statistic)) {
        return { message, cure: suggest(statistic, STATISTICS, 'statistics') }
      }
      return { value: { metric, statistic } }
    },
    { type: 'string', pattern: `^(${metrics.join('|')})\\.(${STATISTICS.join('|')})$`, examples },
    `Write it like ${examples.join(', ')}.`,
  )
}

export const loadFields = {
  concurrency: integer('number of calls', 1, 100_000).describe(
    '`closed`: calls that are under way at once. Default: `1`. `idle`: handshakes that are under way at once. Default: `50`.',
  ),
  sessions: integer('number of sessions', 1, 100_000).describe('`idle`: sessions that stand at once.'),
  rate: quantity(RATE).describe('`constant`, `poisson`: calls that start per unit of time.'),
  start_rate: quantity(RATE_OR_ZERO).describe(
    '`ramp`: the rate that the first stage begins with. Default: `0/s`. `search`: the first rate that is tried. Default: `10/s`.',
  ),
  max_rate: quantity(RATE).describe(
    '`search`: the highest rate to try. Default: as far as server and generator go.',
  ),
  metric: statisticOfMetric().describe(
    '`search`: what has to stay low, as a metric and one of its statistics. Default: `request_latency.p99`.',
  ),
  below: quantity(DURATION).describe('`search`: the highest value at which the objective holds.'),
  precision: quantity(SHARE).describe(
    '`search`: how much higher the lowest rate may be at which the objective does not hold. Default: `3%`.',
  ),
  duration: quantity(DURATION).describe('Length of the measured window of each round. Default: `3s`.'),
  calls: integer('number of calls', 1, 1_000_000_000).describe(
    'Measured calls of each round, instead of a `duration`.',
  ),
  warmup: quantity(DURATION_OR_ZERO).describe(
    'How long each round runs before it is measured. `idle`: how long all is left alone before memory is read, without the sessions and with them. Default: `500ms`.',
  ),
  connections: integer('number of connections', 1, 65_535).describe(
    'Connections at most. Default: as many as the concurrency needs; at a given rate, as many as it takes, up to 256.',
  ),
  overflow: oneOf('overflow', OVERFLOWS).describe(
    'What happens to a call that is due and finds no connection with room: `queue` (it waits, and its latency shows it), `drop` (it is given up, and counted) or `abort` (the case ends). Default: `queue`.',
  ),
}

const stage = z.strictObject({
  rate: quantity(RATE_OR_ZERO).describe('The rate that the stage ends with.'),
  duration: quantity(DURATION).describe('How long it takes to get there, evenly.'),
})

const loadSchema = z.strictObject({
  model: oneOf('load model', MODELS)
    .optional()
    .describe(`When calls start. ${choices(MODELS)}. Default: \`closed\`.`),
  concurrency: loadFields.concurrency.optional(),
  sessions: loadFields.sessions.optional(),
  rate: loadFields.rate.optional(),
  start_rate: loadFields.start_rate.optional(),
  max_rate: loadFields.max_rate.optional(),
  metric: loadFields.metric.optional(),
  below: loadFields.below.optional(),
  precision: loadFields.precision.optional(),
  stages: z
    .array(stage)
    .min(1)
    .max(1000)
    .optional()
    .describe('`ramp`: the rates to go through, one after the other. They say how long a round is.'),
  duration: loadFields.duration.optional(),
  calls: loadFields.calls.optional(),
  warmup: loadFields.warmup.optional(),
  connections: loadFields.connections.optional(),
  overflow: loadFields.overflow.optional(),
})

export const timeoutFields = {
  connect: quantity(DURATION).describe('To open a connection, handshake included. Default: `10s`.'),
  first_byte: quantity(DURATION).describe('From the request until its first byte comes back. Default: none.'),
  idle: quantity(DURATION).describe('Between two chunks of a stream. Default: none.'),
  total: quantity(DURATION).describe('For the whole call. Default: `30s`.'),
}

const timeoutSchema = z.strictObject({
  connect: timeoutFields.connect.optional(),
  first_byte: timeoutFields.first_byte.optional(),
  idle: timeoutFields.idle.optional(),
  total: timeoutFields.total.optional(),
})

const sloSchema = z.strictObject(
  Object.fromEntries(
    CALL_METRICS.map(({ name, title }) => [
      name,
      quantity(DURATION).optional().describe(`At most this much ${title}.`),
    ]),
  ),
)

const FLOORS: Readonly<Record<NonNullable<Case['floor']> | 'auto', string>> = {
  auto: 'where the cases that share it run for 2 s or longer, or for 2,000 calls',
  on: 'always',
  off: 'never',
}

const RETRY_AFTER: Readonly<Record<NonNullable<Case['retryAfter']> | 'ignore', string>> = {
  ignore: 'the load goes on as it was told to',
  obey: 'no call of the case starts, on this load thread, until the time has passed',
}

const readerSchema = z.strictObject({
  pause: quantity(DURATION).describe('For how long nothing is read.'),
  every: integer('number of chunks', 1, MOST_TOKENS)
    .optional()
    .describe('After how many chunks with content each time. Default: `1`.'),
})

/** What a case and `defaults` have in common. */
export const settings = {
  payload: payloadSchema
    .optional()
    .describe(
      'What is sent: one of `size`; `shape`; `prompt_tokens` and `output_tokens`; `text`; `json`; `file`. Made from the seed. Default: what the API is for: a tensor of `1KiB`, or 32 prompt and 32 output tokens; nothing for `raw`.',
    ),
  load: loadSchema
    .optional()
    .describe('How often. A case’s own keys are added to those of `defaults` where the model is the same.'),
  rounds: integer('number of rounds', 1, 1000)
    .optional()
    .describe(
      'How often the measured window is repeated. The cases take turns round by round, so that drift hits all alike. Default: `3`.',
    ),
  floor: oneOf('choice', FLOORS)
    .optional()
    .describe(
      `Whether the floor is measured: what the same calls take with a server of the same protocol that does nothing. It takes a tenth of the case’s own time, 1.25 s at most, once for all cases that have it in common. ${choices(FLOORS)}. Default: \`auto\`.`,
    ),
  timeout: timeoutSchema.optional().describe('How long to wait.'),
  retry_after: oneOf('choice', RETRY_AFTER)
    .optional()
    .describe(
      `What is done about a server that asks for a wait: \`Retry-After\` of a refusal (429, 503), \`grpc-retry-pushback-ms\` or \`google.rpc.RetryInfo\`. ${choices(RETRY_AFTER)}. Either way the call has failed, the wait is counted (\`throttled\`), and nothing is sent again. docs/limits.md has the details. Default: \`ignore\`.`,
    ),
  reader: readerSchema
    .optional()
    .describe(
      'A slow consumer, on purpose, of replies that stream: `{ pause: 100ms, every: 10 }` reads nothing for 100 ms after every 10 chunks. It shows whether the server is held up by its reader, keeps what is not read, or gives the stream up. docs/limits.md has the details. Default: what comes is read as it comes.',
    ),
  slo: sloSchema
    .optional()
    .describe('What a good call keeps to; the share of calls that keep to all of it is the goodput.'),
}

export type PayloadSpec = z.output<typeof payloadSchema>
export type LoadSpec = z.output<typeof loadSchema>
export type TimeoutSpec = z.output<typeof timeoutSchema>
export type ReaderSpec = z.output<typeof readerSchema>
export type SloSpec = z.output<typeof sloSchema>
