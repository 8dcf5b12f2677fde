/** How each interface is asked for each kind of call that it carries, of servers of known behaviour. */

import { type CallKind, streamsReply } from '../../src/drivers/driver.ts'
import type { KnownPorts } from '../servers/known.ts'

/**
 * How far the tool may be off on a machine where a bare socket misreads nothing, what it tells of encoding and decoding
 * aside. What grpc-js and the SDK of MCP do for a call around that is part of `service_time`, too.
 */
const WITHIN_MS = 0.5
const WITHIN_LARGE_LIBRARY_MS = 1

/** How one interface is asked for one kind of call. */
export interface Way {
  name: string
  kind: CallKind
  /** Class of a call that fails. */
  failure: string
  withinMs: number
  target(ports: KnownPorts): Record<string, unknown>
  /** What a target has besides, where one call ends the connection of others. */
  alone?: Record<string, unknown>
  payload: Record<string, unknown>
}

const overGrpc = (kind: CallKind): Way => ({
  name: 'grpc',
  kind,
  failure: 'grpc.UNAVAILABLE',
  withinMs: WITHIN_LARGE_LIBRARY_MS,
  target: ({ grpc }) => {
    const method = streamsReply(kind) ? 'Stream' : 'One'
    return { interface: 'grpc', url: `grpc://127.0.0.1:${grpc}/known.Known/${method}`, kind }
  },
  payload: { text: 'x' },
})

const overWebSocket = (kind: CallKind): Way => ({
  name: 'websocket',
  kind,
  failure: 'ws.close.1011',
  withinMs: WITHIN_MS,
  target: ({ websocket }) => {
    const shares = kind === 'unary' ? { correlation: 'id' } : { calls_per_connection: 1 }
    return { interface: 'websocket', url: `ws://127.0.0.1:${websocket}/`, kind, ...shares }
  },
  alone: { correlation: 'order', calls_per_connection: 1 },
  payload: kind === 'unary' ? { json: {} } : { text: 'x' },
})

const overMcp = (kind: CallKind): Way => ({
  name: 'mcp',
  kind,
  failure: 'mcp.-32000',
  withinMs: WITHIN_LARGE_LIBRARY_MS,
  target: ({ mcp }) => ({ interface: 'mcp', url: `http://127.0.0.1:${mcp}/mcp`, tool: 'known', kind }),
  payload: {},
})

export const WAYS: readonly Way[] = [
  {
    name: 'rest',
    kind: 'unary',
    failure: 'http.503',
    withinMs: WITHIN_MS,
    target: ({ http }) => ({ interface: 'rest', url: `http://127.0.0.1:${http}/`, method: 'GET' }),
    payload: {},
  },
  {
    name: 'sse',
    kind: 'server-stream',
    failure: 'http.503',
    withinMs: WITHIN_MS,
    target: ({ http }) => ({ interface: 'sse', url: `http://127.0.0.1:${http}/`, method: 'GET' }),
    payload: {},
  },
  overGrpc('unary'),
  overGrpc('server-stream'),
  overGrpc('client-stream'),
  overGrpc('bidi'),
  overWebSocket('unary'),
  overWebSocket('server-stream'),
  overWebSocket('client-stream'),
  overWebSocket('bidi'),
  overMcp('unary'),
  overMcp('server-stream'),
]
