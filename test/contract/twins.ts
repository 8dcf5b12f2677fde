/** What the contract suite needs of each protocol and kind of call: a server that answers, and one that never ends. */

import { type CallKind, streamsReply, streamsRequest } from '../../src/drivers/driver.ts'
import { startGrpc } from '../servers/plain-grpc.ts'
import { type Carrier, type Handler, type Secure, startPlain } from '../servers/plain-http.ts'
import { startWebSocket } from '../servers/plain-websocket.ts'
import { overMcp } from './mcp-twins.ts'
import type { Play } from './play.ts'

export type Behaviour = 'answer' | 'begin'

/** What is done with the call that came over the connection from this port, and told this of its trace. */
type Behave = (port: number, traceparent: string | undefined) => Behaviour

export interface TwinServer {
  url: string
  /** PEM file of the CA; empty in clear text. */
  ca: string
  /** Protocol versions of the requests so far. */
  versions: Set<string>
  stop(): Promise<void>
}

/** One way to connect, and what comes of it. */
interface Way {
  title: string
  secure: Secure
  options: Record<string, unknown>
  /** Null: the server refuses. */
  version: string | null
  /** Connections that four calls at once take. */
  connections: number
}

export interface Twin {
  /** Name of the protocol, and the kind of its calls. */
  name: string
  kind: CallKind
  /** What a target has besides its URL. */
  target: Partial<Play['target']>
  ways: readonly Way[]
  /** Ways in which a call that is given up is tried. */
  cancels: readonly Record<string, unknown>[]
  /** How long such a call may take; left out: 150 ms. What follows has to connect anew within as long. */
  patienceMs?: number
  /** Answers every call as `behave` says: in full with 10 bytes, or begins to and never ends. */
  start(behave: Behave, secure: Carrier): Promise<TwinServer>
}

const HTTP_WAYS: readonly Way[] = [
  { title: 'HTTP/1.1', secure: false, options: { http: '1.1' }, version: '1.1', connections: 4 },
  {
    title: 'HTTP/2 in clear text is refused by an HTTP/1.1 server',
    secure: false,
    options: { http: '2' },
    version: null,
    connections: 1,
  },
  { title: 'HTTP/1.1 over TLS', secure: {}, options: { http: '1.1' }, version: '1.1', connections: 4 },
  { title: 'HTTP/2 over TLS', secure: {}, options: { http: '2' }, version: '2.0', connections: 1 },
  {
    title: 'HTTP/1.1 over TLS 1.2',
    secure: { maxVersion: 'TLSv1.2' },
    options: { http: '1.1' },
    version: '1.1',
    connections: 4,
  },
]

function overHttp(name: string, kind: CallKind, handlers: Record<Behaviour, Handler>): Twin {
  return {
    name,
    kind,
    target: {},
    ways: HTTP_WAYS,
    cancels: [{ http: '1.1' }, { http: '2' }],
    start: (behave, secure) =>
      startPlain((request, response) => {
        request.resume()
        const traceparent = request.headers.traceparent as string | undefined
        handlers[behave(request.socket.remotePort!, traceparent)](request, response)
      }, secure),
  }
}

const GRPC_WAYS: readonly Way[] = [
  { title: 'HTTP/2 in clear text', secure: false, options: {}, version: '2', connections: 1 },
  { title: 'HTTP/2 over TLS', secure: {}, options: {}, version: '2', connections: 1 },
  {
    title: 'HTTP/2 over TLS 1.2',
    secure: { maxVersion: 'TLSv1.2' },
    options: { compression: 'gzip' },
    version: '2',
    connections: 1,
  },
]

const overGrpc = (kind: CallKind): Twin => ({
  name: 'grpc',
  kind,
  target: { options: { kind } },
  ways: GRPC_WAYS,
  cancels: [{}],
  start: (behave, secure) => startGrpc(kind, behave, secure !== 'h2c' && secure),
})

const WEBSOCKET_WAYS: readonly Way[] = [
  { title: 'in clear text', secure: false, options: {}, version: '13', connections: 1 },
  {
    title: 'one call at a time',
    secure: false,
    options: { calls_per_connection: 1 },
    version: '13',
    connections: 4,
  },
  {
    title: 'over TLS, with per-message deflate',
    secure: {},
    options: { compression: 'deflate' },
    version: '13',
    connections: 1,
  },
  { title: 'over TLS 1.2', secure: { maxVersion: 'TLSv1.2' }, options: {}, version: '13', connections: 1 },
]

const END_MARK = '[DONE]'

/** Where the client streams, a call ends with its end mark; then the reply comes, with an end mark where it streams. */
const overWebSocket = (kind: CallKind): Twin => ({
  name: 'websocket',
  kind,
  target: { options: { kind } },
  ways: WEBSOCKET_WAYS,
  cancels: [{}],
  start: (behave, secure) =>
    startWebSocket(
      (ws, { socket, headers }) => {
        const traceparent = headers.traceparent as string | undefined
        const waits = streamsRequest(kind)
        ws.on('message', (message) => {
          if (waits && String(message) !== END_MARK) return
          const parts = streamsReply(kind) ? ['01234', '56789', END_MARK] : ['0123456789']
          if (behave(socket.remotePort!, traceparent) === 'answer') for (const part of parts) ws.send(part)
          else if (streamsReply(kind)) ws.send('01234')
        })
      },
      secure !== 'h2c' && secure,
      { perMessageDeflate: true },
    ),
})

export const TWINS: readonly Twin[] = [
  overHttp('rest', 'unary', {
    answer: (request, response) => request.on('end', () => response.end('0123456789')),
    begin: (_request, response) => {
      response.writeHead(200, { 'content-length': '10' })
      response.write('01234')
    },
  }),
  overHttp('sse', 'server-stream', {
    answer: (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.end(': keep-alive\n\ndata: 01234\n\ndata: 56789\n\n')
    },
    begin: (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: 01234\n\n')
    },
  }),
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
