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
import { DATATYPE_BYTES, type Fp32Tensor, tensorOf } from '../tensors.ts'

const HEADER_LENGTH = 'inference-header-content-length'
const INPUT_NAME = 'input'

interface ReplyTensor {
  name?: string
  datatype?: string
  shape?: number[]
  data?: unknown[]
  parameters?: { binary_data_size?: number }
}

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
  const reply = parseJson(body.subarray(0, jsonBytes)) as { outputs?: ReplyTensor[] } | null
  if (!Array.isArray(reply?.outputs)) throw new DecodeError('the reply has no outputs')
  let binaryBytes = 0
  for (const output of reply.outputs) {
    const inBinary = output?.parameters?.binary_data_size
    if (inBinary !== undefined) binaryBytes += inBinary
    into.payloadBytes += inBinary ?? numberBytes(output)
  }
  if (binaryBytes !== body.byteLength - jsonBytes) {
    throw new DecodeError(
      `the reply announces ${binaryBytes} bytes of tensors and has ${body.byteLength - jsonBytes}`,
    )
  }
}

function numberBytes(output: ReplyTensor): number {
  const size = DATATYPE_BYTES[output?.datatype ?? '']
  if (!Array.isArray(output?.data)) throw new DecodeError('an output has no data')
  if (size === undefined) return Buffer.byteLength(JSON.stringify(output.data))
  const elements = (output.shape ?? [output.data.length]).reduce((product, extent) => product * extent, 1)
  return elements * size
}

function noChunks(): never {
  throw new DecodeError('kserve-v2 does not stream over HTTP')
}
