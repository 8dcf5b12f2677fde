/**
 * TensorFlow Serving over gRPC: `Predict`. Tensors are typed numbers (`encoding: json`), as most clients write them,
 * or raw bytes in `tensor_content` (`encoding: binary`), as `tf.make_tensor_proto` does.
 */

import { Buffer } from 'node:buffer'
import { type Datatype, halfBits } from '../datatypes.ts'
import { type CodecOptions, type Content, DecodeError, DialectError } from '../dialect.ts'
import type { GrpcCodec, GrpcFace } from '../grpc-face.ts'
import { decodeMessage, messageFromJson } from '../protobuf.ts'
import { type Tensor, tensorOf } from '../tensors.ts'
import {
  type DataType,
  elementBytes,
  messageType,
  numberOf,
  type PredictResponse,
  type TensorProto,
} from './messages.ts'

/** How TensorFlow calls a type, and the list in which a message holds numbers of it. */
const TYPES: Readonly<Record<Datatype, readonly [dtype: DataType, list: string]>> = {
  BOOL: ['DT_BOOL', 'bool_val'],
  UINT8: ['DT_UINT8', 'int_val'],
  UINT16: ['DT_UINT16', 'int_val'],
  UINT32: ['DT_UINT32', 'uint32_val'],
  UINT64: ['DT_UINT64', 'uint64_val'],
  INT8: ['DT_INT8', 'int_val'],
  INT16: ['DT_INT16', 'int_val'],
  INT32: ['DT_INT32', 'int_val'],
  INT64: ['DT_INT64', 'int64_val'],
  FP16: ['DT_HALF', 'half_val'],
  FP32: ['DT_FLOAT', 'float_val'],
  FP64: ['DT_DOUBLE', 'double_val'],
}

export const tfServingGrpc: GrpcFace = {
  service: 'tensorflow.serving.PredictionService',
  methods: { Predict: { kind: 'unary' } },
  codec(options) {
    const type = messageType('PredictResponse')
    return {
      ...encoder(options),
      decodeMessage: (bytes, into) => read(decodeMessage<PredictResponse>(type, bytes), into),
    }
  },
}

function encoder({ target, payload, file }: CodecOptions): Omit<GrpcCodec, 'decodeMessage'> {
  if (payload.form === 'file') {
    // A file holds a message that someone has encoded already.
    const bytes = file ?? new Uint8Array(0)
    return { payloadBytes: bytes.byteLength, encodeMessage: () => bytes }
  }
  const type = messageType('PredictRequest')
  if (payload.form === 'json') {
    const message = messageFromJson(type, payload.json, ['json'])
    const payloadBytes = Buffer.byteLength(JSON.stringify(payload.json))
    return { payloadBytes, encodeMessage: () => type.encode(message).finish() }
  }
  const input = tensorOf(payload)
  if (target.model === null) {
    throw new DialectError('tf-serving needs a model: add e.g. model: mlp to the target')
  }
  const [dtype, list] = TYPES[input.datatype]
  // Clients hold the numbers in a list.
  const contents =
    payload.encoding === 'binary' ? { tensor_content: input.bytes } : { [list]: numbersOf(input) }
  const shape = { dim: input.shape.map((size) => ({ size })) }
  const tensor = { dtype: numberOf(dtype), tensor_shape: shape, ...contents }
  const message = { model_spec: { name: target.model }, inputs: { [input.name]: tensor } }
  return { payloadBytes: input.bytes.length, encodeMessage: () => type.encode(message).finish() }
}

/** Those of half precision travel as the bits that they are made of. */
function numbersOf(input: Tensor): readonly (number | boolean)[] {
  const values = input.values()
  return input.datatype === 'FP16' ? values.map((value) => halfBits(value as number)) : values
}

function read({ outputs }: PredictResponse, into: Content): void {
  for (const tensor of Object.values(outputs)) into.payloadBytes += contentBytes(tensor)
}

/** Numbers of less than 4 bytes travel in wider fields: what counts is what they are. */
function contentBytes(tensor: TensorProto): number {
  if (tensor.tensor_content.byteLength > 0) return tensor.tensor_content.byteLength
  const size = elementBytes(tensor.dtype)
  if (size === undefined) throw new DecodeError(`an output is of the unknown data type ${tensor.dtype}`)
  let byteCount = 0
  for (const text of tensor.string_val) byteCount += text.byteLength
  const count =
    tensor.float_val.length +
    tensor.double_val.length +
    tensor.int_val.length +
    tensor.int64_val.length +
    tensor.bool_val.length +
    tensor.half_val.length +
    tensor.uint32_val.length +
    tensor.uint64_val.length
  return byteCount + count * size
}
