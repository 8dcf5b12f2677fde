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
import type { Part } from './multipart.ts'
import {
  base64FromBytes,
  bytesFromBase64,
  bytesFromJson,
  dataType,
  elementBytes,
  jsonFromBytes,
} from './tensor-json.ts'

/**
 * Tensors as the Open Inference Protocol's REST binding writes them, with its binary tensor data extension:
 * the JSON comes first, as long as the header `Inference-Header-Content-Length` says, and the raw bytes of
 * the tensors that have a `binary_data_size` follow in their order. Two forms of our own beside it: the bytes in
 * base64 within the JSON (`"data": { "b64": "…" }`), and a form whose part `request` is the JSON and whose other parts
 * are the bytes of the tensors that they are named after.
 */
export interface InferRequest {
  id: string | null
  inputs: Tensor[]
  /** Asked for by name; null asks for all. */
  outputs: Map<string, OutputForm> | null
  defaultForm: OutputForm
}

type OutputForm = 'json' | 'binary' | 'base64'

/** The bytes of a tensor that are not in the JSON; null where there are not so many. */
type TakeBytes = (tensorName: string, byteCount: number) => Uint8Array | null

const formRequestPart = 'request'

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
  let offset = dataOffset
  const request = readRequest(fields, body.length, (_name, byteCount) => {
    const from = offset
    offset += byteCount
    return offset > body.length ? null : body.subarray(from, offset)
  })
  if (offset === body.length) return request
  throw invalid(`${body.length - offset} bytes of binary data are left over after the inputs`)
}

/** The request that a form holds. @throws HttpError 400 */
export function inferRequestOfForm(parts: readonly Part[]): InferRequest {
  const byName = new Map(parts.map(({ name, data }) => [name, data]))
  const json = byName.get(formRequestPart)
  if (!json) throw invalid(`the form has no part named ${formRequestPart}`)
  byName.delete(formRequestPart)
  const bytes = parts.reduce((sum, { data }) => sum + data.length, 0)
  const request = readRequest(parseObject(json, `the part ${formRequestPart}`), bytes, (name, byteCount) => {
    const data = byName.get(name)
    byName.delete(name)
    return data?.length === byteCount ? data : null
  })
  const [left] = byName.keys()
  if (left === undefined) return request
  throw invalid(`the form has a part ${JSON.stringify(left)}, and no input of that name takes binary data`)
}

/** @param most No body of so many bytes can hold more elements. */
function readRequest(fields: JsonObject, most: number, takeBytes: TakeBytes): InferRequest {
  const inputs = array(fields.inputs, 'inputs').map((item) =>
    readInput(object(item, 'an input'), most, takeBytes),
  )
  if (inputs.length === 0) throw invalid('inputs must not be empty')
  const parameters = object(fields.parameters ?? {}, 'parameters')
  const defaultForm = askedForm(parameters, '_output') ?? 'json'
  return {
    id: fields.id === undefined ? null : text(fields.id, 'id'),
    inputs,
    outputs: fields.outputs === undefined ? null : readOutputs(array(fields.outputs, 'outputs'), defaultForm),
    defaultForm,
  }
}

/** Of the parameters `binary_data…` and `base64_data…`, the one that is true; undefined where neither says a word. */
function askedForm(parameters: JsonObject, suffix: '' | '_output'): OutputForm | undefined {
  const binary = optionalBoolean(parameters, `binary_data${suffix}`)
  const base64 = optionalBoolean(parameters, `base64_data${suffix}`)
  if (binary && base64) throw invalid('an output is either binary or base64')
  if (binary) return 'binary'
  if (base64) return 'base64'
  return binary === undefined && base64 === undefined ? undefined : 'json'
}

function readInput(fields: JsonObject, most: number, takeBytes: TakeBytes): Tensor {
  const name = text(fields.name, "an input's name")
  const datatype = dataType(fields.datatype, name)
  const shape = array(fields.shape, `tensor ${name}: shape`)
  const count = elementCount(shape, most, name)
  const parameters = object(fields.parameters ?? {}, `tensor ${name}: parameters`)
  const byteCount = optionalInteger(0, parameters, 'binary_data_size')
  const tensor = (data: Uint8Array): Tensor => ({ name, datatype, shape: shape as number[], data })
  if (byteCount === undefined) {
    const data = fields.data as { b64?: unknown } | undefined
    if (typeof data?.b64 === 'string') return tensor(bytesFromBase64(data.b64, datatype, count, name))
    return tensor(bytesFromJson(array(data, `tensor ${name}: data`), datatype, count, name))
  }
  if (fields.data !== undefined) throw invalid(`tensor ${name} has both data and binary_data_size`)
  const expectedBytes = count * elementBytes(datatype)
  if (byteCount !== expectedBytes) {
    throw invalid(
      `tensor ${name}: its shape has ${expectedBytes} bytes, its binary_data_size is ${byteCount}`,
    )
  }
  const bytes = takeBytes(name, byteCount)
  if (bytes) return tensor(bytes)
  throw invalid(`tensor ${name}: the body does not hold its ${byteCount} bytes of binary data`)
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
    outputs.set(text(fields.name, "an output's name"), askedForm(parameters, '') ?? defaultForm)
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
    } else if (form === 'base64') {
      outputs += `"data":{"b64":"${base64FromBytes(tensor)}"}}`
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
