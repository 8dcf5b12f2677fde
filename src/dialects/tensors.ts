import type { Payload, TensorEncoding } from '../plan/plan.ts'
import { seededRandom } from '../random.ts'
import { DialectError } from './dialect.ts'

const FP32_BYTES = 4

export interface Fp32Tensor {
  shape: [batch: number, width: number]
  values: Float32Array
}

/**
 * An FP32 tensor of the payload's size, made from its seed: uniform in [-1, 1). Throws `DialectError`, for an encoding
 * that the dialect does not know as well.
 */
export function tensorOf(
  payload: Payload,
  encodings: readonly TensorEncoding[] = ['json', 'binary'],
): Fp32Tensor {
  if (payload.form !== 'size') {
    throw new DialectError(
      `a payload of the form ${payload.form} is not a tensor: give it a size, e.g. size: 1KiB`,
    )
  }
  if (!encodings.includes(payload.encoding)) {
    throw new DialectError(
      `the encoding ${payload.encoding} is not known here: take ${encodings.join(' or ')}`,
    )
  }
  const rowBytes = payload.byteCount / payload.batch
  if (!Number.isInteger(rowBytes / FP32_BYTES) || rowBytes === 0) {
    throw new DialectError(
      `a payload of ${payload.byteCount} bytes does not make ${payload.batch} rows of FP32 numbers: take a multiple of ${FP32_BYTES * payload.batch} bytes`,
    )
  }
  const random = seededRandom(payload.seed)
  const values = new Float32Array(payload.byteCount / FP32_BYTES)
  for (let index = 0; index < values.length; index++) values[index] = random() * 2 - 1
  return { shape: [payload.batch, rowBytes / FP32_BYTES], values }
}

/** Bytes of one element, by the Open Inference Protocol's names. BYTES has no fixed size. */
export const DATATYPE_BYTES: ReadonlyMap<string, number> = new Map([
  ['BOOL', 1],
  ['UINT8', 1],
  ['UINT16', 2],
  ['UINT32', 4],
  ['UINT64', 8],
  ['INT8', 1],
  ['INT16', 2],
  ['INT32', 4],
  ['INT64', 8],
  ['FP16', 2],
  ['FP32', 4],
  ['FP64', 8],
])
