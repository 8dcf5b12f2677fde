import type { Service } from '../service.ts'
import { HttpError } from './errors.ts'
import type { Exchange } from './exchange.ts'
import { boundaryOf } from './multipart.ts'
import {
  type InferRequest,
  inferRequestOfForm,
  readInferRequest,
  writeInferReply,
} from './open-inference-tensors.ts'
import type { Convention, Handler, Params, Route } from './router.ts'
import { serverTiming } from './server-timing.ts'
import { generate, generateStream } from './triton-generate.ts'

/**
 * The Open Inference Protocol (KServe v2) over REST, with Triton's binary tensor data and generate
 * extensions. https://github.com/kserve/open-inference-protocol
 */
export function openInference(): Convention {
  const routes: Route[] = [
    { method: 'GET', path: '/v2', handler: serverMetadata },
    { method: 'GET', path: '/v2/health/live', handler: (exchange) => exchange.json('{"live":true}') },
    { method: 'GET', path: '/v2/health/ready', handler: serverReady },
  ]
  for (const path of ['/v2/models/:model', '/v2/models/:model/versions/:version']) {
    routes.push(
      { method: 'GET', path, handler: ofKnownModel(modelMetadata) },
      { method: 'GET', path: `${path}/ready`, handler: ofKnownModel(modelReady) },
      { method: 'POST', path: `${path}/infer`, handler: ofKnownModel(infer) },
      { method: 'POST', path: `${path}/generate`, handler: ofKnownModel(generate) },
      { method: 'POST', path: `${path}/generate_stream`, handler: ofKnownModel(generateStream) },
    )
  }
  return {
    prefix: '/v2',
    interfaceName: 'rest',
    errorBody: (error) => JSON.stringify({ error: error.message }),
    routes,
  }
}

/** Refuses an unknown model or version before anything of the body is looked at. */
function ofKnownModel(handler: Handler): Handler {
  return (exchange, params) => {
    exchange.service.model(params.model!)
    if (params.version !== undefined && params.version !== '1') {
      throw new HttpError(404, 'model_not_found', `model ${params.model} has version 1 only`)
    }
    return handler(exchange, params)
  }
}

function serverMetadata(exchange: Exchange): void {
  const { runtime, skipped, version } = exchange.service
  exchange.json(
    JSON.stringify({
      name: 'infer-bench',
      version,
      extensions: ['binary_tensor_data', 'base64_tensor_data', 'multipart_tensor_data', 'generate'],
      provider: runtime.provider,
      providers_skipped: skipped,
      onnxruntime_version: runtime.version,
    }),
  )
}

function readyStatus(service: Service): number {
  return service.stopping ? 503 : 200
}

function serverReady(exchange: Exchange): void {
  const status = readyStatus(exchange.service)
  exchange.json(`{"ready":${status === 200}}`, {}, status)
}

function modelReady(exchange: Exchange, params: Params): void {
  const status = readyStatus(exchange.service)
  exchange.json(JSON.stringify({ name: params.model, ready: status === 200 }), {}, status)
}

function modelMetadata(exchange: Exchange, params: Params): void {
  const { name, inputs, outputs } = exchange.service.model(params.model!)
  exchange.json(JSON.stringify({ name, versions: ['1'], platform: 'onnxruntime_onnx', inputs, outputs }))
}

async function readRequest(exchange: Exchange): Promise<InferRequest> {
  const { headers } = exchange.request
  const boundary = boundaryOf(headers['content-type'])
  if (boundary !== null) return inferRequestOfForm(await exchange.form(boundary))
  const jsonLength = headers['inference-header-content-length'] as string | undefined
  return readInferRequest(await exchange.body(), jsonLength)
}

async function infer(exchange: Exchange, params: Params): Promise<void> {
  const request = await readRequest(exchange)
  const reply = await exchange.service.runtime.infer(params.model!, request.inputs, exchange.signal)
  const written = writeInferReply(request, params.model!, reply)
  const headers = { 'server-timing': serverTiming(reply.timing) }
  if (written.jsonBytes === null) return exchange.json(written.body as string, headers)
  exchange.reply(
    200,
    {
      ...headers,
      'content-type': 'application/octet-stream',
      'inference-header-content-length': written.jsonBytes,
    },
    written.body,
  )
}
