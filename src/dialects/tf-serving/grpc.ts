/**
 * TensorFlow Serving over gRPC: `Predict`. Tensors are typed numbers (`encoding: json`), as most clients write them,
 * or raw bytes in `tensor_content` (`encoding: binary`), as `tf.make_tensor_proto` does.
 */

import { Buffer } from 'node:buffer'
import { type CodecOptions, type Content, DecodeError, DialectError } from '../dialect.ts'
import type { GrpcCodec, GrpcFace } from '../grpc-face.ts'
import { decodeMessage, messageFromJson } from '../protobuf.ts'
import { tensorOf } from '../tensors.ts'
import { DT_FLOAT, elementBytes, messageType, type PredictResponse, type TensorProto } from './messages.ts'

const INPUT_NAME = 'input'

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
  const { shape, values } = tensorOf(payload)
  if (target.model === null) {
    throw new DialectError('tf-serving needs a model: add e.g. model: mlp to the target')
  }
  const contents =
    payload.encoding === 'binary'
      ? { tensor_content: Buffer.from(values.buffer, values.byteOffset, values.byteLength) }
      : // Clients hold the numbers in a list.
        { float_val: Array.from(values) }
  const tensor = { dtype: DT_FLOAT, tensor_shape: { dim: shape.map((size) => ({ size })) }, ...contents }
  const message = { model_spec: { name: target.model }, inputs: { [INPUT_NAME]: tensor } }
  return { payloadBytes: values.byteLength, encodeMessage: () => type.encode(message).finish() }
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
