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
import { type Tensor, tensorOf } from '../tensors.ts'
import { described } from './input.ts'
import { readOutputs } from './outputs.ts'

const HEADER_LENGTH = 'inference-header-content-length'
/** The part of a form that holds the JSON; the others are called like their tensors. */
const REQUEST_PART = 'request'

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
  { bytes }: Tensor,
  headers: HttpCodec['headers'],
  encode: () => Uint8Array | string,
): HttpCodec {
  const payloadBytes = bytes.length
  return { headers, payloadBytes, endMark: null, encode, reply: decodeReply, chunk: noChunks }
}

const JSON_TYPE = { 'content-type': 'application/json' }

function jsonCodec(tensor: Tensor): HttpCodec {
  // Clients hold the numbers in a list; writing them out is the work that JSON costs.
  const request = { inputs: [{ ...described(tensor), data: tensor.values() }] }
  return codecOf(tensor, JSON_TYPE, () => JSON.stringify(request))
}

function base64Codec(tensor: Tensor): HttpCodec {
  const { bytes } = tensor
  const data = { b64: '' }
  const request = {
    inputs: [{ ...described(tensor), data }],
    parameters: { base64_data_output: true },
  }
  return codecOf(tensor, JSON_TYPE, () => {
    data.b64 = bytes.toString('base64')
    return JSON.stringify(request)
  })
}

/** The JSON of a request whose tensor travels beside it. */
function announcement(tensor: Tensor): object {
  const parameters = { binary_data_size: tensor.bytes.length }
  return {
    inputs: [{ ...described(tensor), parameters }],
    parameters: { binary_data_output: true },
  }
}

function binaryCodec(tensor: Tensor): HttpCodec {
  const request = announcement(tensor)
  const { bytes } = tensor
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
function multipartCodec(tensor: Tensor, seed: number): HttpCodec {
  const request = announcement(tensor)
  const { name: tensorName, bytes } = tensor
  if (tensorName === REQUEST_PART || /["\r\n]/.test(tensorName)) {
    throw new DialectError(
      'no part of a form can be called so: give the tensor another name, or take encoding: binary',
      { at: ['tensor'] },
    )
  }
  const boundary = boundaryOf(seed)
  const part = (name: string, rest: string) =>
    `--${boundary}\r\ncontent-disposition: form-data; name="${name}"${rest}\r\n\r\n`
  const head = part(REQUEST_PART, '\r\ncontent-type: application/json')
  const between = part(tensorName, `; filename="${tensorName}"\r\ncontent-type: application/octet-stream`)
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
