// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is shown to people, who write such templates.
/** Servers of the user's own that a run starts and ends, and what is compared with what. */

import { z } from 'zod'
import { integer, leaf, quantity, text } from '../values/leaf.ts'
import { DURATION, type Parsed, SHARE } from '../values/units.ts'

const MOST_ROUNDS = 1000

/** When a server counts as ready. */
export type Readiness = { url: string } | { line: string }

const READY_CURE =
  'Write an address, like http://127.0.0.1:8001/health or tcp://127.0.0.1:8001, or what it prints: { line: listening }.'

const ready = leaf(
  (raw): Parsed<Readiness> => {
    if (typeof raw === 'string') {
      const isAddress = /^https?:\/\/[^\s/]+/.test(raw) || /^tcp:\/\/[^\s/]+:\d+$/.test(raw)
      return isAddress && URL.canParse(raw)
        ? { value: { url: raw } }
        : { message: 'this is no address that can be asked', cure: READY_CURE }
    }
    const { line, ...others } = (raw ?? {}) as Record<string, unknown>
    if (typeof line === 'string' && line !== '' && Object.keys(others).length === 0)
      return { value: { line } }
    return { message: 'this does not say when a server is ready', cure: READY_CURE }
  },
  {
    anyOf: [
      { type: 'string', pattern: '^(https?|tcp)://' },
      {
        type: 'object',
        properties: { line: { type: 'string', description: 'What a line of its output holds.' } },
        required: ['line'],
        additionalProperties: false,
      },
    ],
    examples: ['http://127.0.0.1:8001/health', 'tcp://127.0.0.1:8001', { line: 'listening' }],
  },
  READY_CURE,
)

const command = leaf(
  (raw): Parsed<string[]> => {
    const isList = Array.isArray(raw) && raw.length > 0 && raw[0] !== ''
    return isList && raw.every((part) => typeof part === 'string' || typeof part === 'number')
      ? { value: raw.map(String) }
      : {
          message: 'this is no command',
          cure: 'Write it like [node, server.js]: no shell reads it, so every argument is an item of its own.',
        }
  },
  { type: 'array', items: { type: ['string', 'number'] }, minItems: 1 },
)

export const serversSchema = z.record(
  z.string(),
  z.strictObject({
    command: command.describe(
      'The program and its arguments, e.g. `[node, server.js, --port, 8001]`. No shell reads it. `${env:NAME}` is filled in just before it starts.',
    ),
    ready: ready.describe(
      'When calls may begin: once an address answers (`http://…`, `https://…`: with a status below 400; `tcp://host:port`: by taking a connection), or once a line of its output holds a text (`{ line: listening }`).',
    ),
    ready_within: quantity(DURATION).optional().describe('How long that may take. Default: `60s`.'),
    env: z
      .record(z.string(), text('value of a variable'))
      .optional()
      .describe('Variables of its environment, besides the tool’s own. Secrets come from `${env:NAME}`.'),
    cwd: text('folder', ['server'])
      .optional()
      .describe('Folder that it runs in, relative to the scenario. Default: the scenario’s own.'),
  }),
)

export const compareSchema = z.strictObject({
  baseline: text('target').describe('The target that the other one is held against.'),
  candidate: text('target').describe('The target that may be slower.'),
  metrics: z
    .record(z.string(), quantity(SHARE))
    .optional()
    .describe(
      'What they are compared by, each with the smallest change that matters, e.g. `{ request_latency.p50: 5% }`; of a metric that is a share, in points. Default: `{ request_latency.p50: 5%, request_latency.p99: 25%, request_throughput: 5%, error_rate: 0.1% }`.',
    ),
  min_rounds: integer('number of rounds', 2, MOST_ROUNDS)
    .optional()
    .describe(
      'Rounds that either of them must have. Default: `12`, which is then the default of `rounds`, too.',
    ),
})
