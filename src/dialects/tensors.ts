import { Buffer } from 'node:buffer'
import type { Payload, TensorEncoding } from '../plan/plan.ts'
import { seededRandom } from '../random.ts'
import { type Datatype, ELEMENTS } from './datatypes.ts'
import { DialectError } from './dialect.ts'

/** What a tensor is called, and made of, where the scenario does not say. */
export const DEFAULT_TENSOR = 'input'
export const DEFAULT_DATATYPE: Datatype = 'FP32'

export interface Tensor {
  name: string
  datatype: Datatype
  /** As the scenario gives it; otherwise rows, each of which is flat. */
  shape: readonly number[]
  /** Row by row, little-endian. */
  bytes: Buffer
  /** The same in a list, as clients hold numbers; of a BOOL, truths. */
  values(): (number | boolean)[]
}

/**
 * A tensor as the payload describes it, made from its seed. Throws `DialectError`, for an encoding that the dialect does
 * not know as well.
 */
export function tensorOf(
  payload: Payload,
  encodings: readonly TensorEncoding[] = ['json', 'binary'],
): Tensor {
  if (payload.form !== 'size') {
    throw new DialectError(
      `a payload of the form ${payload.form} is not a tensor: give it a size, e.g. size: 1KiB`,
    )
  }
  const { encoding, tensor: name = DEFAULT_TENSOR, datatype = DEFAULT_DATATYPE } = payload
  if (!encodings.includes(encoding)) {
    throw new DialectError(`the encoding ${encoding} is not known here: take ${encodings.join(' or ')}`)
  }
  const shape = payload.shape ?? rowsOf(payload, datatype)
  return {
    name,
    datatype,
    shape,
    bytes: bytesOf(payload, datatype),
    values: () => valuesOf(payload, datatype),
  }
}

/** Of a tensor of this shape. */
export function tensorBytes(shape: readonly number[], datatype: Datatype = DEFAULT_DATATYPE): number {
  return shape.reduce((product, length) => product * length, ELEMENTS[datatype].byteCount)
}

interface Seeded {
  byteCount: number
  seed: number
}

function bytesOf({ byteCount, seed }: Seeded, datatype: Datatype): Buffer {
  const { byteCount: elementBytes, value, write } = ELEMENTS[datatype]
  const random = seededRandom(seed)
  const bytes = Buffer.alloc(byteCount)
  const view = new DataView(bytes.buffer, bytes.byteOffset, byteCount)
  for (let offset = 0; offset < byteCount; offset += elementBytes) write(view, offset, value(random()))
  return bytes
}

function valuesOf({ byteCount, seed }: Seeded, datatype: Datatype): (number | boolean)[] {
  const { byteCount: elementBytes, value } = ELEMENTS[datatype]
  const random = seededRandom(seed)
  const numbers: number[] = []
  for (let offset = 0; offset < byteCount; offset += elementBytes) numbers.push(value(random()))
  return datatype === 'BOOL' ? numbers.map((number) => number === 1) : numbers
}

function rowsOf({ byteCount, batch }: { byteCount: number; batch: number }, datatype: Datatype): number[] {
  const elementBytes = ELEMENTS[datatype].byteCount
  const width = byteCount / batch / elementBytes
  if (Number.isInteger(width) && width > 0) return [batch, width]
  throw new DialectError(
    `a payload of ${byteCount} bytes does not make ${batch} rows of ${datatype} numbers: take a multiple of ${elementBytes * batch} bytes`,
    { at: ['size'] },
  )
}
