import { Buffer } from 'node:buffer'
import { createServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { IdleServer } from '../driver.ts'

/** A message without content, as gRPC frames it. */
const EMPTY_MESSAGE = Buffer.alloc(5)
const HEADERS = { ':status': 200, 'content-type': 'application/grpc' }
const TRAILERS = { 'grpc-status': '0' }

/** Answers every call with one empty message. */
export async function startIdleServer(): Promise<IdleServer> {
  const server = createServer()
  const sessions = new Set<ServerHttp2Session>()
  server.on('session', (session) => {
    sessions.add(session)
    session.on('error', () => {})
    session.on('close', () => sessions.delete(session))
  })
  server.on('stream', (stream: ServerHttp2Stream) => {
    stream.on('error', () => {})
    stream.on('wantTrailers', () => stream.sendTrailers(TRAILERS))
    stream.respond(HEADERS, { waitForTrailers: true })
    stream.end(EMPTY_MESSAGE)
    stream.resume()
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    url: `grpc://127.0.0.1:${(server.address() as AddressInfo).port}/idle.Idle/Call`,
    close() {
      server.close()
      for (const session of sessions) session.destroy()
    },
  }
}
