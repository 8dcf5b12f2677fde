/**
 * The Anthropic API's messages, whole or streamed.
 * https://docs.anthropic.com/en/api/messages, https://docs.anthropic.com/en/api/messages-streaming
 */

import { Buffer } from 'node:buffer'
import { type Content, DecodeError, type Dialect, type HttpCodec, type HttpCodecOptions } from './dialect.ts'
import { countOf, jsonText, parseJson, parseJsonText, textOf } from './json.ts'
import { literalCodec } from './literal.ts'
import { promptOf } from './prompt.ts'

const VERSION = '2023-06-01'
const END_MARK = 'message_stop'

/** A block of a whole reply, or what a chunk adds to one. */
interface Block {
  text?: unknown
  thinking?: unknown
  /** Input of a tool, as JSON: whole, or a piece of it. */
  input?: unknown
  partial_json?: unknown
}

interface Reply {
  type?: unknown
  content?: (Block | null)[]
  delta?: Block | null
  usage?: { output_tokens?: unknown } | null
  error?: unknown
}

export const anthropicMessages: Dialect = {
  name: 'anthropic-messages',
  says: 'Anthropic messages',
  form: 'tokens',
  http: { interfaces: ['rest', 'sse'], path: () => '/v1/messages', codec },
}

function codec(options: HttpCodecOptions): HttpCodec {
  const { payload, target, streaming } = options
  const contentType = 'application/json'
  const version = { 'anthropic-version': VERSION }
  const endMark = streaming ? END_MARK : null
  if (payload.form === 'json' || payload.form === 'file') {
    const reading = { contentType, reply: readReply, chunk: readChunk, ...(endMark && { endMark }) }
    const literal = literalCodec(options, reading)
    return { ...literal, headers: { ...literal.headers, ...version } }
  }
  const { prompt, outputTokens, ignoreEos } = promptOf(payload)
  const request = {
    ...(target.model === null ? {} : { model: target.model }),
    max_tokens: outputTokens,
    messages: [{ role: 'user', content: prompt }],
    ...(ignoreEos ? { ignore_eos: true } : {}),
    ...(streaming ? { stream: true } : {}),
  }
  return {
    headers: { 'content-type': contentType, ...version },
    payloadBytes: Buffer.byteLength(prompt),
    endMark,
    encode: () => JSON.stringify(request),
    reply: readReply,
    chunk: readChunk,
  }
}

function readReply(body: Uint8Array, _headers: unknown, into: Content): void {
  const reply = parseJson(body) as Reply | null
  refuseError(reply)
  if (!Array.isArray(reply?.content)) throw new DecodeError('the reply has no content')
  for (const block of reply.content) add(block, into)
  addUsage(reply, into)
}

/** An event's name is its data's type, too. Types that are not known are to be ignored, says the convention. */
function readChunk(data: string, _event: string | undefined, into: Content): void {
  const event = parseJsonText(data) as Reply | null
  if (typeof event?.type !== 'string') throw new DecodeError('an event has no type')
  refuseError(event)
  if (event.type === 'content_block_delta') {
    if (!event.delta) throw new DecodeError('a content_block_delta has no delta')
    add(event.delta, into)
  } else if (event.type === 'message_delta') addUsage(event, into)
  else if (event.type === END_MARK) into.done = true
}

function refuseError(reply: Reply | null): void {
  if (reply?.type !== 'error') return
  throw new DecodeError(`the server says: ${jsonText(reply.error ?? null).slice(0, 200)}`)
}

function add(block: Block | null, into: Content): void {
  const input = block?.input === undefined ? block?.partial_json : jsonText(block.input)
  const content = textOf(block?.text ?? block?.thinking ?? input, 'a block')
  if (content === '') return
  into.payloadBytes += Buffer.byteLength(content)
  into.tokens++
}

function addUsage({ usage }: Reply, into: Content): void {
  const total = countOf(usage?.output_tokens)
  if (total >= 0) into.totalTokens = total
}
