import type { ModelInfo, Tensor } from '../runtime/runtime.ts'
import { invalid } from './errors.ts'
import { array, type JsonObject, object, text } from './json.ts'
import { bytesFromJson } from './tensor-json.ts'

const maxDepth = 32

/** How a request wrote its tensors: `instances` (row by row) or `inputs` (tensor by tensor). The reply is alike. */
export type Order = 'rows' | 'columns'

/** @throws HttpError 400 */
export function readPredictRequest(fields: JsonObject, model: ModelInfo): { order: Order; inputs: Tensor[] } {
  const signature = fields.signature_name ?? 'serving_default'
  if (text(signature, 'signature_name') !== 'serving_default') {
    throw invalid(`there is no signature ${JSON.stringify(signature)}; there is serving_default`)
  }
  const { instances, inputs } = fields
  if ((instances === undefined) === (inputs === undefined)) {
    throw invalid('a request has either instances or inputs')
  }
  if (instances === undefined) return { order: 'columns', inputs: readColumns(inputs, model) }
  return { order: 'rows', inputs: readRows(array(instances, 'instances'), model) }
}

/** A model of one input may be given its tensor without a name. */
function readColumns(inputs: unknown, model: ModelInfo): Tensor[] {
  const isNamed = typeof inputs === 'object' && inputs !== null && !Array.isArray(inputs)
  if (!isNamed) return [readTensor(inputs, onlyInput(model))]
  return Object.entries(inputs as JsonObject).map(([name, value]) => readTensor(value, name))
}

function readRows(instances: unknown[], model: ModelInfo): Tensor[] {
  const [first] = instances
  if (first === undefined) throw invalid('instances must not be empty')
  if (typeof first !== 'object' || first === null || Array.isArray(first)) {
    return [readTensor(instances, onlyInput(model))]
  }
  const rows = instances.map((instance) => object(instance, 'an instance'))
  return Object.keys(first).map((name) => {
    const values = rows.map((row) => row[name])
    return readTensor(values, name)
  })
}

function onlyInput({ name, inputs }: ModelInfo): string {
  if (inputs.length === 1) return inputs[0]!.name
  throw invalid(`model ${name} has several inputs, or none: name them`)
}

/** JSON does not say a tensor's type, so it is that of the models' signature: DT_FLOAT. */
function readTensor(value: unknown, name: string): Tensor {
  const data = Array.isArray(value) ? value : [value]
  const shape = shapeOf(value, name)
  const count = shape.reduce((product, extent) => product * extent, 1)
  return { name, datatype: 'FP32', shape, data: bytesFromJson(data, 'FP32', count, name) }
}

function shapeOf(value: unknown, name: string): number[] {
  const shape: number[] = []
  for (let item = value; Array.isArray(item); item = item[0]) {
    if (shape.push(item.length) > maxDepth) {
      throw invalid(`tensor ${name}: its data is nested over ${maxDepth} deep`)
    }
  }
  checkEven(value, shape, 0, name)
  return shape
}

function checkEven(value: unknown, shape: readonly number[], axis: number, name: string): void {
  if (axis === shape.length) return
  if (!Array.isArray(value) || value.length !== shape[axis]) {
    throw invalid(`tensor ${name}: its lists are of several lengths`)
  }
  if (axis === shape.length - 1) {
    // Whether they are numbers is looked at when they are converted; lists among them would be flattened then.
    if (value.some(Array.isArray)) throw invalid(`tensor ${name}: its lists are of several depths`)
    return
  }
  for (const item of value) checkEven(item, shape, axis + 1, name)
}

/** A reply's body. */
export function writePredictReply(order: Order, outputs: readonly Tensor[]): string {
  const [only, second] = outputs
  if (order === 'columns') {
    const named = outputs.map((tensor) => `${JSON.stringify(tensor.name)}:${whole(tensor)}`)
    return `{"outputs":${second ? `{${named}}` : whole(only!)}}`
  }
  if (!second) return `{"predictions":${whole(only!)}}`
  const columns = outputs.map(({ name, shape, data }) => ({
    name: JSON.stringify(name),
    rows: rowsOf(numbersOf(data), shape),
  }))
  const predictions = columns[0]!.rows.map(
    (_, row) => `{${columns.map(({ name, rows }) => `${name}:${rows[row]}`)}}`,
  )
  return `{"predictions":[${predictions}]}`
}

function whole({ data, shape }: Tensor): string {
  return nested(numbersOf(data), shape)
}

function nested(values: Float32Array, shape: readonly number[]): string {
  if (shape.length === 0) return JSON.stringify(values[0])
  if (shape.length === 1) return JSON.stringify(Array.from(values))
  return `[${rowsOf(values, shape)}]`
}

function rowsOf(values: Float32Array, [count = 0, ...inner]: readonly number[]): string[] {
  const size = values.length / Math.max(1, count)
  return Array.from({ length: count }, (_, row) =>
    nested(values.subarray(row * size, (row + 1) * size), inner),
  )
}

function numbersOf(data: Uint8Array): Float32Array {
  const aligned = data.byteOffset % Float32Array.BYTES_PER_ELEMENT === 0 ? data : new Uint8Array(data)
  return new Float32Array(
    aligned.buffer,
    aligned.byteOffset,
    data.byteLength / Float32Array.BYTES_PER_ELEMENT,
  )
}
