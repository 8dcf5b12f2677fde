/** Streams that are larger than all that sockets hold, over every interface, from servers that wait until there is room. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CallKind } from '../../src/drivers/driver.ts'
import type { Play } from '../contract/play.ts'
import { STDIO_SERVER } from '../e2e/mcp-servers.ts'
import { startGrpcServer } from './plain-grpc.ts'
import { type Secure, startPlain } from './plain-http.ts'
import { startPlainMcp, textResult } from './plain-mcp.ts'
import { startWebSocket } from './plain-websocket.ts'

export const CHUNKS = 600
const CHUNK_CHARACTERS = 64 * 1024
export const POURED_BYTES = CHUNKS * CHUNK_CHARACTERS
const CHUNK = 'x'.repeat(CHUNK_CHARACTERS)
/** A server holds no more than this itself: what is beyond has gone into the socket. */
const ROOM_BYTES = 256 * 1024
const LOOK_MS = 2
/** By then the event has been read, and the pause begun. */
const CUT_AFTER_MS = 50

/** What its server did for each call, in their order. */
interface Poured {
  chunks: number
  /** The client went away, or gave the call up. */
  hasLeft: boolean
}

export interface PouringServer {
  target: Play['target']
  poured: Poured[]
  stop(): Promise<unknown>
}

interface Stream {
  isFull(): boolean
  write(): void
  end(): void
}

/** Writes all chunks, each when there is room for it. */
function pour({ isFull, write, end }: Stream, log: Poured): void {
  while (!isFull() && log.chunks < CHUNKS && !log.hasLeft) {
    write()
    log.chunks++
  }
  if (log.hasLeft) return
  if (log.chunks === CHUNKS) end()
  else setTimeout(() => pour({ isFull, write, end }, log), LOOK_MS)
}

function begin(poured: Poured[]): Poured {
  const log = { chunks: 0, hasLeft: false }
  poured.push(log)
  return log
}

function tlsOf(ca: string): Play['target']['tls'] {
  return { ca: ca || null, cert: null, key: null, servername: null, verify: true }
}

async function pouringSse(secure: Secure, http: '1.1' | '2'): Promise<PouringServer> {
  const poured: Poured[] = []
  const server = await startPlain((request, response) => {
    const log = begin(poured)
    request.resume()
    response.on('error', () => {})
    response.on('close', () => {
      log.hasLeft = true
    })
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    pour(sseStream(response), log)
  }, secure)
  const { url, ca, stop } = server
  return { target: { interface: 'sse', url, tls: tlsOf(ca), options: { http } }, poured, stop }
}

/** SSE whose connection breaks after one event; who comes back for the rest gets all chunks. */
export async function pouringAfterCut(): Promise<PouringServer> {
  const poured: Poured[] = []
  const { url, stop } = await startPlain((request, response) => {
    request.resume()
    response.on('error', () => {})
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    if (request.headers['last-event-id'] === undefined) {
      response.write('id: 0\ndata: x\n\n', () =>
        setTimeout(() => request.socket.resetAndDestroy(), CUT_AFTER_MS),
      )
      return
    }
    pour(sseStream(response), begin(poured))
  })
  return { target: { interface: 'sse', url, options: { http: '1.1', resume: true } }, poured, stop }
}

function sseStream(response: ServerResponse): Stream {
  return {
    isFull: () => response.writableLength > ROOM_BYTES,
    write: () => void response.write(`data: ${CHUNK}\n\n`),
    end: () => response.end(),
  }
}

async function pouringGrpc(kind: CallKind): Promise<PouringServer> {
  const poured: Poured[] = []
  const { url, stop } = await startGrpcServer(kind, (call) => {
    const log = begin(poured)
    call.left.then(() => {
      log.hasLeft = true
    })
    void call.messages.then(() =>
      pour({ isFull: call.isFull, write: () => call.write(CHUNK), end: () => call.end() }, log),
    )
  })
  return { target: { interface: 'grpc', url, options: { kind } }, poured, stop }
}

async function pouringWebSocket(secure: Secure, compression: 'none' | 'deflate'): Promise<PouringServer> {
  const poured: Poured[] = []
  const server = await startWebSocket(
    (ws) => {
      ws.on('message', () => {
        const log = begin(poured)
        ws.on('close', () => {
          log.hasLeft = true
        })
        pour(
          {
            isFull: () => ws.bufferedAmount > ROOM_BYTES,
            // Compressed, it would not fill a socket.
            write: () => ws.send(CHUNK, { compress: false }),
            end: () => ws.send('[DONE]'),
          },
          log,
        )
      })
    },
    secure,
    { perMessageDeflate: compression === 'deflate' },
  )
  const { url, ca, stop } = server
  const options = { kind: 'server-stream', compression, calls_per_connection: 1 }
  return { target: { interface: 'websocket', url, tls: tlsOf(ca), options }, poured, stop }
}

async function pouringMcp(
  secure: Secure,
  options: Readonly<Record<string, unknown>>,
): Promise<PouringServer> {
  const poured: Poured[] = []
  const server = await startPlainMcp((answer) => {
    const log = begin(poured)
    answer.response?.on('close', () => {
      log.hasLeft = true
    })
    pour(
      {
        isFull: () => answer.waitingBytes() > ROOM_BYTES,
        write: () => answer.progress(CHUNK),
        end: () => answer.result(textResult('')),
      },
      log,
    )
  }, secure)
  const { url, ca, stop } = server
  const told = { tool: 'plain', kind: 'server-stream', ...options }
  return { target: { interface: 'mcp', url, tls: tlsOf(ca), options: told }, poured, stop }
}

/** A command, which stands still while its output is not read. */
async function pouringStdio(): Promise<PouringServer> {
  const folder = mkdtempSync(join(tmpdir(), 'infer-bench-pouring-'))
  const file = join(folder, 'chunks')
  const chunks = () => {
    try {
      return Number(readFileSync(file, 'utf8'))
    } catch {
      return 0
    }
  }
  const log = { hasLeft: false } as Poured
  Object.defineProperty(log, 'chunks', { get: chunks })
  const command = [process.execPath, STDIO_SERVER, 'pour', file, String(CHUNKS), String(CHUNK_CHARACTERS)]
  return {
    target: {
      interface: 'mcp',
      url: 'stdio:test',
      options: { tool: 'plain', kind: 'server-stream', command },
    },
    poured: [log],
    stop: async () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** Every way in which a reply streams. */
export const POURING: readonly {
  title: string
  start(): Promise<PouringServer>
  /** A call that is given up leaves its connection to the next. */
  isShared: boolean
  /** The server sees that a call was given up. */
  tellsLeaving: boolean
}[] = [
  { title: 'SSE', start: () => pouringSse(false, '1.1'), isShared: false, tellsLeaving: true },
  { title: 'SSE over TLS', start: () => pouringSse({}, '1.1'), isShared: false, tellsLeaving: true },
  { title: 'SSE over HTTP/2', start: () => pouringSse({}, '2'), isShared: true, tellsLeaving: true },
  ...(['server-stream', 'bidi'] as const).map((kind) => ({
    title: `gRPC ${kind}`,
    start: () => pouringGrpc(kind),
    isShared: true,
    tellsLeaving: true,
  })),
  {
    title: 'WebSocket',
    start: () => pouringWebSocket(false, 'none'),
    isShared: false,
    tellsLeaving: true,
  },
  {
    title: 'WebSocket over TLS, with deflate',
    start: () => pouringWebSocket({}, 'deflate'),
    isShared: false,
    tellsLeaving: true,
  },
  { title: 'MCP', start: () => pouringMcp(false, {}), isShared: false, tellsLeaving: true },
  {
    title: 'MCP, stateless',
    start: () => pouringMcp(false, { revision: '2026-07-28' }),
    isShared: false,
    tellsLeaving: true,
  },
  {
    title: 'MCP over HTTP/2',
    start: () => pouringMcp({}, { http: '2' }),
    isShared: true,
    tellsLeaving: true,
  },
  {
    title: 'MCP over WebSocket',
    start: () => pouringMcp(false, { transport: 'websocket' }),
    isShared: true,
    tellsLeaving: false,
  },
  { title: 'MCP over stdio', start: () => pouringStdio(), isShared: true, tellsLeaving: false },
]
