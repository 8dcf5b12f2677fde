import type { InferReply, Tensor } from '../runtime/runtime.ts'
import { invalid } from './errors.ts'
import {
  array,
  type JsonObject,
  object,
  optionalBoolean,
  optionalInteger,
  parseObject,
  text,
} from './json.ts'
import { bytesFromJson, dataType, elementBytes, jsonFromBytes } from './tensor-json.ts'

/**
 * Tensors as the Open Inference Protocol's REST binding writes them, with its binary tensor data extension:
 * the JSON comes first, as long as the header `Inference-Header-Content-Length` says, and the raw bytes of
 * the tensors that have a `binary_data_size` follow in their order.
 */
export interface InferRequest {
  id: string | null
  inputs: Tensor[]
  /** Asked for by name; null asks for all. */
  outputs: Map<string, OutputForm> | null
  defaultForm: OutputForm
}

type OutputForm = 'json' | 'binary'

const maxDimensions = 32

/**
 * @param jsonLength The value of `Inference-Header-Content-Length`, if the request has it.
 * @throws HttpError 400
 */
export function readInferRequest(body: Buffer, jsonLength: string | undefined): InferRequest {
  const jsonBytes = jsonLength === undefined ? body.length : Number(jsonLength)
  if (!Number.isSafeInteger(jsonBytes) || jsonBytes < 0 || jsonBytes > body.length) {
    throw invalid(`Inference-Header-Content-Length ${jsonLength} does not fit a body of ${body.length} bytes`)
  }
  return inferRequestOf(parseObject(body.subarray(0, jsonBytes)), body, jsonBytes)
}

/**
 * The request that the JSON says, whose binary data begins at `dataOffset` of the body and ends with it.
 * @throws HttpError 400
 */
export function inferRequestOf(fields: JsonObject, body: Buffer, dataOffset: number): InferRequest {
  const inputs: Tensor[] = []
  let offset = dataOffset
  for (const item of array(fields.inputs, 'inputs')) {
    const input = readInput(object(item, 'an input'), body, offset)
    offset = input.nextOffset
    inputs.push(input.tensor)
  }
  if (inputs.length === 0) throw invalid('inputs must not be empty')
  if (offset !== body.length) {
    throw invalid(`${body.length - offset} bytes of binary data are left over after the inputs`)
  }
  const parameters = object(fields.parameters ?? {}, 'parameters')
  const defaultForm = optionalBoolean(parameters, 'binary_data_output') ? 'binary' : 'json'
  return {
    id: fields.id === undefined ? null : text(fields.id, 'id'),
    inputs,
    outputs: fields.outputs === undefined ? null : readOutputs(array(fields.outputs, 'outputs'), defaultForm),
    defaultForm,
  }
}

function readInput(fields: JsonObject, body: Buffer, offset: number): { tensor: Tensor; nextOffset: number } {
  const name = text(fields.name, "an input's name")
  const datatype = dataType(fields.datatype, name)
  const shape = array(fields.shape, `tensor ${name}: shape`)
  const count = elementCount(shape, body.length, name)
  const parameters = object(fields.parameters ?? {}, `tensor ${name}: parameters`)
  const byteCount = optionalInteger(0, parameters, 'binary_data_size')
  const tensor = (data: Uint8Array): Tensor => ({ name, datatype, shape: shape as number[], data })
  if (byteCount === undefined) {
    const data = array(fields.data, `tensor ${name}: data`)
    return { tensor: tensor(bytesFromJson(data, datatype, count, name)), nextOffset: offset }
  }
  if (fields.data !== undefined) throw invalid(`tensor ${name} has both data and binary_data_size`)
  const expectedBytes = count * elementBytes(datatype)
  if (byteCount !== expectedBytes) {
    throw invalid(
      `tensor ${name}: its shape has ${expectedBytes} bytes, its binary_data_size is ${byteCount}`,
    )
  }
  const nextOffset = offset + byteCount
  if (nextOffset > body.length) throw invalid(`tensor ${name}: the body ends before its binary data does`)
  return { tensor: tensor(body.subarray(offset, nextOffset)), nextOffset }
}

/** @param most No body of so many bytes can hold more elements. */
function elementCount(shape: unknown[], most: number, name: string): number {
  if (shape.length > maxDimensions) throw invalid(`tensor ${name}: over ${maxDimensions} dimensions`)
  let count = 1
  for (const extent of shape) {
    if (!Number.isSafeInteger(extent) || (extent as number) < 0) {
      throw invalid(`tensor ${name}: its shape must hold integers of at least 0`)
    }
    count *= extent as number
  }
  if (count <= most) return count
  throw invalid(`tensor ${name}: its shape has ${count} elements, more than the body can hold`)
}

function readOutputs(items: unknown[], defaultForm: OutputForm): Map<string, OutputForm> {
  const outputs = new Map<string, OutputForm>()
  for (const item of items) {
    const fields = object(item, 'an output')
    const parameters = object(fields.parameters ?? {}, "an output's parameters")
    const binary = optionalBoolean(parameters, 'binary_data') ?? defaultForm === 'binary'
    outputs.set(text(fields.name, "an output's name"), binary ? 'binary' : 'json')
  }
  return outputs
}

/** A reply's body; `jsonBytes` is the length of its JSON part when binary data follows it, else null. */
export interface InferBody {
  body: string | Buffer
  jsonBytes: number | null
}

/** @throws HttpError 400 for an output that the model does not have. */
export function writeInferReply(request: InferRequest, model: string, reply: InferReply): InferBody {
  const { outputs, blobs } = writeOutputs(request, reply)
  const id = request.id === null ? '' : `"id":${JSON.stringify(request.id)},`
  const json = `{"model_name":${JSON.stringify(model)},"model_version":"1",${id}"outputs":${outputs}}`
  if (blobs.length === 0) return { body: json, jsonBytes: null }
  const head = Buffer.from(json)
  return { body: Buffer.concat([head, ...blobs]), jsonBytes: head.length }
}

/**
 * The outputs that were asked for as a JSON array, and the data of those that were asked for as bytes.
 * @throws HttpError 400 for an output that the model does not have.
 */
export function writeOutputs(
  request: InferRequest,
  reply: InferReply,
): { outputs: string; blobs: Uint8Array[] } {
  const blobs: Uint8Array[] = []
  let outputs = ''
  for (const tensor of asked(request, reply.outputs)) {
    const form = request.outputs?.get(tensor.name) ?? request.defaultForm
    if (outputs !== '') outputs += ','
    outputs += `{"name":${JSON.stringify(tensor.name)},"datatype":"${tensor.datatype}","shape":[${tensor.shape}],`
    if (form === 'binary') {
      blobs.push(tensor.data)
      outputs += `"parameters":{"binary_data_size":${tensor.data.byteLength}}}`
    } else {
      outputs += `"data":${jsonFromBytes(tensor)}}`
    }
  }
  return { outputs: `[${outputs}]`, blobs }
}

function asked(request: InferRequest, outputs: Tensor[]): Tensor[] {
  if (!request.outputs) return outputs
  return [...request.outputs.keys()].map((name) => {
    const tensor = outputs.find((output) => output.name === name)
    if (!tensor) throw invalid(`the model has no output named ${JSON.stringify(name)}`)
    return tensor
  })
}
