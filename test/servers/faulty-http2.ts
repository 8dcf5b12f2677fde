import http2 from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'

export interface FaultyHttp2 {
  url: string
  sessions: Set<http2.ServerHttp2Session>
  /** Beneath the sessions, which let nobody touch them in every Node. */
  sockets: Set<Socket>
  /** The `:authority` of the requests so far. */
  authorities: Set<string>
  /** The `grpc-timeout` of each. */
  timeouts: unknown[]
  requests: number
  stop(): Promise<void>
}

/** An HTTP/2 server in clear text that does with each stream whatever a test asks for. */
export async function startFaultyHttp2(
  fault: (stream: http2.ServerHttp2Stream, request: number) => void,
): Promise<FaultyHttp2> {
  const server = http2.createServer()
  const faulty: FaultyHttp2 = {
    url: '',
    sessions: new Set(),
    sockets: new Set(),
    authorities: new Set(),
    timeouts: [],
    requests: 0,
    stop: () =>
      new Promise((resolve) => {
        for (const session of faulty.sessions) session.destroy()
        server.close(() => resolve())
      }),
  }
  server.on('connection', (socket) => {
    faulty.sockets.add(socket)
    socket.on('close', () => faulty.sockets.delete(socket))
  })
  server.on('session', (session) => {
    faulty.sessions.add(session)
    session.on('error', () => {})
    session.on('close', () => faulty.sessions.delete(session))
  })
  server.on('stream', (stream: http2.ServerHttp2Stream, headers) => {
    faulty.authorities.add(String(headers[':authority']))
    faulty.timeouts.push(headers['grpc-timeout'])
    stream.on('error', () => {})
    stream.resume()
    fault(stream, faulty.requests++)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  faulty.url = `grpc://127.0.0.1:${(server.address() as AddressInfo).port}/test.Plain/Call`
  return faulty
}

/** More SETTINGS than a client lets pass for HTTP/2; of other breaches the oldest Node that is promised tells nothing. */
export const BREACH = Buffer.concat(
  Array.from({ length: 20_000 }, () => Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])),
)

/** A message as gRPC frames it. */
export function framed(text: string): Buffer {
  const frame = Buffer.alloc(5 + Buffer.byteLength(text))
  frame.writeUInt32BE(Buffer.byteLength(text), 1)
  frame.write(text, 5)
  return frame
}

const HEADERS = { ':status': 200, 'content-type': 'application/grpc' }

/** Answers in full: one message, then the trailers. */
export function answer(stream: http2.ServerHttp2Stream, trailers: Record<string, string> = {}): void {
  stream.respond(HEADERS, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', ...trailers }))
  stream.end(framed('0123456789'))
}

/** Begins to answer, and leaves the rest to the test. */
export function begin(stream: http2.ServerHttp2Stream): void {
  stream.respond(HEADERS)
  stream.write(framed('01234'))
}
