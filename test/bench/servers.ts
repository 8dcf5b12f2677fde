/**
 * Servers that do as little as they can for each interface, so that it is the client that is busy: fixed bytes, no library
 * where one can be done without. Sends its ports to its parent.
 */

import { Buffer } from 'node:buffer'
import http2 from 'node:http2'
import net, { type AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import { startPlainMcp, textResult } from '../servers/plain-mcp.ts'

export interface BenchPorts {
  grpc: number
  websocket: number
  sse: number
  mcp: number
}

/** Messages of one stream. */
export const STREAM_MESSAGES = 1000

const HEADERS = { ':status': 200, 'content-type': 'application/grpc' }
const MESSAGE = Buffer.from([0, 0, 0, 0, 5, ...Buffer.from('hello')])

/** `/bench.Bench/One` answers with one message, `/bench.Bench/Stream` with many. */
function startGrpc(): Promise<number> {
  const server = http2.createServer()
  server.on('stream', (stream: http2.ServerHttp2Stream, headers) => {
    stream.on('error', () => {})
    stream.resume()
    stream.respond(HEADERS, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
    if (headers[':path']?.endsWith('One')) stream.end(MESSAGE)
    else {
      for (let message = 1; message < STREAM_MESSAGES; message++) stream.write(MESSAGE)
      stream.end(MESSAGE)
    }
  })
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}

function startWebSocket(): Promise<number> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  server.on('connection', (ws) => {
    ws.on('error', () => {})
    ws.on('message', () => ws.send('hello'))
  })
  return new Promise((resolve) => {
    server.on('listening', () => resolve((server.address() as AddressInfo).port))
  })
}

/** Events as OpenAI's chat streams them. */
function startSse(): Promise<number> {
  const chunk = { object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content: 'hello ' } }] }
  const events = `${`data: ${JSON.stringify(chunk)}\n\n`.repeat(STREAM_MESSAGES)}data: [DONE]\n\n`
  const reply = `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: ${events.length}\r\n\r\n${events}`
  const server = net.createServer({ noDelay: true }, (socket) => {
    socket.setEncoding('latin1')
    socket.on('error', () => {})
    // A request may come in two pieces; the one with its body is the last.
    socket.on('data', (piece: string) => {
      if (piece.includes('"messages"')) socket.write(reply)
    })
  })
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}

if (import.meta.main) {
  const ports: BenchPorts = {
    grpc: await startGrpc(),
    websocket: await startWebSocket(),
    sse: await startSse(),
    mcp: (await startPlainMcp((answer) => answer.result(textResult('hello')))).port,
  }
  process.send!(ports)
  process.on('disconnect', () => process.exit(0))
}
