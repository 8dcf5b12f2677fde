import http from 'node:http'
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import https from 'node:https'
import { fileURLToPath } from 'node:url'
import { WebSocketServer } from 'ws'
import type { McpCodec } from '../../dialects/mcp-face.ts'
import { dialect } from '../../dialects/registry.ts'
import type { IdleRequest, IdleServer } from '../driver.ts'
import { listenIdleHttp2 } from '../transport/idle-http2.ts'
import { listenIdle } from '../transport/idle-listener.ts'
import { isSecureScheme } from '../transport/scheme.ts'
import { answersTo } from './idle-answer.ts'
import { type McpOptions, transportOf } from './options.ts'

/** Fewer than elsewhere: each one runs the SDK's code many times over, and the server's beside it. */
const CALLS = 1000

/** An MCP server without sessions, whose only tool has nothing to say. */
export async function startIdleServer(asked: IdleRequest): Promise<IdleServer> {
  const transport = transportOf({ url: asked.scheme, options: asked.options })
  if (transport === 'stdio') return idleCommand(asked)
  const isSecure = isSecureScheme(asked.scheme)
  const isHttp2 = transport === 'http' && (asked.options as unknown as McpOptions).http === '2'
  if (isHttp2) {
    const { host, close } = await listenIdleHttp2(isSecure ? asked.certificate : null, answerStream)
    return { url: `http${isSecure ? 's' : ''}://${host}/mcp`, options: toolOf(asked), calls: CALLS, close }
  }
  const { certificate, key } = asked.certificate ?? {}
  const server = isSecure ? https.createServer({ cert: certificate, key }) : http.createServer()
  server.on('request', answer)
  const webSockets = new WebSocketServer({ server })
  webSockets.on('connection', (ws) => {
    ws.on('error', () => {})
    ws.on('message', (data) => {
      for (const message of answersTo(String(data))) ws.send(message)
    })
  })
  const { host, close } = await listenIdle(server)
  const scheme = `${transport === 'websocket' ? 'ws' : 'http'}${isSecure ? 's' : ''}`
  return { url: `${scheme}://${host}/mcp`, options: toolOf(asked), calls: CALLS, close }
}

/** Sends what the case sends, and takes any result. */
export function idleCodec({ arguments: sent, payloadBytes }: McpCodec): McpCodec {
  return {
    arguments: sent,
    payloadBytes,
    progress(_progress, into) {
      into.payloadBytes = 1
      into.tokens = 1
    },
    result(_result, hadContent, into) {
      if (hadContent) return
      into.payloadBytes = 1
      into.tokens = 1
    },
  }
}

/** An API that names no tool by itself is asked to call one all the same. */
function toolOf({ api, options }: IdleRequest): IdleServer['options'] {
  const { tool, method } = options as unknown as McpOptions
  return tool === undefined && method !== 'tools/list' && !dialect(api).mcp?.tools ? { tool: 'idle' } : {}
}

/** Each session is a process of its own, so there is nothing to start and nothing to close. */
function idleCommand(asked: IdleRequest): IdleServer {
  const file = import.meta.url.endsWith('.ts') ? './idle-stdio.ts' : './idle-stdio.js'
  const command = [process.execPath, fileURLToPath(new URL(file, import.meta.url))]
  return {
    url: 'stdio:idle',
    options: { ...toolOf(asked), command, env: {}, cwd: process.cwd() },
    close() {},
  }
}

function answerStream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
  let body = ''
  stream.setEncoding('utf8')
  stream.on('data', (text: string) => {
    body += text
  })
  stream.on('end', () => {
    const method = headers[':method'] ?? ''
    const { status, contentType, text } = replyTo(method, body)
    stream.respond({ ':status': status, ...(contentType !== null && { 'content-type': contentType }) })
    stream.end(text)
  })
}

interface Reply {
  status: number
  contentType: string | null
  text: string
}

function replyTo(method: string, body: string): Reply {
  const none = (status: number) => ({ status, contentType: null, text: '' })
  // DELETE ends a session, which this server has none of; GET would only wait.
  if (method !== 'POST') return none(method === 'DELETE' ? 200 : 405)
  const messages = answersTo(body)
  if (messages.length === 0) return none(202)
  if (messages.length === 1) return { status: 200, contentType: 'application/json', text: messages[0]! }
  const text = messages.map((message) => `event: message\ndata: ${message}\n\n`).join('')
  return { status: 200, contentType: 'text/event-stream', text }
}

function answer(request: http.IncomingMessage, response: http.ServerResponse): void {
  let body = ''
  request.setEncoding('utf8')
  request.on('data', (text: string) => {
    body += text
  })
  request.on('end', () => {
    const { status, contentType, text } = replyTo(request.method ?? '', body)
    response.writeHead(status, { ...(contentType !== null && { 'content-type': contentType }) }).end(text)
  })
}
