import type { DataType } from './runtime.ts'

type ElementArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigUint64Array
  | BigInt64Array
  | Float32Array
  | Float64Array

interface ElementKind {
  /** ONNX Runtime's name for it in JavaScript. */
  ort:
    | 'bool'
    | 'uint8'
    | 'int8'
    | 'uint16'
    | 'int16'
    | 'uint32'
    | 'int32'
    | 'uint64'
    | 'int64'
    | 'float32'
    | 'float64'
  byteCount: number
  view: new (buffer: ArrayBuffer, byteOffset: number, length: number) => ElementArray
}

/** Each element type: what ONNX Runtime calls it, its size, and the typed array that it wants. */
export const DATATYPES: Record<DataType, ElementKind> = {
  BOOL: { ort: 'bool', byteCount: 1, view: Uint8Array },
  UINT8: { ort: 'uint8', byteCount: 1, view: Uint8Array },
  INT8: { ort: 'int8', byteCount: 1, view: Int8Array },
  UINT16: { ort: 'uint16', byteCount: 2, view: Uint16Array },
  INT16: { ort: 'int16', byteCount: 2, view: Int16Array },
  UINT32: { ort: 'uint32', byteCount: 4, view: Uint32Array },
  INT32: { ort: 'int32', byteCount: 4, view: Int32Array },
  UINT64: { ort: 'uint64', byteCount: 8, view: BigUint64Array },
  INT64: { ort: 'int64', byteCount: 8, view: BigInt64Array },
  FP32: { ort: 'float32', byteCount: 4, view: Float32Array },
  FP64: { ort: 'float64', byteCount: 8, view: Float64Array },
}

/** Bytes that fill their buffer, as all do that came to a worker in a message, seen as elements. */
export function elementsOf(datatype: DataType, data: Uint8Array<ArrayBuffer>): ElementArray {
  const { view: View, byteCount } = DATATYPES[datatype]
  return new View(data.buffer, data.byteOffset, data.byteLength / byteCount)
}
