import { type ServerUnaryCall, status, type UntypedServiceImplementation } from '@grpc/grpc-js'
import type { DataType, Tensor } from '../runtime/runtime.ts'
import type { Service } from '../service.ts'
import type { CallScope } from './call-scope.ts'
import { knownModel } from './known-model.ts'
import type { Int64 } from './messages.ts'
import { invalid, StatusError, timingTrailer } from './status.ts'
import { bytesOf, valuesOf } from './tensors.ts'
import { type Answer, oneReply } from './unary.ts'

/** Of each type of the runtime: TensorFlow's number for it, and the field that its values are listed in. */
const TYPES: Record<DataType, readonly [dtype: number, field: ValueField]> = {
  FP32: [1, 'float_val'],
  FP64: [2, 'double_val'],
  INT32: [3, 'int_val'],
  UINT8: [4, 'int_val'],
  INT16: [5, 'int_val'],
  INT8: [6, 'int_val'],
  INT64: [9, 'int64_val'],
  BOOL: [10, 'bool_val'],
  UINT16: [17, 'int_val'],
  UINT32: [22, 'uint32_val'],
  UINT64: [23, 'uint64_val'],
}

const DATATYPE_OF: ReadonlyMap<number, DataType> = new Map(
  Object.entries(TYPES).map(([datatype, [dtype]]) => [dtype, datatype as DataType]),
)

type ValueField =
  | 'float_val'
  | 'double_val'
  | 'int_val'
  | 'int64_val'
  | 'bool_val'
  | 'uint32_val'
  | 'uint64_val'

type Values = ArrayLike<number | boolean | Int64>

/** As protobufjs reads it, and, with what is to be left out left out, as it takes it for writing. */
type TensorProto<Size> = {
  dtype: number
  tensor_shape: { dim: { size: Size }[] } | null
  tensor_content?: Uint8Array
} & { [Field in ValueField]?: Values }

interface ModelSpec {
  name: string
  version?: { value: { toNumber(): number } } | null
  version_label?: string
  signature_name: string
}

interface PredictRequest {
  model_spec: ModelSpec | null
  inputs: Record<string, TensorProto<{ toNumber(): number }>>
  output_filter: string[]
}

interface PredictResponse {
  outputs: Record<string, TensorProto<number>>
  model_spec: object
}

const SIGNATURE = 'serving_default'

/** `tensorflow.serving.PredictionService`, in front of all models. */
export function prediction(service: Service): UntypedServiceImplementation {
  return {
    Predict: oneReply(service, ({ request }: ServerUnaryCall<PredictRequest, PredictResponse>, scope) =>
      predict(service, request, scope),
    ),
  }
}

async function predict(
  service: Service,
  { model_spec: spec, inputs, output_filter: wanted }: PredictRequest,
  scope: CallScope,
): Promise<Answer<PredictResponse>> {
  if (!spec) throw invalid('the request names no model: model_spec is missing')
  const { signature_name: signature } = spec
  if (signature !== '' && signature !== SIGNATURE) {
    throw invalid(`there is no signature ${JSON.stringify(signature)}; there is ${SIGNATURE}`)
  }
  const model = knownModel(service, spec.name, versionOf(spec)).name
  const tensors = Object.entries(inputs).map(([name, tensor]) => readTensor(name, tensor))
  const isRaw = Object.values(inputs).some(hasContent)
  const { outputs, timing } = await service.runtime.infer(model, tensors, scope.signal)
  for (const name of wanted) {
    if (!outputs.some((output) => output.name === name)) {
      throw invalid(`the model has no output named ${JSON.stringify(name)}`)
    }
  }
  const kept = outputs.filter(({ name }) => wanted.length === 0 || wanted.includes(name))
  const reply = {
    outputs: Object.fromEntries(kept.map((output) => [output.name, writeTensor(output, isRaw)])),
    model_spec: { name: model, version: { value: 1 }, signature_name: SIGNATURE },
  }
  return { reply, trailer: timingTrailer(timing) }
}

function versionOf({ version, version_label: label }: ModelSpec): string {
  if (label) throw new StatusError(status.NOT_FOUND, `no version is labelled ${JSON.stringify(label)}`)
  return version ? String(version.value.toNumber()) : ''
}

function hasContent({ tensor_content: content }: { tensor_content?: Uint8Array }): boolean {
  return content !== undefined && content.length > 0
}

function readTensor(name: string, tensor: PredictRequest['inputs'][string]): Tensor {
  const datatype = DATATYPE_OF.get(tensor.dtype)
  if (!datatype) throw invalid(`tensor ${name}: the data type ${tensor.dtype} is not supported`)
  const shape = (tensor.tensor_shape?.dim ?? []).map(({ size }) => size.toNumber())
  if (hasContent(tensor)) return { name, datatype, shape, data: tensor.tensor_content! }
  const values = tensor[TYPES[datatype][1]] ?? []
  return { name, datatype, shape, data: bytesOf(values, datatype, name) }
}

/** Raw if the request was. */
function writeTensor({ datatype, shape, data }: Tensor, isRaw: boolean): TensorProto<number> {
  const [dtype, field] = TYPES[datatype]
  const described = { dtype, tensor_shape: { dim: shape.map((size) => ({ size })) } }
  if (isRaw) return { ...described, tensor_content: data }
  return { ...described, [field]: valuesOf(datatype, data) }
}
