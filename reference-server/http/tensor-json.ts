import type { DataType, Tensor } from '../runtime/runtime.ts'
import { invalid } from './errors.ts'
import { shown } from './json.ts'

type NumberArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array

interface ElementType {
  byteCount: number
  /** Null for the 64-bit integers, which go through BigInt. */
  view: ((buffer: ArrayBufferLike, byteOffset: number, length: number) => NumberArray) | null
  min: number
  max: number
  integer: boolean
}

function integers(byteCount: number, signed: boolean, view: ElementType['view']): ElementType {
  const bits = byteCount * 8
  const max = 2 ** (signed ? bits - 1 : bits) - 1
  return { byteCount, view, min: signed ? -max - 1 : 0, max, integer: true }
}

const float32Max = 3.4028234663852886e38

const elementTypes: Record<DataType, ElementType> = {
  BOOL: integers(1, false, (buffer, from, length) => new Uint8Array(buffer, from, length)),
  UINT8: integers(1, false, (buffer, from, length) => new Uint8Array(buffer, from, length)),
  INT8: integers(1, true, (buffer, from, length) => new Int8Array(buffer, from, length)),
  UINT16: integers(2, false, (buffer, from, length) => new Uint16Array(buffer, from, length)),
  INT16: integers(2, true, (buffer, from, length) => new Int16Array(buffer, from, length)),
  UINT32: integers(4, false, (buffer, from, length) => new Uint32Array(buffer, from, length)),
  INT32: integers(4, true, (buffer, from, length) => new Int32Array(buffer, from, length)),
  // JSON numbers are doubles: an integer beyond 2^53 would have been rounded without a word.
  UINT64: { byteCount: 8, view: null, min: 0, max: Number.MAX_SAFE_INTEGER, integer: true },
  INT64: {
    byteCount: 8,
    view: null,
    min: Number.MIN_SAFE_INTEGER,
    max: Number.MAX_SAFE_INTEGER,
    integer: true,
  },
  FP32: {
    byteCount: 4,
    view: (buffer, from, length) => new Float32Array(buffer, from, length),
    min: -float32Max,
    max: float32Max,
    integer: false,
  },
  FP64: {
    byteCount: 8,
    view: (buffer, from, length) => new Float64Array(buffer, from, length),
    min: -Number.MAX_VALUE,
    max: Number.MAX_VALUE,
    integer: false,
  },
}

/** @throws HttpError 400 for a type that this server does not speak. */
export function dataType(value: unknown, tensorName: string): DataType {
  if (typeof value === 'string' && Object.hasOwn(elementTypes, value)) return value as DataType
  const known = Object.keys(elementTypes).join(', ')
  throw invalid(`tensor ${tensorName}: datatype ${shown(value)} is none of ${known}`)
}

export function elementBytes(type: DataType): number {
  return elementTypes[type].byteCount
}

/**
 * The bytes of a tensor whose data came as JSON, flat or nested.
 * @throws HttpError 400 for an element that the datatype cannot hold, or for too few or too many.
 */
export function bytesFromJson(
  data: unknown[],
  type: DataType,
  count: number,
  tensorName: string,
): Uint8Array {
  const flat = Array.isArray(data[0]) ? flatten(data, tensorName) : data
  if (flat.length !== count) {
    throw invalid(`tensor ${tensorName}: its shape has ${count} elements, its data ${flat.length}`)
  }
  const element = elementTypes[type]
  const values = type === 'BOOL' ? numbersFromBooleans(flat, tensorName) : checked(flat, type, tensorName)
  if (element.view) {
    const view = element.view(new ArrayBuffer(count * element.byteCount), 0, count)
    view.set(values)
    return new Uint8Array(view.buffer)
  }
  const view = new BigInt64Array(count)
  for (let i = 0; i < count; i++) view[i] = BigInt(values[i]!)
  return new Uint8Array(view.buffer)
}

/** One loop without a conversion: the engine keeps the parsed numbers unboxed, and so can the typed array. */
function checked(values: unknown[], type: DataType, tensorName: string): number[] {
  const { min, max, integer } = elementTypes[type]
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    if (typeof value !== 'number' || value < min || value > max || (integer && !Number.isInteger(value))) {
      throw invalid(`tensor ${tensorName}: element ${i} is no ${type}`)
    }
  }
  return values as number[]
}

function numbersFromBooleans(values: unknown[], tensorName: string): number[] {
  return values.map((value, i) => {
    if (value === true || value === 1) return 1
    if (value === false || value === 0) return 0
    throw invalid(`tensor ${tensorName}: element ${i} is no BOOL`)
  })
}

const maxDepth = 32

function flatten(data: unknown[], tensorName: string): unknown[] {
  const out: unknown[] = []
  const visit = (items: unknown[], depth: number): void => {
    if (depth > maxDepth) throw invalid(`tensor ${tensorName}: its data is nested over ${maxDepth} deep`)
    for (const item of items) {
      if (Array.isArray(item)) visit(item, depth + 1)
      else out.push(item)
    }
  }
  visit(data, 1)
  return out
}

/** The bytes of a tensor whose data came in base64. @throws HttpError 400 for what is none, or of another length. */
export function bytesFromBase64(text: string, type: DataType, count: number, tensorName: string): Uint8Array {
  const expectedBytes = count * elementBytes(type)
  // Bytes of their own, which can move to a worker: the decoder's would lie in a pool where they are few.
  const bytes = new Uint8Array(expectedBytes)
  const written = Buffer.from(bytes.buffer).write(text, 'base64')
  // What is no base64 is skipped by the decoder, so its length tells.
  if (written === expectedBytes && Buffer.byteLength(text, 'base64') === expectedBytes) return bytes
  throw invalid(`tensor ${tensorName}: its shape has ${expectedBytes} bytes, its base64 does not`)
}

export function base64FromBytes({ data }: Tensor): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64')
}

/** A tensor's data as a flat JSON array. */
export function jsonFromBytes(tensor: Tensor): string {
  const { byteCount, view } = elementTypes[tensor.datatype]
  const length = tensor.data.byteLength / byteCount
  // Typed arrays need their elements aligned, and a slice of a larger buffer may not be.
  const bytes = tensor.data.byteOffset % byteCount === 0 ? tensor.data : new Uint8Array(tensor.data)
  if (!view) {
    const { buffer, byteOffset } = bytes
    const values =
      tensor.datatype === 'INT64'
        ? new BigInt64Array(buffer, byteOffset, length)
        : new BigUint64Array(buffer, byteOffset, length)
    // JSON.stringify takes no BigInt.
    return `[${values.join(',')}]`
  }
  const values = view(bytes.buffer, bytes.byteOffset, length)
  if (tensor.datatype === 'BOOL') return JSON.stringify(Array.from(values, (value) => value !== 0))
  // A quarter faster than joining the typed array.
  return JSON.stringify(Array.from(values))
}
