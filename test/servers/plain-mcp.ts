import { randomUUID } from 'node:crypto'
import type http from 'node:http'
import { type WebSocket, WebSocketServer } from 'ws'
import { type Carrier, type Handler, type PlainServer, startPlain } from './plain-http.ts'

export interface McpRequest {
  id: number | string
  method: string
  params: Record<string, unknown> & { _meta?: { progressToken?: number | string; traceparent?: string } }
}

/** A request of a client, and the ways to answer it. */
export interface McpAnswer {
  request: McpRequest
  /** The port that the client's connection comes from. */
  port: number
  /** The session that it came in; null where it came in none. */
  session: string | null
  /** Sends any message, in an event stream over HTTP. */
  send(message: object): void
  /** Sends any text where a message should be. */
  sendText(text: string): void
  /** Sends what is no message: a comment of an event stream. */
  comment(): void
  /** Sends progress with a message. */
  progress(message: string): void
  /** Ends the call with its result. */
  result(result: object): void
  error(code: number, message: string): void
  /** Ends what was sent, as it is. */
  end(): void
  /** WebSocket: closes it. */
  close(code: number, reason: string): void
  /** What was sent and waits to be taken. */
  waitingBytes(): number
  /** HTTP: the response itself. */
  response: http.ServerResponse | null
}

/** Answers what is no request for the handshake. */
export type McpHandler = (answer: McpAnswer) => void

export interface PlainMcp extends PlainServer {
  port: number
  /** Methods of all messages so far, those of HTTP itself (`DELETE`) among them. */
  methods: string[]
  /** Sessions that are open. */
  sessions: Set<string>
  /** Tells how many connections are open, whenever one more is. */
  counted(told: (open: number) => void): void
}

const INITIALIZED = {
  protocolVersion: '2025-11-25',
  capabilities: { tools: {} },
  serverInfo: { name: 'plain', version: '1' },
}

const DISCOVERED = {
  resultType: 'complete',
  supportedVersions: ['2026-07-28'],
  capabilities: { tools: {} },
  _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'plain', version: '1' } },
  ttlMs: 0,
  cacheScope: 'private',
}

/** The result of the handshake's request; null for any other. */
export function handshakeResult({ method }: McpRequest): object | null {
  if (method === 'initialize') return INITIALIZED
  return method === 'server/discover' ? DISCOVERED : null
}

/** A text as a tool answers with it, in either revision. */
export function textResult(text: string): object {
  return { resultType: 'complete', content: [{ type: 'text', text }] }
}

/** An MCP server over Streamable HTTP and WebSocket, of both revisions, whose calls `handle` answers. */
export async function startPlainMcp(
  handle: McpHandler,
  secure: Carrier = false,
  shakeHands: McpHandler = (answer) => answer.result(handshakeResult(answer.request)!),
): Promise<PlainMcp> {
  const sessions = new Set<string>()
  const methods: string[] = []
  const webSockets = new WebSocketServer({ noServer: true })
  webSockets.on('connection', (ws, { socket }: http.IncomingMessage) => {
    ws.on('error', () => {})
    ws.on('message', (data) => {
      const message = JSON.parse(String(data)) as McpRequest
      methods.push(message.method ?? 'answer')
      if (message.id === undefined || message.method === undefined) return
      const answer = textAnswer(message, ws, socket.remotePort!)
      if (handshakeResult(message)) shakeHands(answer)
      else handle(answer)
    })
  })
  const answerHttp: Handler = (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const session = (request.headers['mcp-session-id'] as string | undefined) ?? null
      if (request.method === 'DELETE') {
        methods.push('DELETE')
        response.writeHead(sessions.delete(session ?? '') ? 200 : 404).end()
        return
      }
      if (request.method === 'GET') {
        // It has nothing to say but answers, and the revision lets it say so.
        response.writeHead(405).end()
        return
      }
      const message = JSON.parse(Buffer.concat(chunks).toString('utf8')) as McpRequest
      methods.push(message.method ?? 'answer')
      if (message.id === undefined || message.method === undefined) {
        response.writeHead(202).end()
        return
      }
      if (message.method === 'initialize') {
        const id = randomUUID()
        sessions.add(id)
        response.setHeader('mcp-session-id', id)
      } else if (session !== null && !sessions.has(session)) {
        response.writeHead(404).end('no such session')
        return
      }
      const answer = httpAnswer(message, session, response)
      if (handshakeResult(message)) shakeHands(answer)
      else handle(answer)
    })
  }
  let open = 0
  let tell: (open: number) => void = () => {}
  const server = await startPlain(answerHttp, secure, (listener) => {
    listener.on('connection', (socket) => {
      tell(++open)
      socket.on('close', () => open--)
    })
    listener.on('upgrade', (request, socket, head) => {
      server.versions.add(request.headers['sec-websocket-version'] ?? '')
      webSockets.handleUpgrade(request, socket, head, (ws) => webSockets.emit('connection', ws, request))
    })
  })
  const { port } = new URL(server.url)
  return {
    ...server,
    url: `${server.url}mcp`,
    port: Number(port),
    methods,
    sessions,
    counted: (told) => {
      tell = told
    },
  }
}

function httpAnswer(request: McpRequest, session: string | null, response: http.ServerResponse): McpAnswer {
  const { id } = request
  const stream = () => {
    if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' })
  }
  const sendText = (text: string) => {
    stream()
    response.write(`event: message\ndata: ${text}\n\n`)
  }
  const send = (message: object) => sendText(JSON.stringify(message))
  const last = (message: object) => {
    if (response.headersSent) {
      send(message)
      response.end()
    } else {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify(message))
    }
  }
  return {
    request,
    session,
    port: response.req.socket.remotePort!,
    response,
    sendText,
    send,
    comment: () => {
      stream()
      response.write(':\n')
    },
    progress: (message) => send(progressOf(request, message)),
    result: (result) => last({ jsonrpc: '2.0', id, result }),
    error: (code, message) => last({ jsonrpc: '2.0', id, error: { code, message } }),
    end: () => {
      stream()
      response.end()
    },
    close: () => response.destroy(),
    waitingBytes: () => response.writableLength,
  }
}

function textAnswer(request: McpRequest, ws: WebSocket, port: number): McpAnswer {
  const { id } = request
  const sendText = (text: string) => ws.send(text)
  const send = (message: object) => sendText(JSON.stringify(message))
  return {
    request,
    session: null,
    port,
    response: null,
    sendText,
    send,
    comment() {},
    progress: (message) => send(progressOf(request, message)),
    result: (result) => send({ jsonrpc: '2.0', id, result }),
    error: (code, message) => send({ jsonrpc: '2.0', id, error: { code, message } }),
    end() {},
    close: (code, reason) => ws.close(code, reason),
    waitingBytes: () => ws.bufferedAmount,
  }
}

export function progressOf({ params }: McpRequest, message: string): object {
  const progressToken = params._meta?.progressToken
  return { jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken, progress: 1, message } }
}
