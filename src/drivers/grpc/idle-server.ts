import { Buffer } from 'node:buffer'
import type { ServerHttp2Stream } from 'node:http2'
import type { GrpcCodec } from '../../dialects/grpc-face.ts'
import { type IdleRequest, type IdleServer, streamsReply } from '../driver.ts'
import { listenIdleHttp2 } from '../transport/idle-http2.ts'
import { isSecureScheme } from '../transport/scheme.ts'

/** A message of one byte, as gRPC frames it. */
const MESSAGE = Buffer.from([0, 0, 0, 0, 1, 0])
const HEADERS = { ':status': 200, 'content-type': 'application/grpc' }
const TRAILERS = { 'grpc-status': '0' }

/** Answers every call with one message: when it has come in full, or when a reply that streams may begin. */
export async function startIdleServer({ scheme, kind, certificate }: IdleRequest): Promise<IdleServer> {
  const isSecure = isSecureScheme(scheme)
  const answer = streamsReply(kind) ? answerEarly : answerWhole
  const { host, close } = await listenIdleHttp2(isSecure ? certificate : null, answer)
  return { url: `${isSecure ? 'grpcs' : 'grpc'}://${host}/idle.Idle/Call`, close }
}

/** Sends what the case sends, and takes what the idle server replies. */
export function idleCodec({ payloadBytes, encodeMessage }: GrpcCodec): GrpcCodec {
  return {
    payloadBytes,
    encodeMessage,
    decodeMessage(message, into) {
      into.payloadBytes = message.byteLength
      into.tokens = 1
    },
  }
}

function answerWhole(stream: ServerHttp2Stream): void {
  stream.on('wantTrailers', () => stream.sendTrailers(TRAILERS))
  stream.resume()
  stream.on('end', () => {
    stream.respond(HEADERS, { waitForTrailers: true })
    stream.end(MESSAGE)
  })
}

function answerEarly(stream: ServerHttp2Stream): void {
  stream.on('wantTrailers', () => stream.sendTrailers(TRAILERS))
  stream.once('data', () => {
    stream.respond(HEADERS, { waitForTrailers: true })
    stream.write(MESSAGE)
  })
  stream.on('end', () => {
    if (!stream.headersSent) stream.respond(HEADERS, { waitForTrailers: true })
    stream.end()
  })
}
