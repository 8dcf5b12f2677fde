import type { Target } from '../../plan/plan.ts'
import { choices, oneOf, text } from '../../values/leaf.ts'
import type { CallKind } from '../driver.ts'

export type McpTransport = 'http' | 'stdio' | 'websocket'
export type Revision = '2025-11-25' | '2026-07-28'

/** For the SDKs, because load owns the timeouts: the longest that a timer of Node can wait. */
export const NO_TIMEOUT_MS = 2 ** 31 - 1

/** What only MCP knows. */
export interface McpOptions {
  /** Left out: as the URL's scheme says, and `stdio` for a command. */
  transport?: McpTransport
  revision: Revision
  method: 'tools/call' | 'tools/list'
  tool?: string
  kind?: CallKind
  session: 'own' | 'shared'
}

const TRANSPORTS: Readonly<Record<McpTransport, string>> = {
  http: 'Streamable HTTP',
  stdio: 'standard input and output of a command',
  websocket: 'messages of a WebSocket',
}

const REVISIONS: Readonly<Record<Revision, string>> = {
  '2025-11-25': 'sessions, which begin with initialize and initialized',
  '2026-07-28': 'stateless; server/discover tells what the server can do',
}

const METHODS: Readonly<Record<McpOptions['method'], string>> = {
  'tools/call': 'calls a tool',
  'tools/list': 'lists the tools',
}

const KINDS = {
  unary: 'the result alone',
  'server-stream': 'progress notifications, whose messages are chunks, and the result',
} as const

const SESSIONS: Readonly<Record<McpOptions['session'], string>> = {
  own: 'each connection is a session',
  shared: 'the connections of a load thread share one session (Streamable HTTP)',
}

export const MCP_OPTIONS = {
  transport: oneOf('transport', TRANSPORTS)
    .optional()
    .describe(
      `What carries the messages. ${choices(TRANSPORTS)}. Default: as the scheme of the URL says; \`stdio\` for a command.`,
    ),
  revision: oneOf('revision', REVISIONS)
    .default('2025-11-25')
    .describe(`Revision of the protocol. ${choices(REVISIONS)}. Default: \`2025-11-25\`.`),
  method: oneOf('method', METHODS)
    .default('tools/call')
    .describe(`What a call is. ${choices(METHODS)}. Default: \`tools/call\`.`),
  tool: text('name of a tool', ['infer'])
    .optional()
    .describe('Name of the tool. Default: the first of the API’s, e.g. `infer`; `generate` makes text.'),
  kind: oneOf('kind of call', KINDS)
    .optional()
    .describe(
      `What comes back. ${choices(KINDS)}. Default: as the tool of the API is made (\`generate\` streams), else \`unary\`.`,
    ),
  session: oneOf('session', SESSIONS)
    .default('own')
    .describe(
      `Who has a session of its own. ${choices(SESSIONS)}. A cold connection is a session of one call. Default: \`own\`.`,
    ),
}

/** What carries the target's messages. */
export function transportOf({ url, options }: Target): McpTransport {
  const { transport } = options as unknown as McpOptions
  return transport ?? (url.startsWith('ws') ? 'websocket' : 'http')
}

export function mcpOptionText(key: string, value: unknown): string {
  return key === 'session' ? `${value} session` : String(value)
}
