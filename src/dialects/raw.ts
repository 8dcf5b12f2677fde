/** No convention: the scenario's bytes go out as they are, and every byte that comes back is content. */

import { Buffer } from 'node:buffer'
import { seededRandom } from '../random.ts'
import {
  type CodecOptions,
  type Content,
  type Dialect,
  DialectError,
  type HttpCodec,
  type HttpCodecOptions,
} from './dialect.ts'
import type { GrpcCodec } from './grpc-face.ts'
import { literalCodec } from './literal.ts'

export const raw: Dialect = {
  name: 'raw',
  says: 'no convention: what the payload holds goes out as it is',
  form: 'none',
  http: { interfaces: ['rest', 'sse'], path: () => '/', codec: httpCodec },
  grpc: { service: null, methods: null, codec: grpcCodec },
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

/** One message: whoever sends a file has encoded it already. */
function grpcCodec({ payload, file }: CodecOptions): GrpcCodec {
  refuseTokens(payload)
  const bytes =
    payload.form === 'size'
      ? randomBytes(payload.byteCount, payload.seed)
      : payload.form === 'text'
        ? Buffer.from(payload.text)
        : payload.form === 'json'
          ? Buffer.from(JSON.stringify(payload.json))
          : (file ?? Buffer.alloc(0))
  return {
    payloadBytes: bytes.byteLength,
    encodeMessage: () => bytes,
    decodeMessage: (message, into) => {
      into.payloadBytes = message.byteLength
      into.tokens = 1
    },
  }
}

function refuseTokens({ form }: CodecOptions['payload']): void {
  if (form === 'tokens') {
    throw new DialectError('raw knows no tokens: give the payload a size, text, json or file')
  }
}

function randomBytes(byteCount: number, seed: number): Buffer {
  const random = seededRandom(seed)
  const bytes = Buffer.alloc(byteCount)
  for (let index = 0; index < bytes.length; index++) bytes[index] = random() * 256
  return bytes
}

function reply(body: Uint8Array, _headers: unknown, into: Content): void {
  into.payloadBytes = body.byteLength
}

function chunk(data: string, _event: string | undefined, into: Content): void {
  into.payloadBytes = Buffer.byteLength(data)
  into.tokens = 1
}
