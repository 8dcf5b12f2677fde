/**
 * The Open Inference Protocol over HTTP: tensors as JSON numbers, or as binary after a JSON header (the binary
 * tensor data extension, as Triton speaks it).
 */

import { Buffer } from 'node:buffer'
import {
  type Content,
  DecodeError,
  DialectError,
  type HttpCodec,
  type HttpFace,
  type ReplyHeaders,
} from '../dialect.ts'
import { parseJson } from '../json.ts'
import { literalCodec } from '../literal.ts'
import { type Fp32Tensor, tensorOf } from '../tensors.ts'
import { readOutputs } from './outputs.ts'

const HEADER_LENGTH = 'inference-header-content-length'
const INPUT_NAME = 'input'

export const kserveHttp: HttpFace = {
  interfaces: ['rest'],
  path(model) {
    if (model === null) throw new DialectError('kserve-v2 needs a model: add e.g. model: mlp to the target')
    return `/v2/models/${encodeURIComponent(model)}/infer`
  },
  codec(options) {
    const { form } = options.payload
    if (form === 'json' || form === 'file') {
      return literalCodec(options, { reply: decodeReply, contentType: 'application/json' })
    }
    const tensor = tensorOf(options.payload)
    return options.payload.encoding === 'binary' ? binaryCodec(tensor) : jsonCodec(tensor)
  },
}

function jsonCodec({ shape, values }: Fp32Tensor): HttpCodec {
  // Clients hold the numbers in a list; writing them out is the work that JSON costs.
  const data = Array.from(values)
  const request = { inputs: [{ name: INPUT_NAME, shape, datatype: 'FP32', data }] }
  return {
    headers: { 'content-type': 'application/json' },
    payloadBytes: values.byteLength,
    endMark: null,
    encode: () => JSON.stringify(request),
    reply: decodeReply,
    chunk: noChunks,
  }
}

function binaryCodec({ shape, values }: Fp32Tensor): HttpCodec {
  const request = {
    inputs: [
      { name: INPUT_NAME, shape, datatype: 'FP32', parameters: { binary_data_size: values.byteLength } },
    ],
    parameters: { binary_data_output: true },
  }
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength)
  const encode = () => {
    const header = JSON.stringify(request)
    const headerBytes = Buffer.byteLength(header)
    const body = Buffer.allocUnsafe(headerBytes + bytes.length)
    body.write(header, 0)
    bytes.copy(body, headerBytes)
    return body
  }
  return {
    headers: {
      'content-type': 'application/octet-stream',
      [HEADER_LENGTH]: String(Buffer.byteLength(JSON.stringify(request))),
    },
    payloadBytes: values.byteLength,
    endMark: null,
    encode,
    reply: decodeReply,
    chunk: noChunks,
  }
}

function decodeReply(body: Uint8Array, headers: ReplyHeaders, into: Content): void {
  const headerLength = headers.get(HEADER_LENGTH)
  const jsonBytes = headerLength === undefined ? body.byteLength : Number(headerLength)
  if (!(jsonBytes >= 0 && jsonBytes <= body.byteLength)) {
    throw new DecodeError(`${HEADER_LENGTH}: ${headerLength} in a reply of ${body.byteLength} bytes`)
  }
  readOutputs(parseJson(body.subarray(0, jsonBytes)), body.byteLength - jsonBytes, into)
}

function noChunks(): never {
  throw new DecodeError('kserve-v2 does not stream over HTTP')
}
