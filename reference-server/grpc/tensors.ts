import { DATATYPES, elementsOf } from '../runtime/datatypes.ts'
import type { DataType, Tensor } from '../runtime/runtime.ts'
import type {
  InputTensor,
  Int64,
  ModelInferRequest,
  ModelInferResponse,
  OutputTensor,
  TensorContents,
} from './messages.ts'
import { invalid } from './status.ts'

type Field = Exclude<keyof TensorContents, 'bytes_contents'>

/** Which of the typed fields holds each datatype's elements; fields are wider than some of their types. */
const FIELDS: Record<DataType, Field> = {
  BOOL: 'bool_contents',
  UINT8: 'uint_contents',
  UINT16: 'uint_contents',
  UINT32: 'uint_contents',
  UINT64: 'uint64_contents',
  INT8: 'int_contents',
  INT16: 'int_contents',
  INT32: 'int_contents',
  INT64: 'int64_contents',
  FP32: 'fp32_contents',
  FP64: 'fp64_contents',
}

/**
 * The inputs as the runtime takes them, which checks their shapes.
 * @throws StatusError INVALID_ARGUMENT
 */
export function readInputs({ inputs, raw_input_contents: raw }: ModelInferRequest): Tensor[] {
  checkRawContents(inputs, raw)
  return inputs.map((input, index) => {
    const { name, shape } = input
    const datatype = dataType(input.datatype, name)
    const data = raw.length > 0 ? raw[index]! : bytesFromContents(input.contents ?? {}, datatype, name)
    return { name, datatype, shape: shape.map((extent) => extent.toNumber()), data }
  })
}

/** @throws StatusError INVALID_ARGUMENT when there is raw data, but not one for each input and nothing else. */
export function checkRawContents(inputs: readonly InputTensor[], raw: readonly Uint8Array[]): void {
  if (raw.length === 0) return
  if (raw.length !== inputs.length) {
    throw invalid(`raw_input_contents has ${raw.length} entries for ${inputs.length} inputs`)
  }
  const typed = inputs.find(({ contents }) => contents !== null)
  if (typed) throw invalid(`tensor ${typed.name} has contents, although there are raw_input_contents`)
}

function dataType(value: string, tensorName: string): DataType {
  if (Object.hasOwn(FIELDS, value)) return value as DataType
  const known = Object.keys(FIELDS).join(', ')
  throw invalid(`tensor ${tensorName}: datatype ${JSON.stringify(value)} is none of ${known}`)
}

function bytesFromContents(contents: TensorContents, datatype: DataType, tensorName: string): Uint8Array {
  return bytesOf(contents[FIELDS[datatype]] ?? [], datatype, tensorName)
}

/**
 * The bytes of values as a message lists them.
 * @throws StatusError INVALID_ARGUMENT for a value that the datatype cannot hold.
 */
export function bytesOf(
  values: ArrayLike<number | boolean | Int64 | Uint8Array>,
  datatype: DataType,
  tensorName: string,
): Uint8Array {
  const bytes = new Uint8Array(values.length * DATATYPES[datatype].byteCount)
  if (datatype === 'INT64' || datatype === 'UINT64') {
    const halves = new Int32Array(bytes.buffer)
    for (let i = 0; i < values.length; i++) {
      const { low, high } = values[i] as Int64
      halves[2 * i] = low
      halves[2 * i + 1] = high
    }
    return bytes
  }
  const elements = elementsOf(datatype, bytes) as Uint8Array
  elements.set(values as ArrayLike<number>)
  if (isNarrow(datatype)) {
    const strange = elements.findIndex((element, i) => element !== values[i])
    if (strange >= 0) throw invalid(`tensor ${tensorName}: element ${strange} is no ${datatype}`)
  }
  return bytes
}

/** Whether its field can hold values that the datatype cannot. */
function isNarrow(datatype: DataType): boolean {
  return datatype !== 'BOOL' && DATATYPES[datatype].byteCount < 4
}

/**
 * The reply: all outputs or those asked for by name; raw if the request was.
 * @throws StatusError INVALID_ARGUMENT for an output that the model does not have.
 */
export function writeOutputs(request: ModelInferRequest, outputs: Tensor[]): ModelInferResponse {
  const { model_name, id, outputs: asked, raw_input_contents: rawInputs } = request
  const tensors = asked.length === 0 ? outputs : asked.map(({ name }) => named(outputs, name))
  const response = { model_name, model_version: '1', id }
  if (rawInputs.length > 0) {
    return {
      ...response,
      outputs: tensors.map(({ name, datatype, shape }) => ({ name, datatype, shape })),
      raw_output_contents: tensors.map(({ data }) => data),
    }
  }
  return { ...response, outputs: tensors.map(typedOutput) }
}

function named(outputs: Tensor[], name: string): Tensor {
  const tensor = outputs.find((output) => output.name === name)
  if (!tensor) throw invalid(`the model has no output named ${JSON.stringify(name)}`)
  return tensor
}

function typedOutput({ name, datatype, shape, data }: Tensor): OutputTensor {
  return { name, datatype, shape, contents: { [FIELDS[datatype]]: valuesOf(datatype, data) } }
}

/** The values of bytes as a message lists them. */
export function valuesOf(datatype: DataType, data: Uint8Array): ArrayLike<number> | Int64[] {
  // Typed arrays need their elements aligned, and a part of a larger buffer may not be.
  const bytes = new Uint8Array(data)
  const isWide = datatype === 'INT64' || datatype === 'UINT64'
  return isWide ? halvesOf(bytes) : (elementsOf(datatype, bytes) as ArrayLike<number>)
}

function halvesOf({ buffer, length }: Uint8Array<ArrayBuffer>): Int64[] {
  const halves = new Int32Array(buffer)
  return Array.from({ length: length / 8 }, (_, i) => ({ low: halves[2 * i]!, high: halves[2 * i + 1]! }))
}
