import { choices, flag, integer, names, oneOf, quantity, text } from '../../values/leaf.ts'
import { DURATION, formatDuration } from '../../values/units.ts'
import type { CallKind } from '../driver.ts'
import { TRACEPARENT, TRACEPARENT_OPTION } from '../trace.ts'

/** What only WebSocket knows. */
export interface WebSocketOptions {
  method?: string
  kind?: CallKind
  correlation?: keyof typeof CORRELATIONS
  end_mark?: string
  calls_per_connection?: number
  compression: keyof typeof COMPRESSIONS
  subprotocols?: string[]
  /** In milliseconds. */
  ping_interval?: number
  resume?: boolean
}

const KINDS: Readonly<Record<CallKind, string>> = {
  unary: 'one message each way',
  'server-stream': 'one message, answered by many',
  'client-stream': 'many messages, answered by one',
  bidi: 'many messages each way',
}

const CORRELATIONS = {
  order: 'replies come in the order of the calls',
  id: 'messages are JSON objects, and an `id` that the reply repeats is put into each',
} as const

const COMPRESSIONS = {
  none: 'not compressed',
  deflate: 'per-message deflate of messages from 1 KiB on; a server that does not agree to it is an error',
} as const

export const WEBSOCKET_OPTIONS = {
  method: text('name of a method', ['infer'])
    .optional()
    .describe('What is called. Default: the first of the API’s, e.g. `infer`; `generate` streams tokens.'),
  kind: oneOf('kind of call', KINDS)
    .optional()
    .describe(`Who sends how many messages, for an API that does not say (\`raw\`). Default: \`unary\`.`),
  correlation: oneOf('correlation', CORRELATIONS)
    .optional()
    .describe(
      `How a reply finds its call, for an API that does not say (\`raw\`). ${choices(CORRELATIONS)}. Default: \`order\`.`,
    ),
  end_mark: text('end mark', ['[DONE]'])
    .optional()
    .describe(
      'How a stream ends, for an API that does not say (`raw`): with a message that is this text; with `correlation: id`, with one whose field of this name is true. Sent by a client that streams, too. Default: `[DONE]`; `done`.',
    ),
  calls_per_connection: integer('number of calls', 1, 10_000)
    .optional()
    .describe('Calls that are in flight on one connection at most. Default: `100`, as on HTTP/2.'),
  compression: oneOf('compression', COMPRESSIONS)
    .default('none')
    .describe(`Compression of messages. ${choices(COMPRESSIONS)}. Default: \`none\`.`),
  subprotocols: names('subprotocol')
    .optional()
    .describe('Subprotocols to offer (Sec-WebSocket-Protocol), the preferred one first. Default: none.'),
  ping_interval: quantity(DURATION)
    .optional()
    .describe('How often each connection is pinged, for `ping_rtt`. Default: never.'),
  resume: flag()
    .optional()
    .describe(
      'Streams go on over a new connection when theirs is lost, as far as the API knows how. Default: `false`: they fail.',
    ),
  [TRACEPARENT]: TRACEPARENT_OPTION,
}

export function webSocketOptionText(key: string, value: unknown): string {
  if (key === 'calls_per_connection') return `${value} calls a connection`
  if (key === 'ping_interval') return `pinged every ${formatDuration(value as number)}`
  if (key === 'resume') return value ? 'resumed' : 'not resumed'
  return key === 'compression' && value === 'none' ? 'uncompressed' : String(value)
}
