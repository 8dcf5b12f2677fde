/**
 * What the elements of a tensor can be, by the Open Inference Protocol's names, and what values they are given here.
 * BYTES, whose elements have no fixed size, is none of them.
 */

interface Element {
  byteCount: number
  /** A value that the type holds exactly, made from a number of [0, 1). */
  value(random: number): number
  /** Little-endian. */
  write(into: DataView, offset: number, value: number): void
}

type Setter =
  | 'setUint8'
  | 'setInt8'
  | 'setUint16'
  | 'setInt16'
  | 'setUint32'
  | 'setInt32'
  | 'setFloat32'
  | 'setFloat64'

/** Most numbers of 32 bits and more are indices, such as of a vocabulary: larger ones would name nothing. */
const INDICES = 1000
const HALF_BIAS = 15
/** Significant bits of a half-precision number, less the one that is not written. */
const HALF_BITS = 10

const fraction = (random: number) => random * 2 - 1
const index = (random: number) => Math.floor(random * INDICES)

function element(byteCount: number, setter: Setter, value: Element['value']): Element {
  return { byteCount, value, write: (into, offset, number) => into[setter](offset, number, true) }
}

/** Over its whole range, as samples of sound and pixels are. */
function whole(byteCount: number, setter: Setter, min: number): Element {
  const count = 2 ** (8 * byteCount)
  return element(byteCount, setter, (random) => min + Math.floor(random * count))
}

function wide(setter: 'setBigUint64' | 'setBigInt64'): Element {
  const write: Element['write'] = (into, offset, number) => into[setter](offset, BigInt(number), true)
  return { byteCount: 8, value: index, write }
}

const ROWS = {
  BOOL: element(1, 'setUint8', (random) => Math.floor(random * 2)),
  UINT8: whole(1, 'setUint8', 0),
  UINT16: whole(2, 'setUint16', 0),
  UINT32: element(4, 'setUint32', index),
  UINT64: wide('setBigUint64'),
  INT8: whole(1, 'setInt8', -(2 ** 7)),
  INT16: whole(2, 'setInt16', -(2 ** 15)),
  INT32: element(4, 'setInt32', index),
  INT64: wide('setBigInt64'),
  FP16: {
    byteCount: 2,
    value: (random: number) => Math.floor(fraction(random) * 2 ** HALF_BITS) / 2 ** HALF_BITS,
    write: (into: DataView, offset: number, number: number) => into.setUint16(offset, halfBits(number), true),
  },
  FP32: element(4, 'setFloat32', (random) => Math.fround(fraction(random))),
  FP64: element(8, 'setFloat64', fraction),
}

export type Datatype = keyof typeof ROWS

export const ELEMENTS: Readonly<Record<Datatype, Element>> = ROWS

/** Bytes of one element; undefined for what is no type of a fixed size. */
export function elementBytes(datatype: string): number | undefined {
  return Object.hasOwn(ELEMENTS, datatype) ? ELEMENTS[datatype as Datatype].byteCount : undefined
}

/** Of a number of [-1, 1) that is a multiple of the smallest fraction above. */
export function halfBits(number: number): number {
  if (number === 0) return 0
  const size = Math.abs(number)
  const exponent = Math.floor(Math.log2(size))
  const significand = (size / 2 ** exponent - 1) * 2 ** HALF_BITS
  return ((number < 0 ? 1 : 0) << 15) | ((exponent + HALF_BIAS) << HALF_BITS) | significand
}
