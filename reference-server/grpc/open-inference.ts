import type { ServerDuplexStream, ServerUnaryCall, UntypedServiceImplementation } from '@grpc/grpc-js'
import type { ModelInfo, TensorSpec } from '../runtime/runtime.ts'
import type { Service } from '../service.ts'
import type { CallScope } from './call-scope.ts'
import { knownModel } from './known-model.ts'
import type {
  ModelInferRequest,
  ModelInferResponse,
  ModelRequest,
  ModelStreamInferResponse,
} from './messages.ts'
import { ModelStream } from './model-stream.ts'
import { timingTrailer } from './status.ts'
import { readInputs, writeOutputs } from './tensors.ts'
import { isTextRequest, readTextRequest, writeText } from './text-request.ts'
import { type Answer, oneReply } from './unary.ts'

/** `inference.GRPCInferenceService`, in front of all models. */
export function openInference(service: Service): UntypedServiceImplementation {
  return {
    ServerLive: oneReply(service, () => ({ reply: { live: true } })),
    ServerReady: oneReply(service, () => ({ reply: { ready: !service.stopping } })),
    ModelReady: oneReply(service, ({ request }: ServerUnaryCall<ModelRequest, object>) => {
      knownModel(service, request.name, request.version)
      return { reply: { ready: !service.stopping } }
    }),
    ServerMetadata: oneReply(service, () => ({
      reply: { name: 'infer-bench', version: service.version, extensions: [] },
    })),
    ModelMetadata: oneReply(service, ({ request }: ServerUnaryCall<ModelRequest, object>) => ({
      reply: metadata(knownModel(service, request.name, request.version)),
    })),
    ModelInfer: oneReply(
      service,
      ({ request }: ServerUnaryCall<ModelInferRequest, ModelInferResponse>, scope) =>
        infer(service, request, scope),
    ),
    ModelStreamInfer: (call: ServerDuplexStream<ModelInferRequest, ModelStreamInferResponse>) => {
      new ModelStream(service, call)
    },
  }
}

function metadata({ name, kinds, inputs, outputs }: ModelInfo): object {
  const takesTensors = kinds.includes('tensor')
  return {
    name,
    versions: ['1'],
    platform: 'onnxruntime_onnx',
    inputs: takesTensors ? inputs.map(tensorMetadata) : [textMetadata('text_input')],
    outputs: takesTensors ? outputs.map(tensorMetadata) : [textMetadata('text_output')],
  }
}

/** Any datatype and any shape are told by leaving them out. */
function tensorMetadata({ name, datatype, shape }: TensorSpec): object {
  return { name, datatype, shape }
}

function textMetadata(name: string): object {
  return { name, datatype: 'BYTES', shape: [1] }
}

/** One inference; or, for a text, one generation whose tokens come together. */
async function infer(
  service: Service,
  request: ModelInferRequest,
  scope: CallScope,
): Promise<Answer<ModelInferResponse>> {
  const model = knownModel(service, request.model_name, request.model_version).name
  if (!isTextRequest(request)) {
    const { outputs, timing } = await service.runtime.infer(model, readInputs(request), scope.signal)
    return { reply: writeOutputs(request, outputs), trailer: timingTrailer(timing) }
  }
  const pieces: string[] = []
  const onToken = (text: string) => pieces.push(text)
  const { timing } = await service.generate(model, readTextRequest(request), onToken, scope.signal)
  return { reply: writeText(request, pieces.join(''), true), trailer: timingTrailer(timing) }
}
