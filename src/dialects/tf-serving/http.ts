/** TensorFlow Serving over REST: `predict`, tensors as rows of JSON numbers. */

import { Buffer } from 'node:buffer'
import { type Content, DecodeError, DialectError, type HttpCodecOptions, type HttpFace } from '../dialect.ts'
import { parseJson } from '../json.ts'
import { literalCodec } from '../literal.ts'
import { tensorOf } from '../tensors.ts'

/** A reply does not say what its numbers are; most models' are DT_FLOAT. */
const NUMBER_BYTES = 4
/** More than a tensor has axes. */
const MOST_LEVELS = 256

interface Reply {
  /** To a request in rows. */
  predictions?: unknown
  /** To a request in columns. */
  outputs?: unknown
}

export const tfServingHttp: HttpFace = {
  interfaces: ['rest'],
  path(model) {
    if (model === null) throw new DialectError('tf-serving needs a model: add e.g. model: mlp to the target')
    return `/v1/models/${encodeURIComponent(model)}:predict`
  },
  codec(options: HttpCodecOptions) {
    const { payload } = options
    const contentType = 'application/json'
    if (payload.form === 'json' || payload.form === 'file') {
      return literalCodec(options, { contentType, reply: readReply })
    }
    const tensor = tensorOf(payload, ['json'])
    // Clients hold the numbers in lists; writing them out is the work that JSON costs.
    const rows = nested(tensor.values(), tensor.shape)
    // A model of one input may be given its rows as they are.
    const isNamed = 'tensor' in payload
    const instances = isNamed ? rows.map((row) => ({ [tensor.name]: row })) : rows
    return {
      headers: { 'content-type': contentType },
      payloadBytes: tensor.bytes.length,
      endMark: null,
      encode: () => JSON.stringify({ instances }),
      reply: readReply,
      chunk: noChunks,
    }
  },
}

/** Lists within lists, as deep as the shape has axes. */
function nested(values: readonly unknown[], shape: readonly number[]): readonly unknown[] {
  let rows = values
  for (const length of shape.slice(1).reverse()) {
    const items = rows
    rows = Array.from({ length: items.length / length }, (_, row) =>
      items.slice(row * length, (row + 1) * length),
    )
  }
  return rows
}

function readReply(body: Uint8Array, _headers: unknown, into: Content): void {
  const reply = parseJson(body) as Reply | null
  const values = reply?.predictions ?? reply?.outputs
  if (values === undefined || values === null) throw new DecodeError('the reply has no predictions')
  into.payloadBytes = contentBytes(values)
}

/** Rows may be numbers, lists of them, or mappings from an output's name to either. */
function contentBytes(value: unknown, depth = 0): number {
  if (depth > MOST_LEVELS) throw new DecodeError('the predictions are nested too deeply')
  if (Array.isArray(value)) {
    let byteCount = 0
    for (const item of value)
      byteCount += typeof item === 'number' ? NUMBER_BYTES : contentBytes(item, depth + 1)
    return byteCount
  }
  if (typeof value === 'number') return NUMBER_BYTES
  if (typeof value === 'boolean') return 1
  if (typeof value === 'string') return Buffer.byteLength(value)
  if (value === null || typeof value !== 'object') throw new DecodeError('a prediction holds no value')
  return contentBytes(Object.values(value), depth + 1)
}

function noChunks(): never {
  throw new DecodeError('tf-serving does not stream over HTTP')
}
