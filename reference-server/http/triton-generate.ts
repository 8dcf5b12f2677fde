import type { GenerateRequest } from '../runtime/runtime.ts'
import type { Exchange } from './exchange.ts'
import { generateStreamed, generateWhole } from './generation.ts'
import { type JsonObject, object, optionalBoolean, optionalInteger, parseObject, text } from './json.ts'
import type { Params } from './router.ts'
import { serverTiming } from './server-timing.ts'

/** What Triton's vLLM backend generates when it is not told how much. */
const defaultMaxTokens = 16

/**
 * Triton's generate extension: `text_input` in, `text_output` out, with the parameters at the top level
 * (its TensorRT-LLM backend) or under `parameters` (its vLLM backend).
 */
async function readRequest(exchange: Exchange): Promise<{ head: string; request: GenerateRequest }> {
  const fields = parseObject(await exchange.body())
  const parameters = { ...fields, ...object(fields.parameters ?? {}, 'parameters') } as JsonObject
  const id = fields.id === undefined ? '' : `"id":${JSON.stringify(text(fields.id, 'id'))},`
  return {
    head: id,
    request: {
      prompt: text(fields.text_input, 'text_input'),
      maxTokens: optionalInteger(1, parameters, 'max_tokens') ?? defaultMaxTokens,
      ignoreEos: optionalBoolean(parameters, 'ignore_eos') ?? false,
    },
  }
}

function replyHead(id: string, params: Params): string {
  return `{${id}"model_name":${JSON.stringify(params.model)},"model_version":"1","text_output":`
}

export async function generate(exchange: Exchange, params: Params): Promise<void> {
  const { head, request } = await readRequest(exchange)
  const { text, reply } = await generateWhole(exchange, params.model!, request)
  exchange.json(`${replyHead(head, params)}${JSON.stringify(text)}}`, {
    'server-timing': serverTiming(reply.timing),
  })
}

export async function generateStream(exchange: Exchange, params: Params): Promise<void> {
  const { head, request } = await readRequest(exchange)
  const prefix = `data: ${replyHead(head, params)}`
  await generateStreamed(exchange, params.model!, request, {
    opening: null,
    token: (text) => `${prefix}${JSON.stringify(text)}}\n\n`,
    closing: () => '',
    failure: (error) => `data: ${JSON.stringify({ error: error.message })}\n\n`,
  })
}
