/**
 * The Open Inference Protocol over HTTP: tensors as JSON numbers, or as binary after a JSON header (the binary
 * tensor data extension, as Triton speaks it); and as base64 within the JSON, or as parts of a form beside it, which are
 * the bundled server's own (docs/tensor-encodings.md).
 */

import { Buffer } from 'node:buffer'
import { seededRandom } from '../../random.ts'
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
    const { encoding, seed } = options.payload
    const tensor = tensorOf(options.payload, ['json', 'base64', 'binary', 'multipart'])
    switch (encoding) {
      case 'json':
        return jsonCodec(tensor)
      case 'base64':
        return base64Codec(tensor)
      case 'binary':
        return binaryCodec(tensor)
      case 'multipart':
        return multipartCodec(tensor, seed)
    }
  },
}

function codecOf(
  { values }: Fp32Tensor,
  headers: HttpCodec['headers'],
  encode: () => Uint8Array | string,
): HttpCodec {
  const payloadBytes = values.byteLength
  return { headers, payloadBytes, endMark: null, encode, reply: decodeReply, chunk: noChunks }
}

const JSON_TYPE = { 'content-type': 'application/json' }

function jsonCodec(tensor: Fp32Tensor): HttpCodec {
  // Clients hold the numbers in a list; writing them out is the work that JSON costs.
  const data = Array.from(tensor.values)
  const request = { inputs: [{ name: INPUT_NAME, shape: tensor.shape, datatype: 'FP32', data }] }
  return codecOf(tensor, JSON_TYPE, () => JSON.stringify(request))
}

function base64Codec(tensor: Fp32Tensor): HttpCodec {
  const bytes = bytesOf(tensor)
  const data = { b64: '' }
  const request = {
    inputs: [{ name: INPUT_NAME, shape: tensor.shape, datatype: 'FP32', data }],
    parameters: { base64_data_output: true },
  }
  return codecOf(tensor, JSON_TYPE, () => {
    data.b64 = bytes.toString('base64')
    return JSON.stringify(request)
  })
}

function bytesOf({ values }: Fp32Tensor): Buffer {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength)
}

/** The JSON of a request whose tensor travels beside it. */
function announcement({ shape, values }: Fp32Tensor): object {
  const parameters = { binary_data_size: values.byteLength }
  return {
    inputs: [{ name: INPUT_NAME, shape, datatype: 'FP32', parameters }],
    parameters: { binary_data_output: true },
  }
}

function binaryCodec(tensor: Fp32Tensor): HttpCodec {
  const request = announcement(tensor)
  const bytes = bytesOf(tensor)
  const headers = {
    'content-type': 'application/octet-stream',
    [HEADER_LENGTH]: String(Buffer.byteLength(JSON.stringify(request))),
  }
  return codecOf(tensor, headers, () => {
    const header = JSON.stringify(request)
    const headerBytes = Buffer.byteLength(header)
    const body = Buffer.allocUnsafe(headerBytes + bytes.length)
    body.write(header, 0)
    bytes.copy(body, headerBytes)
    return body
  })
}

/** A form, as HTML's and most libraries' upload a file: https://www.rfc-editor.org/rfc/rfc7578 */
function multipartCodec(tensor: Fp32Tensor, seed: number): HttpCodec {
  const request = announcement(tensor)
  const bytes = bytesOf(tensor)
  const boundary = boundaryOf(seed)
  const part = (name: string, rest: string) =>
    `--${boundary}\r\ncontent-disposition: form-data; name="${name}"${rest}\r\n\r\n`
  const head = part('request', '\r\ncontent-type: application/json')
  const between = part(INPUT_NAME, `; filename="${INPUT_NAME}"\r\ncontent-type: application/octet-stream`)
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`)
  return codecOf(tensor, { 'content-type': `multipart/form-data; boundary=${boundary}` }, () => {
    const before = `${head}${JSON.stringify(request)}\r\n${between}`
    const beforeBytes = Buffer.byteLength(before)
    const body = Buffer.allocUnsafe(beforeBytes + bytes.length + tail.length)
    body.write(before, 0)
    bytes.copy(body, beforeBytes)
    tail.copy(body, beforeBytes + bytes.length)
    return body
  })
}

/** Long and random, so that the tensor does not hold it. */
function boundaryOf(seed: number): string {
  const random = seededRandom(seed)
  const digits = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16))
  return `infer-bench-${digits.join('')}`
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
