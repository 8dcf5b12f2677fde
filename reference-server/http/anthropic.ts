import { randomBytes } from 'node:crypto'
import { countPromptTokens } from '../runtime/check.ts'
import type { GenerateReply, GenerateRequest } from '../runtime/runtime.ts'
import { type HttpError, invalid } from './errors.ts'
import type { Exchange } from './exchange.ts'
import { generateStreamed, generateWhole } from './generation.ts'
import {
  array,
  type JsonObject,
  object,
  optionalBoolean,
  optionalInteger,
  parseObject,
  shown,
  text,
} from './json.ts'
import type { Convention } from './router.ts'
import { serverTiming } from './server-timing.ts'

// As in the OpenAI convention: unique without asking for randomness on every call.
const idPrefix = `msg_${randomBytes(9).toString('base64url')}`
let idCounter = 0

const errorTypes: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
}

interface Request {
  model: string
  generation: GenerateRequest
  stream: boolean
}

/** The Anthropic REST convention: messages, whole or streamed, and the counting of their tokens. */
export function anthropic(): Convention {
  return {
    prefix: '/v1/messages',
    interfaceName: 'rest',
    errorBody,
    routes: [
      { method: 'POST', path: '/v1/messages', handler: createMessage },
      { method: 'POST', path: '/v1/messages/count_tokens', handler: countTokens },
    ],
  }
}

function errorBody(error: HttpError): string {
  const type = errorTypes[error.status] ?? (error.status < 500 ? 'invalid_request_error' : 'api_error')
  return JSON.stringify({ type: 'error', error: { type, message: error.message } })
}

async function createMessage(exchange: Exchange): Promise<void> {
  const fields = await readBody(exchange)
  const request = readRequest(fields)
  const head = `"id":"${idPrefix}${idCounter++}","type":"message","role":"assistant","model":${JSON.stringify(request.model)}`
  if (request.stream) return streamMessage(exchange, request, head)
  const { text, reply } = await generateWhole(exchange, request.model, request.generation)
  exchange.json(
    `{${head},"content":[{"type":"text","text":${JSON.stringify(text)}}],${stop(reply)},` +
      `"usage":{"input_tokens":${reply.promptTokens},"output_tokens":${reply.outputTokens}}}`,
    { 'server-timing': serverTiming(reply.timing) },
  )
}

async function streamMessage(exchange: Exchange, request: Request, head: string): Promise<void> {
  const { model, generation } = request
  const inputTokens = countPromptTokens(exchange.service.model(model), generation.prompt)
  const started =
    `"message":{${head},"content":[],"stop_reason":null,"stop_sequence":null,` +
    `"usage":{"input_tokens":${inputTokens},"output_tokens":0}}`
  await generateStreamed(exchange, model, generation, {
    opening:
      event('message_start', started) +
      event('content_block_start', '"index":0,"content_block":{"type":"text","text":""}') +
      event('ping'),
    token: (text) =>
      event('content_block_delta', `"index":0,"delta":{"type":"text_delta","text":${JSON.stringify(text)}}`),
    closing: (reply) =>
      event('content_block_stop', '"index":0') +
      event('message_delta', `"delta":{${stop(reply)}},"usage":{"output_tokens":${reply.outputTokens}}`) +
      event('message_stop'),
    failure: (error) => `event: error\ndata: ${errorBody(error)}\n\n`,
  })
}

function event(type: string, fields = ''): string {
  return `event: ${type}\ndata: {"type":"${type}"${fields && ','}${fields}}\n\n`
}

function stop(reply: GenerateReply): string {
  const reason = reply.finishReason === 'length' ? 'max_tokens' : 'end_turn'
  return `"stop_reason":"${reason}","stop_sequence":null`
}

async function countTokens(exchange: Exchange): Promise<void> {
  const fields = await readBody(exchange)
  const model = exchange.service.model(text(fields.model, 'model'))
  exchange.json(`{"input_tokens":${countPromptTokens(model, promptOf(fields))}}`)
}

async function readBody(exchange: Exchange): Promise<JsonObject> {
  if (exchange.request.headers['anthropic-version'] === undefined) {
    throw invalid('anthropic-version: header is required')
  }
  return parseObject(await exchange.body())
}

function readRequest(fields: JsonObject): Request {
  const maxTokens = optionalInteger(1, fields, 'max_tokens')
  if (maxTokens === undefined) throw invalid('max_tokens: field required')
  return {
    model: text(fields.model, 'model'),
    generation: {
      prompt: promptOf(fields),
      maxTokens,
      ignoreEos: optionalBoolean(fields, 'ignore_eos') ?? false,
    },
    stream: optionalBoolean(fields, 'stream') ?? false,
  }
}

/** The models were trained on no template, so a conversation is the text of its messages, a line each. */
function promptOf(fields: JsonObject): string {
  const messages = array(fields.messages, 'messages')
  if (messages.length === 0) throw invalid('messages: at least one message is required')
  const lines = messages.map((item) => {
    const { role, content } = object(item, 'a message')
    if (role !== 'user' && role !== 'assistant') throw invalid('a role must be user or assistant')
    return textOf(content, "a message's content")
  })
  if (fields.system !== undefined) lines.unshift(textOf(fields.system, 'system'))
  return lines.join('\n')
}

function textOf(content: unknown, what: string): string {
  if (typeof content === 'string') return content
  return array(content, what)
    .map((item) => {
      const block = object(item, 'a content block')
      if (block.type === 'text') return text(block.text, "a content block's text")
      throw invalid(`content blocks of type ${shown(block.type)} are not supported`)
    })
    .join('')
}
