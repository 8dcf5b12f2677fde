import { Buffer } from 'node:buffer'
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { Known } from './known-behaviour.ts'

const PREFIX_BYTES = 5
const OK = '0'
const UNAVAILABLE = '14'

/** A message of one byte, as gRPC frames it. */
const MESSAGE = Buffer.from([0, 0, 0, 0, 1, 'x'.charCodeAt(0)])

/** gRPC of every kind of call on bare HTTP/2: a gRPC library's time would count as the network's. */
export function startKnownGrpc(): Promise<number> {
  const server = http2.createServer()
  server.on('stream', (stream: http2.ServerHttp2Stream, headers) => {
    const begunMs = performance.now()
    let status = OK
    let written = () => {}
    let isBegun = false
    stream.on('error', () => {})
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => {
      stream.sendTrailers({ 'grpc-status': status })
      // Only now the reply is whole, and the client can know it.
      written()
    })
    // Whether the reply streams is told by the path: a call with one reply has it in `reply`.
    const streams = headers[':path']?.endsWith('Stream') ?? false
    const call = new Known(String(headers.known ?? 'does=reply&ms=0'), begunMs, {
      chunk: () => void (streams && stream.write(MESSAGE)),
      piece: (index, count) => {
        if (index === 1) stream.write(Buffer.from([0, 0, 0, 0, count]))
        stream.write('x')
        isBegun = true
      },
      reply: (whenWritten) => {
        written = whenWritten
        stream.end(isBegun ? 'x' : streams ? undefined : MESSAGE)
      },
      fail: () => {
        status = UNAVAILABLE
        stream.end()
      },
    })
    let rest: Buffer = Buffer.alloc(0)
    stream.on('data', (bytes: Buffer) => {
      rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
      while (rest.length >= PREFIX_BYTES && rest.length >= PREFIX_BYTES + rest.readUInt32BE(1)) {
        rest = rest.subarray(PREFIX_BYTES + rest.readUInt32BE(1))
        call.message()
      }
    })
    stream.on('end', () => call.requested())
    stream.on('close', () => call.cancelled())
  })
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}
