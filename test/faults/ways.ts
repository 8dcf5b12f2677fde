/** How the interfaces are spoken to, and what their own words are for faults that all of them have. */

import type { CallKind } from '../../src/drivers/driver.ts'
import { TWINS, type Twin, type TwinServer } from '../contract/twins.ts'
import type { Speaks } from './fault.ts'

export interface Way {
  name: string
  /** Name of the interface. */
  of: string
  kind: CallKind
  /** What its clear text goes over. */
  carrier: false | 'h2c'
  options: Readonly<Record<string, unknown>>
  speaks: readonly Speaks[]
  /** It waits for the server before its first call. */
  hasSetup: boolean
  /** The class of a connection that is lost before a reply, and within one. */
  lost: string
  cut: string
  /** Classes of what is not the protocol where it should begin, and where a reply should be. */
  notTheProtocol: readonly string[]
  notAReply: readonly string[]
}

const OVER_HTTP1 = {
  carrier: false,
  hasSetup: false,
  lost: 'tcp.reset',
  cut: 'http.truncated',
  notTheProtocol: ['http.parse'],
  notAReply: ['http.parse'],
} as const
const OVER_HTTP2 = {
  carrier: 'h2c',
  hasSetup: false,
  lost: 'tcp.reset',
  cut: 'http.truncated',
  notTheProtocol: ['h2.protocol'],
  notAReply: ['h2.protocol'],
} as const
const OVER_GRPC = { ...OVER_HTTP2, hasSetup: true, cut: 'tcp.reset' } as const
const OVER_WEBSOCKET = {
  carrier: false,
  hasSetup: true,
  lost: 'ws.close.1006',
  cut: 'ws.close.1006',
  notTheProtocol: ['upgrade'],
  notAReply: ['ws.protocol'],
} as const

export const WAYS: readonly Way[] = [
  { name: 'rest', of: 'rest', kind: 'unary', options: {}, speaks: ['http1'], ...OVER_HTTP1 },
  {
    name: 'rest HTTP/2',
    of: 'rest',
    kind: 'unary',
    options: { http: '2' },
    speaks: ['http2'],
    ...OVER_HTTP2,
  },
  {
    name: 'sse',
    of: 'sse',
    kind: 'server-stream',
    options: {},
    speaks: ['http1', 'sse'],
    ...OVER_HTTP1,
    cut: 'sse.truncated',
  },
  {
    name: 'sse HTTP/2',
    of: 'sse',
    kind: 'server-stream',
    options: { http: '2' },
    speaks: ['http2'],
    ...OVER_HTTP2,
    cut: 'sse.truncated',
  },
  { name: 'grpc unary', of: 'grpc', kind: 'unary', options: {}, speaks: ['http2', 'grpc'], ...OVER_GRPC },
  {
    name: 'grpc stream',
    of: 'grpc',
    kind: 'server-stream',
    options: {},
    speaks: ['http2', 'grpc'],
    ...OVER_GRPC,
  },
  {
    name: 'websocket',
    of: 'websocket',
    kind: 'unary',
    options: {},
    speaks: ['websocket', 'websocket-options'],
    ...OVER_WEBSOCKET,
  },
  {
    name: 'websocket stream',
    of: 'websocket',
    kind: 'server-stream',
    options: {},
    speaks: ['websocket', 'websocket-options'],
    ...OVER_WEBSOCKET,
  },
  {
    name: 'mcp',
    of: 'mcp',
    kind: 'unary',
    options: {},
    speaks: ['http1', 'mcp'],
    ...OVER_HTTP1,
    hasSetup: true,
  },
  {
    name: 'mcp HTTP/2',
    of: 'mcp',
    kind: 'unary',
    options: { http: '2' },
    speaks: ['http2'],
    ...OVER_HTTP2,
    hasSetup: true,
  },
  {
    name: 'mcp stream',
    of: 'mcp',
    kind: 'server-stream',
    options: { revision: '2026-07-28' },
    speaks: ['http1', 'mcp'],
    ...OVER_HTTP1,
    hasSetup: true,
  },
  {
    name: 'mcp WebSocket',
    of: 'mcp',
    kind: 'unary',
    options: { transport: 'websocket' },
    speaks: ['websocket'],
    ...OVER_WEBSOCKET,
  },
]

function twinOf({ of, kind }: Way): Twin {
  const found = TWINS.find((twin) => twin.name === of && twin.kind === kind)
  if (!found) throw new Error(`${of} has no twin for calls of the kind ${kind}`)
  return found
}

export type Server = TwinServer

/** A server that answers well. `called` is told of each call, with the port that its connection comes from. */
export function serverOf(way: Way, isSecure: boolean, called: (port: number) => void): Promise<Server> {
  return twinOf(way).start(
    (port) => {
      called(port)
      return 'answer'
    },
    isSecure ? {} : way.carrier,
  )
}

export function portOf({ url }: Pick<Server, 'url'>): number {
  return Number(/:(\d+)/.exec(url)![1])
}

/** A target of a scenario: the server itself, or what stands before it on another port. */
export function targetOf(way: Way, server: Pick<Server, 'url' | 'ca'>, port = portOf(server)): object {
  return {
    interface: way.of,
    api: 'raw',
    url: server.url.replace(`:${portOf(server)}`, `:${port}`),
    ...(server.ca !== '' && { tls: { ca: server.ca } }),
    ...twinOf(way).target.options,
    ...way.options,
  }
}
