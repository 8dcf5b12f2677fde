/**
 * The OpenAI API's embeddings: texts in, vectors out, as JSON numbers or as base64 of their bytes.
 * https://platform.openai.com/docs/api-reference/embeddings
 */

import { Buffer } from 'node:buffer'
import {
  type Content,
  DecodeError,
  type Dialect,
  DialectError,
  type HttpCodec,
  type HttpCodecOptions,
} from './dialect.ts'
import { parseJson } from './json.ts'
import { literalCodec } from './literal.ts'
import { promptOf } from './prompt.ts'

/** Vectors are of 32-bit floats, and base64 holds their bytes. */
const FP32_BYTES = 4

interface Reply {
  data?: { embedding?: unknown }[]
  error?: unknown
}

export const openaiEmbeddings: Dialect = {
  name: 'openai-embeddings',
  says: 'OpenAI embeddings: texts in, vectors out, as JSON numbers or base64',
  form: 'tokens',
  promptKeys: ['encoding', 'batch'],
  http: { interfaces: ['rest'], path: () => '/v1/embeddings', codec },
}

function codec(options: HttpCodecOptions): HttpCodec {
  const { payload, target } = options
  if (payload.form === 'json' || payload.form === 'file') {
    return literalCodec(options, { contentType: 'application/json', reply: readReply })
  }
  const { encoding, batch, seed } = payload
  if (encoding !== 'json' && encoding !== 'base64') {
    throw new DialectError(`openai-embeddings knows no ${encoding} vectors: take encoding json or base64`)
  }
  // The same text many times over would let a server compute it once.
  const texts = Array.from({ length: batch }, (_, row) => promptOf({ ...payload, seed: seed + row }).prompt)
  const request = {
    ...(target.model === null ? {} : { model: target.model }),
    input: batch === 1 ? texts[0] : texts,
    encoding_format: encoding === 'json' ? 'float' : 'base64',
  }
  return {
    headers: { 'content-type': 'application/json' },
    payloadBytes: texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0),
    endMark: null,
    encode: () => JSON.stringify(request),
    reply: readReply,
    chunk: noChunks,
  }
}

function readReply(body: Uint8Array, _headers: unknown, into: Content): void {
  const reply = parseJson(body) as Reply | null
  if (!Array.isArray(reply?.data)) throw new DecodeError('the reply has no data')
  for (const item of reply.data) into.payloadBytes += vectorBytes(item?.embedding)
}

function vectorBytes(embedding: unknown): number {
  if (Array.isArray(embedding)) {
    if (!embedding.every((number) => typeof number === 'number')) {
      throw new DecodeError('an embedding holds what is no number')
    }
    return embedding.length * FP32_BYTES
  }
  if (typeof embedding !== 'string') throw new DecodeError('an embedding is neither numbers nor base64')
  const { length } = Buffer.from(embedding, 'base64')
  if (length === 0 || length % FP32_BYTES !== 0 || Buffer.byteLength(embedding, 'base64') !== length) {
    throw new DecodeError('an embedding in base64 holds no whole number of floats')
  }
  return length
}

function noChunks(): never {
  throw new DecodeError('openai-embeddings does not stream')
}
