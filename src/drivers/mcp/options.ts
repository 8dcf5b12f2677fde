// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is shown to people, who write such templates.

import { z } from 'zod'
import type { Target } from '../../plan/plan.ts'
import { choices, leaf, oneOf, text } from '../../values/leaf.ts'
import type { Parsed } from '../../values/units.ts'
import type { CallKind } from '../driver.ts'
import { HTTP_VERSIONS, type HttpOptions, httpOptionText } from '../http/options.ts'
import { TRACEPARENT, TRACEPARENT_OPTION } from '../trace.ts'

export type McpTransport = 'http' | 'stdio' | 'websocket'
export type Revision = '2025-11-25' | '2026-07-28'

/** For the SDKs, because load owns the timeouts: the longest that a timer of Node can wait. */
export const NO_TIMEOUT_MS = 2 ** 31 - 1

/** A longer message, or reply of HTTP, is a failure: it would not fit the memory of many at once. */
export const MOST_MESSAGE_BYTES = 256 * 1024 * 1024

/** Stands for the command that runs the bundled server. */
export const REFERENCE_COMMAND = 'reference'

/** What only MCP knows. */
export interface McpOptions {
  /** Left out: as the URL's scheme says, and `stdio` for a command. */
  transport?: McpTransport
  revision: Revision
  /** Of Streamable HTTP. Left out: 1.1. */
  http?: HttpOptions['http']
  method: 'tools/call' | 'tools/list'
  tool?: string
  kind?: CallKind
  session: 'own' | 'shared'
  /** Program and arguments; or `reference`, the bundled server. */
  command?: string[] | typeof REFERENCE_COMMAND
  env?: Record<string, string>
  /** Absolute in a plan. */
  cwd?: string
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

const command = leaf(
  (raw): Parsed<string[] | typeof REFERENCE_COMMAND> => {
    if (raw === REFERENCE_COMMAND) return { value: REFERENCE_COMMAND }
    const isList = Array.isArray(raw) && raw.length > 0
    if (
      isList &&
      raw.every((part) => typeof part === 'string' || typeof part === 'number') &&
      raw[0] !== ''
    ) {
      return { value: raw.map(String) }
    }
    const cure =
      'Write it like [node, server.js]: no shell reads it, so every argument is an item of its own.'
    return { message: 'this is no command', cure }
  },
  {
    anyOf: [
      { const: REFERENCE_COMMAND },
      { type: 'array', items: { type: ['string', 'number'] }, minItems: 1 },
    ],
  },
)

export const MCP_OPTIONS = {
  command: command
    .optional()
    .describe(
      'Instead of `url`: the program to speak to over its standard input and output, and its arguments, e.g. `[node, server.js]`. No shell reads it. `reference`: the bundled server.',
    ),
  env: z
    .record(z.string(), text('value of a variable'))
    .optional()
    .describe(
      'Environment of the command. Of the tool’s own it gets `HOME`, `LANG`, `LOGNAME`, `PATH`, `SHELL`, `TERM`, `TMPDIR` and `USER`. Secrets come from `${env:NAME}`.',
    ),
  cwd: text('folder', ['server'])
    .optional()
    .describe('Folder that the command runs in, relative to the scenario. Default: the scenario’s own.'),
  transport: oneOf('transport', TRANSPORTS)
    .optional()
    .describe(
      `What carries the messages. ${choices(TRANSPORTS)}. Default: as the scheme of the URL says; \`stdio\` for a command.`,
    ),
  revision: oneOf('revision', REVISIONS)
    .default('2025-11-25')
    .describe(`Revision of the protocol. ${choices(REVISIONS)}. Default: \`2025-11-25\`.`),
  http: oneOf('HTTP version', HTTP_VERSIONS)
    .optional()
    .describe(`HTTP version of Streamable HTTP. ${choices(HTTP_VERSIONS)}. Default: \`1.1\`.`),
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
  [TRACEPARENT]: TRACEPARENT_OPTION,
}

/** What carries the target's messages. */
export function transportOf({ url, options }: Pick<Target, 'url' | 'options'>): McpTransport {
  const { transport, command: isCommand } = options as unknown as McpOptions
  if (isCommand !== undefined) return 'stdio'
  return transport ?? (url.startsWith('ws') ? 'websocket' : 'http')
}

export function mcpOptionText(key: string, value: unknown): string {
  if (key === 'session') return `${value} session`
  if (key === 'http') return httpOptionText(key, value)
  return Array.isArray(value) ? value.join(' ') : String(value)
}
