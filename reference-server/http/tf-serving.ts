import type { ModelInfo, TensorSpec } from '../runtime/runtime.ts'
import { HttpError } from './errors.ts'
import type { Exchange } from './exchange.ts'
import { parseObject } from './json.ts'
import { modelEntry } from './openai.ts'
import type { Convention, Params, Route } from './router.ts'
import { serverTiming } from './server-timing.ts'
import { readPredictRequest, writePredictReply } from './tf-serving-tensors.ts'

/** The REST API of TensorFlow Serving. https://www.tensorflow.org/tfx/serving/api_rest */
export function tfServing(): Convention {
  const routes: Route[] = []
  for (const path of ['/v1/models/:model', '/v1/models/:model/versions/:version']) {
    routes.push(
      // Before the model's own path, whose parameter would take the verb as well.
      { method: 'POST', path: `${path}:predict`, handler: predict },
      { method: 'GET', path, handler: modelStatus },
      { method: 'GET', path: `${path}/metadata`, handler: modelMetadata },
    )
  }
  return {
    prefix: '/v1/models/',
    interfaceName: 'rest',
    errorBody: (error) => JSON.stringify({ error: error.message }),
    routes,
  }
}

function knownModel(exchange: Exchange, { model, version }: Params): ModelInfo {
  const known = exchange.service.model(model!)
  if (version === undefined || version === '1') return known
  throw new HttpError(404, 'model_not_found', `model ${model} has version 1 only`)
}

async function predict(exchange: Exchange, params: Params): Promise<void> {
  const model = knownModel(exchange, params)
  const { order, inputs } = readPredictRequest(parseObject(await exchange.body()), model)
  const { outputs, timing } = await exchange.service.runtime.infer(model.name, inputs, exchange.signal)
  exchange.json(writePredictReply(order, outputs), { 'server-timing': serverTiming(timing) })
}

/** OpenAI's clients ask for a model at the same path, so the reply has what both look for. */
function modelStatus(exchange: Exchange, params: Params): void {
  const { name } = knownModel(exchange, params)
  const status = { error_code: 'OK', error_message: '' }
  exchange.json(
    JSON.stringify({
      ...modelEntry(name),
      model_version_status: [{ version: '1', state: 'AVAILABLE', status }],
    }),
  )
}

function modelMetadata(exchange: Exchange, params: Params): void {
  const { name, inputs, outputs } = knownModel(exchange, params)
  const signature = {
    inputs: described(inputs),
    outputs: described(outputs),
    method_name: 'tensorflow/serving/predict',
  }
  exchange.json(
    JSON.stringify({
      model_spec: { name, signature_name: '', version: '1' },
      metadata: { signature_def: { signature_def: { serving_default: signature } } },
    }),
  )
}

function described(specs: readonly TensorSpec[]): object {
  const entries = specs.map(({ name, shape }) => {
    const dim = (shape ?? []).map((extent) => ({ size: String(extent), name: '' }))
    return [name, { name, dtype: 'DT_FLOAT', tensor_shape: { dim, unknown_rank: shape === null } }]
  })
  return Object.fromEntries(entries)
}
