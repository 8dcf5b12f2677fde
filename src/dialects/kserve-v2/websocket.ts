/**
 * The Open Inference Protocol over WebSocket, as the bundled server speaks it (docs/websocket-protocol.md): `infer` for
 * tensors, in JSON or binary messages, and `generate` for text, whose tokens come one by one.
 */

import { Buffer } from 'node:buffer'
import { type CodecOptions, DecodeError, DialectError } from '../dialect.ts'
import { countOf, durationOf, parseJson } from '../json.ts'
import { promptOf } from '../prompt.ts'
import { tensorOf } from '../tensors.ts'
import type { WebSocketCodec, WebSocketFace, WebSocketReply } from '../websocket-face.ts'
import { described } from './input.ts'
import { readOutputs } from './outputs.ts'

/** A binary message begins with the length of its JSON, little-endian. */
const LENGTH_BYTES = 4
/** How most messages begin: then the call is known before the JSON is parsed. */
const ID_FIRST = Buffer.from('{"id":"')
const QUOTE = 0x22
const DIGIT_0 = 0x30
const DIGIT_9 = 0x39
/** All that a number holds exactly. */
const MOST_DIGITS = 15

interface Message {
  id?: unknown
  type?: unknown
  text_output?: unknown
  index?: unknown
  session?: unknown
  resumed?: unknown
  usage?: { completion_tokens?: unknown } | null
  timing?: { queue_ms?: unknown; compute_ms?: unknown } | null
  code?: unknown
  message?: unknown
  retry_after_ms?: unknown
}

type Encoder = Pick<WebSocketCodec, 'payloadBytes' | 'isBinary' | 'encode'>

export const kserveWebSocket: WebSocketFace = {
  path: '/v2/ws',
  methods: { infer: { kind: 'unary' }, generate: { kind: 'server-stream' } },
  resume: {
    query: (session) => ({ session }),
    message: (id, last) => Buffer.from(JSON.stringify({ id: String(id), type: 'resume', after: last })),
  },
  codec(options, method) {
    return {
      ...encoder(options, method),
      callOf,
      read: method === 'generate' ? readGenerated : readResult,
      aside: readAside,
      finish: null,
      cancel: (id) => Buffer.from(`{"id":"${id}","type":"cancel"}`),
    }
  },
}

function encoder(options: CodecOptions, method: string): Encoder {
  const { target, payload } = options
  if (target.model === null)
    throw new DialectError('kserve-v2 needs a model: add e.g. model: mlp to the target')
  const { model } = target
  if (payload.form === 'json') return jsonEncoder(method, model, payload.json)
  if (payload.form === 'file')
    throw new DialectError('kserve-v2 sends no file over websocket: give a size, text or json')
  if (method === 'generate') return promptEncoder(model, options)
  const tensor = tensorOf(payload)
  const { bytes } = tensor
  const payloadBytes = bytes.length
  const input = described(tensor)
  if (payload.encoding === 'binary') {
    const announced = { ...input, parameters: { binary_data_size: payloadBytes } }
    const request = { id: '', type: method, model, inputs: [announced] }
    return { payloadBytes, isBinary: true, encode: (id) => binaryMessage(request, id, bytes) }
  }
  // Clients hold the numbers in a list; writing them out is the work that JSON costs.
  const request = { id: '', type: method, model, inputs: [{ ...input, data: tensor.values() }] }
  return { payloadBytes, isBinary: false, encode: (id) => textMessage(request, id) }
}

function promptEncoder(model: string, { payload }: CodecOptions): Encoder {
  const { prompt, outputTokens, ignoreEos } = promptOf(payload)
  const request = {
    id: '',
    type: 'generate',
    model,
    text_input: prompt,
    parameters: { max_tokens: outputTokens, ...(ignoreEos ? { ignore_eos: true } : {}) },
  }
  return {
    payloadBytes: Buffer.byteLength(prompt),
    isBinary: false,
    encode: (id) => textMessage(request, id),
  }
}

/** The scenario's own fields; who calls what, and with which id, is the call's. */
function jsonEncoder(method: string, model: string, json: unknown): Encoder {
  if (json === null || typeof json !== 'object' || Array.isArray(json)) {
    throw new DialectError('a message is an object: correct the payload')
  }
  const request = { id: '', type: method, model, ...json }
  const payloadBytes = Buffer.byteLength(JSON.stringify(json))
  return { payloadBytes, isBinary: false, encode: (id) => textMessage(request, id) }
}

function textMessage(request: { id: string }, id: number): Buffer {
  request.id = String(id)
  return Buffer.from(JSON.stringify(request))
}

function binaryMessage(request: { id: string }, id: number, bytes: Buffer): Buffer {
  request.id = String(id)
  const json = JSON.stringify(request)
  const jsonBytes = Buffer.byteLength(json)
  const message = Buffer.allocUnsafe(LENGTH_BYTES + jsonBytes + bytes.length)
  message.writeUInt32LE(jsonBytes, 0)
  message.write(json, LENGTH_BYTES)
  bytes.copy(message, LENGTH_BYTES + jsonBytes)
  return message
}

function callOf(message: Buffer, isBinary: boolean): number {
  const start = isBinary ? LENGTH_BYTES : 0
  const digits = start + ID_FIRST.length
  if (message.length > digits && message.compare(ID_FIRST, 0, ID_FIRST.length, start, digits) === 0) {
    let id = 0
    const end = Math.min(message.length, digits + MOST_DIGITS + 1)
    for (let place = digits; place < end; place++) {
      const byte = message[place]!
      if (byte === QUOTE && place > digits) return id
      if (byte < DIGIT_0 || byte > DIGIT_9) break
      id = id * 10 + (byte - DIGIT_0)
    }
  }
  const { id } = parsed(message, isBinary)
  return typeof id === 'string' && /^\d{1,15}$/.test(id) ? Number(id) : -1
}

function readResult(message: Buffer, isBinary: boolean, into: WebSocketReply): void {
  const reply = parsed(message, isBinary)
  if (reply.type === 'result') {
    const end = isBinary ? LENGTH_BYTES + message.readUInt32LE(0) : message.length
    readOutputs(reply, message.length - end, into)
    readTiming(reply, into)
    into.done = true
  } else readOther(reply, into)
}

function readGenerated(message: Buffer, isBinary: boolean, into: WebSocketReply): void {
  const reply = parsed(message, isBinary)
  if (reply.type === 'token') {
    const { text_output: text } = reply
    if (typeof text !== 'string') throw new DecodeError('a token has no text_output')
    into.payloadBytes = Buffer.byteLength(text)
    into.tokens = 1
    into.index = countOf(reply.index)
  } else if (reply.type === 'done') {
    const { usage } = reply
    into.totalTokens = countOf(usage?.completion_tokens)
    readTiming(reply, into)
    into.done = true
  } else readOther(reply, into)
}

/** The session's hello, or an error: of a message that the server could read no id in. */
function readAside(message: Buffer, isBinary: boolean, into: WebSocketReply): void {
  const reply = parsed(message, isBinary)
  if (reply.type === 'error') readOther(reply, into)
  if (reply.type !== 'hello' || typeof reply.session !== 'string') return
  into.session = reply.session
  into.isResumed = reply.resumed === true
}

function readOther({ type, code, message, retry_after_ms: wait }: Message, into: WebSocketReply): void {
  if (type !== 'error') {
    const told = typeof type === 'string' ? `the type ${type.slice(0, 32)}` : 'no type'
    throw new DecodeError(`a message of ${told} was not expected`)
  }
  into.errorCode = wordOf(code) || 'unknown'
  into.errorMessage = wordOf(message)
  if (wait !== undefined) into.retryAfterMs = durationOf(wait)
  into.done = true
}

function readTiming({ timing }: Message, into: WebSocketReply): void {
  into.queueMs = durationOf(timing?.queue_ms)
  into.computeMs = durationOf(timing?.compute_ms)
}

/** A code may be a number, too. Anything else tells nothing. */
function wordOf(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''
}

function parsed(message: Buffer, isBinary: boolean): Message {
  const reply = parseJson(isBinary ? jsonOf(message) : message)
  if (reply === null || typeof reply !== 'object') throw new DecodeError('a message is no JSON object')
  return reply
}

function jsonOf(message: Buffer): Buffer {
  const end = message.length < LENGTH_BYTES ? Number.NaN : LENGTH_BYTES + message.readUInt32LE(0)
  if (!(end <= message.length)) throw new DecodeError('a binary message is shorter than its JSON')
  return message.subarray(LENGTH_BYTES, end)
}
