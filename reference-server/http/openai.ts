import { randomBytes } from 'node:crypto'
import { EMBEDDING_MODEL } from '../embeddings.ts'
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
import { createEmbeddings } from './openai-embeddings.ts'
import type { Convention } from './router.ts'
import { serverTiming } from './server-timing.ts'

// A random part told once and a counter: unique without asking for randomness on every call.
const idPrefix = randomBytes(9).toString('base64url')
let idCounter = 0

interface Request {
  id: string
  createdS: number
  model: string
  generation: GenerateRequest
  stream: boolean
  includeUsage: boolean
}

/** The parts in which chat and text completions differ. */
interface Endpoint {
  idPrefix: string
  /** What it generates at most when it is not told how much. */
  defaultMaxTokens: number
  prompt(fields: JsonObject): string
  wholeType: string
  chunkType: string
  /** A reply's `choices[0]` but for its index. */
  whole(text: string): string
  chunk(text: string): string
  /** The choice that goes before the first token, if there is one. */
  first: string | null
  last: string
}

const chat: Endpoint = {
  idPrefix: 'chatcmpl-',
  // Enough for most replies to come to their own end.
  defaultMaxTokens: 256,
  prompt: chatPrompt,
  wholeType: 'chat.completion',
  chunkType: 'chat.completion.chunk',
  whole: (text) => `"message":{"role":"assistant","content":${JSON.stringify(text)},"refusal":null}`,
  chunk: (text) => `"delta":{"content":${JSON.stringify(text)}}`,
  first: '"delta":{"role":"assistant","content":""}',
  last: '"delta":{}',
}

const completions: Endpoint = {
  idPrefix: 'cmpl-',
  // OpenAI's own default.
  defaultMaxTokens: 16,
  prompt: completionPrompt,
  wholeType: 'text_completion',
  chunkType: 'text_completion',
  whole: (text) => `"text":${JSON.stringify(text)}`,
  chunk: (text) => `"text":${JSON.stringify(text)}`,
  first: null,
  last: '"text":""',
}

/** The OpenAI REST convention: models, chat completions, completions and embeddings. */
export function openai(): Convention {
  return {
    prefix: '/v1',
    interfaceName: 'rest',
    errorBody,
    routes: [
      { method: 'GET', path: '/v1/models', handler: listModels },
      {
        method: 'POST',
        path: '/v1/chat/completions',
        handler: (exchange) => complete(exchange, chat),
      },
      {
        method: 'POST',
        path: '/v1/completions',
        handler: (exchange) => complete(exchange, completions),
      },
      { method: 'POST', path: '/v1/embeddings', handler: createEmbeddings },
    ],
  }
}

function errorBody(error: HttpError): string {
  const type =
    error.status >= 500 ? 'server_error' : error.status === 429 ? 'rate_limit_error' : 'invalid_request_error'
  return JSON.stringify({ error: { message: error.message, type, param: null, code: error.code } })
}

/** What the convention tells of a model. */
export function modelEntry(name: string): object {
  const created = Math.floor(performance.timeOrigin / 1000)
  return { id: name, object: 'model', created, owned_by: 'infer-bench' }
}

function listModels(exchange: Exchange): void {
  const data = [...exchange.service.runtime.models.values()]
    .filter(({ name, kinds }) => kinds.includes('decoder') || name === EMBEDDING_MODEL)
    .map(({ name }) => modelEntry(name))
  exchange.json(JSON.stringify({ object: 'list', data }))
}

async function complete(exchange: Exchange, endpoint: Endpoint): Promise<void> {
  const request = readRequest(parseObject(await exchange.body()), endpoint)
  if (request.stream) return completeStreamed(exchange, endpoint, request)
  const { text, reply } = await generateWhole(exchange, request.model, request.generation)
  exchange.json(
    `${replyHead(request, endpoint.wholeType)}"choices":[{"index":0,${endpoint.whole(text)},"logprobs":null,` +
      `"finish_reason":"${reply.finishReason}"}],"usage":${usage(reply)}}`,
    { 'server-timing': serverTiming(reply.timing) },
  )
}

async function completeStreamed(exchange: Exchange, endpoint: Endpoint, request: Request): Promise<void> {
  // With usage asked for, every chunk has the field, and only the last one a value.
  const tail = request.includeUsage ? ',"usage":null}\n\n' : '}\n\n'
  const prefix = `data: ${replyHead(request, endpoint.chunkType)}`
  const chunk = (choice: string, finishReason: string): string =>
    `${prefix}"choices":[{"index":0,${choice},"logprobs":null,"finish_reason":${finishReason}}]${tail}`
  await generateStreamed(exchange, request.model, request.generation, {
    opening: endpoint.first === null ? null : chunk(endpoint.first, 'null'),
    token: (text) => chunk(endpoint.chunk(text), 'null'),
    closing: (reply) => {
      const last = chunk(endpoint.last, `"${reply.finishReason}"`)
      const used = request.includeUsage ? `${prefix}"choices":[],"usage":${usage(reply)}}\n\n` : ''
      return `${last}${used}data: [DONE]\n\n`
    },
    failure: (error) => `data: ${errorBody(error)}\n\n`,
  })
}

function replyHead(request: Request, type: string): string {
  const { id, createdS, model } = request
  return `{"id":"${id}","object":"${type}","created":${createdS},"model":${JSON.stringify(model)},`
}

function usage(reply: GenerateReply): string {
  const { promptTokens, outputTokens } = reply
  return `{"prompt_tokens":${promptTokens},"completion_tokens":${outputTokens},"total_tokens":${promptTokens + outputTokens}}`
}

function readRequest(fields: JsonObject, endpoint: Endpoint): Request {
  if ((fields.n ?? 1) !== 1) throw invalid('n must be 1: this server gives one choice')
  const streamOptions = object(fields.stream_options ?? {}, 'stream_options')
  return {
    id: `${endpoint.idPrefix}${idPrefix}${idCounter++}`,
    createdS: Math.floor(Date.now() / 1000),
    model: text(fields.model, 'model'),
    generation: {
      prompt: endpoint.prompt(fields),
      maxTokens:
        optionalInteger(1, fields, 'max_completion_tokens') ??
        optionalInteger(1, fields, 'max_tokens') ??
        endpoint.defaultMaxTokens,
      ignoreEos: optionalBoolean(fields, 'ignore_eos') ?? false,
    },
    stream: optionalBoolean(fields, 'stream') ?? false,
    includeUsage: optionalBoolean(streamOptions, 'include_usage') ?? false,
  }
}

/** The models were trained on no template, so a chat is the text of its messages, a line each. */
function chatPrompt(fields: JsonObject): string {
  const messages = array(fields.messages, 'messages')
  if (messages.length === 0) throw invalid('messages must not be empty')
  return messages.map((message) => messageText(object(message, 'a message'))).join('\n')
}

function messageText(message: JsonObject): string {
  text(message.role, "a message's role")
  const { content } = message
  if (typeof content === 'string') return content
  return array(content, "a message's content")
    .map((item) => {
      const part = object(item, 'a content part')
      if (part.type === 'text') return text(part.text, "a content part's text")
      throw invalid(`content parts of type ${shown(part.type)} are not supported`)
    })
    .join('')
}

function completionPrompt(fields: JsonObject): string {
  const { prompt } = fields
  if (Array.isArray(prompt) && prompt.length === 1) return text(prompt[0], 'prompt')
  return text(prompt, 'prompt')
}
