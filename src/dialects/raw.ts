/** No convention: the scenario's bytes go out as they are, and every byte that comes back is content. */

import { Buffer } from 'node:buffer'
import type { CodecOptions, Content, Dialect, HttpCodec, HttpCodecOptions } from './dialect.ts'
import type { GrpcCodec } from './grpc-face.ts'
import { type LearnedMethod, learnedCodec } from './learned-method.ts'
import { literalCodec } from './literal.ts'
import type { McpCodec } from './mcp-face.ts'
import { bytesOf, randomBytes, refuseTokens } from './raw-bytes.ts'
import { rawWebSocket } from './raw-websocket.ts'
import { literalArguments, readProgress, textBytes } from './tool-text.ts'

export const raw: Dialect = {
  name: 'raw',
  says: 'no convention: what the payload holds goes out as it is',
  form: 'none',
  http: { interfaces: ['rest', 'sse'], path: () => '/', codec: httpCodec },
  grpc: { service: null, methods: null, codec: grpcCodec },
  websocket: rawWebSocket,
  mcp: { tools: null, codec: mcpCodec },
}

function httpCodec(options: HttpCodecOptions): HttpCodec {
  const { payload } = options
  const reading = { contentType: 'application/octet-stream', reply, chunk }
  if (payload.form !== 'size') {
    refuseTokens(payload)
    return literalCodec(options, reading)
  }
  const bytes = randomBytes(payload.byteCount, payload.seed)
  return {
    headers: { 'content-type': reading.contentType },
    payloadBytes: bytes.length,
    endMark: null,
    encode: () => bytes,
    reply,
    chunk,
  }
}

/** One message: whoever sends a file has encoded it already. With a schema, one of the method's type. */
function grpcCodec(options: CodecOptions): GrpcCodec {
  const learned = options.target.options.learned as LearnedMethod | undefined
  if (learned) return learnedCodec(learned, options)
  const bytes = bytesOf(options)
  return {
    payloadBytes: bytes.byteLength,
    encodeMessage: () => bytes,
    decodeMessage: (message, into) => {
      into.payloadBytes = message.byteLength
      into.tokens = 1
    },
  }
}

/** The payload is the tool's arguments. */
function mcpCodec(options: CodecOptions): McpCodec {
  return {
    ...literalArguments(options),
    // A server that says nothing about its progress tells at least how far it is.
    progress({ message, progress }, into) {
      const far = typeof progress === 'number' ? String(progress) : undefined
      readProgress({ message: message ?? far }, into)
    },
    result(result, _hadContent, into) {
      into.payloadBytes = textBytes(result)
      if (into.payloadBytes > 0) into.tokens = 1
    },
  }
}

function reply(body: Uint8Array, _headers: unknown, into: Content): void {
  into.payloadBytes = body.byteLength
}

function chunk(data: string, _event: string | undefined, into: Content): void {
  into.payloadBytes = Buffer.byteLength(data)
  into.tokens = 1
}
