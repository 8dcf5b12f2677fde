/** MCP: calls of tools in sessions, over Streamable HTTP, stdio or WebSocket, with the protocol's own SDKs. */

import { type Dialect, DialectError } from '../../dialects/dialect.ts'
import type { McpCodec, McpFace } from '../../dialects/mcp-face.ts'
import { dialect } from '../../dialects/registry.ts'
import type { Target } from '../../plan/plan.ts'
import type { CallKind, Protocol } from '../driver.ts'
import { MCP_OPTIONS, type McpOptions, mcpOptionText, transportOf } from './options.ts'

/** What a call is, without its payload. */
interface Called {
  face: McpFace
  /** Empty for `tools/list`. */
  tool: string
  kind: CallKind
}

function called(target: Target): Called {
  const { api, options } = target
  const face = faceOf(dialect(api))
  const { method, tool, kind, transport, command, http } = options as unknown as McpOptions
  if (command === undefined && transport === 'stdio') {
    throw new DialectError('stdio speaks to a command: give the target a command instead of its url')
  }
  if (command !== undefined && transport !== undefined && transport !== 'stdio') {
    throw new DialectError('a command is spoken to over stdio: remove transport from the target')
  }
  if (http !== undefined && transportOf(target) !== 'http') {
    const cure = 'Remove it: it is the version of Streamable HTTP.'
    throw new DialectError(`${transportOf(target)} has no HTTP version`, { at: ['http'], cure })
  }
  if (target.token?.in === 'subprotocol' && transportOf(target) !== 'websocket') {
    const cure = 'It can be in: header, query. With transport: websocket, in a subprotocol, too.'
    throw new DialectError('only a WebSocket carries a token in a subprotocol', { at: ['auth', 'in'], cure })
  }
  if (method === 'tools/list') {
    if (tool !== undefined || kind !== undefined) {
      throw new DialectError(
        'tools/list names no tool and has one reply: remove tool and kind from the target',
      )
    }
    return { face, tool: '', kind: 'unary' }
  }
  if (!face.tools) {
    if (tool === undefined) throw new DialectError(`${api} names no tool: add e.g. tool: echo to the target`)
    return { face, tool, kind: kind ?? 'unary' }
  }
  const names = Object.keys(face.tools)
  const name = tool ?? names[0]!
  const found = Object.hasOwn(face.tools, name) ? face.tools[name] : undefined
  if (!found) {
    throw new DialectError(`${api} has no tool ${name.slice(0, 64)}: take one of ${names.join(', ')}`)
  }
  return { face, tool: name, kind: kind ?? found.kind }
}

function faceOf({ name, mcp: face }: Dialect): McpFace {
  if (!face) throw new DialectError(`${name} is not spoken over mcp`)
  return face
}

/** `tools/list` is the same in every dialect: it sends nothing, and what it lists is no payload. */
const LISTING: McpCodec = {
  arguments: {},
  payloadBytes: 0,
  progress() {},
  result() {},
}

export const mcp: Protocol<McpCodec> = {
  name: 'mcp',
  says: 'calls of tools (Model Context Protocol)',
  schemes: ['http', 'https', 'ws', 'wss'],
  reference: 'http',
  kinds: ['unary', 'server-stream'],
  tokenPlaces: ['header', 'query', 'subprotocol'],
  options: MCP_OPTIONS,
  optionText: mcpOptionText,
  stamps: {
    sent: 'the session has room; before the SDK is asked to make the request',
    encoded: 'the SDK has written the request as JSON and hands it to its transport (HTTP: to its `fetch`)',
    written: 'the request was handed to the socket, or to the pipe, in full',
    firstByte:
      'HTTP: undici parsed the reply’s header; else the first message that concerns the call arrived',
    received:
      'the piece, or line, that holds a message came out of the socket or pipe; before the SDK reads it',
    decoded: 'the SDK has checked a notification or the result, and its content is read',
    lastByte: 'the piece, or line, with the result came out of the socket or pipe',
  },
  idleServer: async (asked) => (await import('./idle-server.ts')).startIdleServer(asked),
  idleCodec: async (codec) => (await import('./idle-server.ts')).idleCodec(codec),
  speaks: ({ mcp: face }) => face !== undefined,
  kind: (target) => called(target).kind,
  path: (target) => (transportOf(target) === 'websocket' ? '/mcp/ws' : '/mcp'),
  codec: (options) => {
    const { face, tool } = called(options.target)
    return tool === '' ? LISTING : face.codec(options, tool)
  },
  driver: async (options) => {
    const { McpDriver } = await import('./driver.ts')
    const { tool, kind } = called(options.target)
    return McpDriver.make(options, tool, kind)
  },
}
