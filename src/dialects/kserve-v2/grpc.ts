/**
 * The Open Inference Protocol over gRPC: `ModelInfer`, and Triton's `ModelStreamInfer`, a bidirectional stream.
 * Tensors are typed numbers (`encoding: json`) or raw bytes (`encoding: binary`); text is the BYTES tensor
 * `text_input`, with what is asked for in the request's parameters.
 */

import { Buffer } from 'node:buffer'
import type { Payload } from '../../plan/plan.ts'
import { type Datatype, elementBytes } from '../datatypes.ts'
import { type CodecOptions, type Content, DecodeError, DialectError } from '../dialect.ts'
import type { GrpcCodec, GrpcFace } from '../grpc-face.ts'
import { promptOf } from '../prompt.ts'
import { decodeMessage, messageFromJson } from '../protobuf.ts'
import { tensorOf } from '../tensors.ts'
import { described } from './input.ts'
import { type InferResponse, messageType, type StreamInferResponse } from './messages.ts'

/** Raw BYTES elements stand behind their length. */
const LENGTH_BYTES = 4

/** The list in which a message holds numbers of a type; FP16 has none. */
const CONTENTS: Readonly<Record<Datatype, string | null>> = {
  BOOL: 'bool_contents',
  UINT8: 'uint_contents',
  UINT16: 'uint_contents',
  UINT32: 'uint_contents',
  UINT64: 'uint64_contents',
  INT8: 'int_contents',
  INT16: 'int_contents',
  INT32: 'int_contents',
  INT64: 'int64_contents',
  FP16: null,
  FP32: 'fp32_contents',
  FP64: 'fp64_contents',
}

export const kserveGrpc: GrpcFace = {
  service: 'inference.GRPCInferenceService',
  methods: { ModelInfer: { kind: 'unary' }, ModelStreamInfer: { kind: 'bidi' } },
  codec(options, method) {
    const decodeMessage = method === 'ModelInfer' ? decodeReply() : decodeStreamed()
    return { ...encoder(options), decodeMessage }
  },
}

function encoder({ target, payload, file }: CodecOptions): Omit<GrpcCodec, 'decodeMessage'> {
  if (payload.form === 'file') {
    // A file holds a message that someone has encoded already.
    const bytes = file ?? new Uint8Array(0)
    return { payloadBytes: bytes.byteLength, encodeMessage: () => bytes }
  }
  const type = messageType('ModelInferRequest')
  if (payload.form === 'json') {
    const message = messageFromJson(type, payload.json, ['json'])
    return {
      payloadBytes: Buffer.byteLength(JSON.stringify(payload.json)),
      encodeMessage: () => type.encode(message).finish(),
    }
  }
  if (target.model === null)
    throw new DialectError('kserve-v2 needs a model: add e.g. model: mlp to the target')
  const { request, payloadBytes } = payload.form === 'size' ? tensorRequest(payload) : textRequest(payload)
  const message = { model_name: target.model, ...request }
  return { payloadBytes, encodeMessage: () => type.encode(message).finish() }
}

interface Request {
  request: object
  payloadBytes: number
}

function tensorRequest(payload: Payload): Request {
  const tensor = tensorOf(payload)
  const { bytes } = tensor
  const input = described(tensor)
  if (payload.encoding === 'binary') {
    return { payloadBytes: bytes.length, request: { inputs: [input], raw_input_contents: [bytes] } }
  }
  const list = CONTENTS[tensor.datatype]
  if (list === null) {
    const message = `gRPC has no list for numbers of ${tensor.datatype}: add encoding: binary to the payload`
    throw new DialectError(message, { at: ['datatype'] })
  }
  // Clients hold the numbers in a list.
  const contents = { [list]: tensor.values() }
  return { payloadBytes: bytes.length, request: { inputs: [{ ...input, contents }] } }
}

function textRequest(payload: Payload): Request {
  const { prompt, outputTokens, ignoreEos } = promptOf(payload)
  const text = Buffer.from(prompt)
  const input = { name: 'text_input', datatype: 'BYTES', shape: [1] }
  const parameters = {
    max_tokens: { int64_param: outputTokens },
    ...(ignoreEos ? { ignore_eos: { bool_param: true } } : {}),
  }
  const payloadBytes = text.byteLength
  if (payload.encoding !== 'binary') {
    const contents = { bytes_contents: [text] }
    return { payloadBytes, request: { parameters, inputs: [{ ...input, contents }] } }
  }
  const raw = Buffer.alloc(LENGTH_BYTES + text.byteLength)
  raw.writeUInt32LE(text.byteLength)
  text.copy(raw, LENGTH_BYTES)
  return { payloadBytes, request: { parameters, inputs: [input], raw_input_contents: [raw] } }
}

function decodeReply(): GrpcCodec['decodeMessage'] {
  const type = messageType('ModelInferResponse')
  return (bytes, into) => read(decodeMessage<InferResponse>(type, bytes), into)
}

function decodeStreamed(): GrpcCodec['decodeMessage'] {
  const type = messageType('ModelStreamInferResponse')
  return (bytes, into) => {
    const message = decodeMessage<StreamInferResponse>(type, bytes)
    if (message.error_message !== '') throw new DecodeError(`the server says: ${message.error_message}`)
    if (message.infer_response) read(message.infer_response, into)
  }
}

function read({ outputs, raw_output_contents: raw }: InferResponse, into: Content): void {
  for (const [index, { datatype, contents }] of outputs.entries()) {
    const bytes = raw[index]
    if (datatype === 'BYTES') readTexts(bytes ? textsOf(bytes) : (contents?.bytes_contents ?? []), into)
    else if (bytes) into.payloadBytes += bytes.byteLength
    else if (contents) into.payloadBytes += numberBytes(contents, datatype)
  }
}

function readTexts(texts: readonly unknown[], into: Content): void {
  for (const text of texts as readonly Uint8Array[]) {
    if (text.byteLength === 0) continue
    into.payloadBytes += text.byteLength
    into.tokens++
  }
}

function textsOf(raw: Uint8Array): Uint8Array[] {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength)
  const texts: Uint8Array[] = []
  for (let offset = 0; offset < raw.byteLength; ) {
    const start = offset + LENGTH_BYTES
    const length = start <= raw.byteLength ? view.getUint32(offset, true) : Number.POSITIVE_INFINITY
    if (start + length > raw.byteLength) throw new DecodeError('a BYTES element is longer than its tensor')
    texts.push(raw.subarray(start, start + length))
    offset = start + length
  }
  return texts
}

function numberBytes(contents: Record<string, readonly unknown[]>, datatype: string): number {
  const size = elementBytes(datatype)
  if (size === undefined)
    throw new DecodeError(`an output is of the unknown datatype ${datatype.slice(0, 32)}`)
  let count = 0
  for (const values of Object.values(contents)) count += values.length
  return count * size
}
