/**
 * The OpenAI API's chat and text completions, streaming or whole, as OpenAI, vLLM, TGI and many others speak it.
 * https://platform.openai.com/docs/api-reference
 */

import { Buffer } from 'node:buffer'
import { type Content, DecodeError, type Dialect, type HttpCodec, type HttpCodecOptions } from './dialect.ts'
import { countOf, jsonText, parseJson, parseJsonText, textOf } from './json.ts'
import { literalCodec } from './literal.ts'
import { promptOf } from './prompt.ts'

const END_MARK = '[DONE]'

interface Message {
  content?: unknown
  reasoning_content?: unknown
}

interface Choice {
  /** Chat, streaming. */
  delta?: Message | null
  /** Chat, whole. */
  message?: Message | null
  /** Text completions, both. */
  text?: unknown
}

interface Reply {
  choices?: (Choice | null)[]
  usage?: { completion_tokens?: unknown } | null
  error?: unknown
}

export const openaiChat: Dialect = {
  name: 'openai-chat',
  says: 'OpenAI chat completions',
  form: 'tokens',
  http: {
    interfaces: ['rest', 'sse'],
    path: () => '/v1/chat/completions',
    codec: (options) =>
      codec(options, (prompt, outputTokens) => ({
        messages: [{ role: 'user', content: prompt }],
        max_tokens: outputTokens,
      })),
  },
}

export const openaiCompletions: Dialect = {
  name: 'openai-completions',
  says: 'OpenAI text completions',
  form: 'tokens',
  http: {
    interfaces: ['rest', 'sse'],
    path: () => '/v1/completions',
    codec: (options) => codec(options, (prompt, outputTokens) => ({ prompt, max_tokens: outputTokens })),
  },
}

function codec(
  options: HttpCodecOptions,
  body: (prompt: string, outputTokens: number) => Record<string, unknown>,
): HttpCodec {
  const { payload, target, streaming } = options
  const contentType = 'application/json'
  if (payload.form === 'json' || payload.form === 'file') {
    return literalCodec(options, {
      contentType,
      reply: readReply,
      chunk: readChunk,
      ...(streaming ? { endMark: END_MARK } : {}),
    })
  }
  const { prompt, outputTokens, ignoreEos } = promptOf(payload)
  const request = {
    ...(target.model === null ? {} : { model: target.model }),
    ...body(prompt, outputTokens),
    ...(ignoreEos ? { ignore_eos: true } : {}),
    ...(streaming ? { stream: true, stream_options: { include_usage: true } } : {}),
  }
  return {
    headers: { 'content-type': contentType },
    payloadBytes: Buffer.byteLength(prompt),
    endMark: streaming ? END_MARK : null,
    encode: () => JSON.stringify(request),
    reply: readReply,
    chunk: readChunk,
  }
}

function readReply(body: Uint8Array, _headers: unknown, into: Content): void {
  read(parseJson(body) as Reply | null, into)
}

function readChunk(data: string, _event: string | undefined, into: Content): void {
  if (data === END_MARK) {
    into.done = true
    return
  }
  read(parseJsonText(data) as Reply | null, into)
}

function read(reply: Reply | null, into: Content): void {
  if (reply?.error) throw new DecodeError(`the server says: ${jsonText(reply.error).slice(0, 200)}`)
  if (!Array.isArray(reply?.choices)) throw new DecodeError('the reply has no choices')
  for (const choice of reply.choices) {
    const message = choice?.delta ?? choice?.message
    const text = message
      ? textOf(message.content, 'a content') + textOf(message.reasoning_content, 'a reasoning_content')
      : textOf(choice?.text, 'the text of a choice')
    if (text !== '') {
      into.payloadBytes += Buffer.byteLength(text)
      into.tokens++
    }
  }
  const total = countOf(reply.usage?.completion_tokens)
  if (total >= 0) into.totalTokens = total
}
