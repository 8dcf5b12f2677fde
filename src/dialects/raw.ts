/** No convention: the scenario's bytes go out as they are, and every byte that comes back is content. */

import { Buffer } from 'node:buffer'
import { seededRandom } from '../random.ts'
import { type Codec, type Content, type Dialect, DialectError } from './dialect.ts'
import { literalCodec } from './literal.ts'

export const raw: Dialect = {
  name: 'raw',
  interfaces: ['rest', 'sse'],
  path: () => '/',
  codec(options) {
    const { payload } = options
    const reading = { contentType: 'application/octet-stream', reply, chunk }
    if (payload.form === 'tokens') {
      throw new DialectError('raw knows no tokens: give the payload a size, text, json or file')
    }
    if (payload.form !== 'size') return literalCodec(options, reading)
    const random = seededRandom(payload.seed)
    const bytes = Buffer.alloc(payload.byteCount)
    for (let index = 0; index < bytes.length; index++) bytes[index] = random() * 256
    const codec: Codec = {
      method: options.target.method,
      headers: { 'content-type': reading.contentType },
      payloadBytes: bytes.length,
      endMark: null,
      encode: () => bytes,
      reply,
      chunk,
    }
    return codec
  },
}

function reply(body: Uint8Array, _headers: unknown, into: Content): void {
  into.payloadBytes = body.byteLength
}

function chunk(data: string, _event: string | undefined, into: Content): void {
  into.payloadBytes = Buffer.byteLength(data)
  into.tokens = 1
}
