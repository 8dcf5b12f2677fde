/** No convention over WebSocket, but for which message answers which call, and which one is the last. */

import { Buffer } from 'node:buffer'
import { type CodecOptions, DecodeError, DialectError } from './dialect.ts'
import { parseJson } from './json.ts'
import { bytesOf } from './raw-bytes.ts'
import type { WebSocketCodec, WebSocketFace } from './websocket-face.ts'

/** What the target says of it; `drivers/websocket/options.ts`. */
interface Convention {
  correlation?: 'order' | 'id'
  end_mark?: string
}

const END_TEXT = '[DONE]'
const END_FIELD = 'done'

export const rawWebSocket: WebSocketFace = {
  path: '/',
  methods: null,
  resume: null,
  codec(options) {
    const { correlation } = options.target.options as Convention
    return correlation === 'id' ? byId(options) : byOrder(options)
  },
}

/** The oldest call gets what comes, up to a message that is the end mark, or one message where replies do not stream. */
function byOrder(options: CodecOptions): WebSocketCodec {
  const { payload, target } = options
  const bytes = bytesOf(options)
  const end = Buffer.from((target.options as Convention).end_mark ?? END_TEXT)
  return {
    payloadBytes: bytes.byteLength,
    isBinary: payload.form === 'size' || payload.form === 'file',
    encode: () => bytes,
    callOf: null,
    read(message, _isBinary, into) {
      into.done = message.equals(end)
      if (into.done) return
      into.payloadBytes = message.byteLength
      into.tokens = 1
    },
    aside: null,
    finish: () => end,
    cancel: null,
  }
}

/** Messages are JSON objects: `id` names the call, and a field with the name of the end mark is true in the last one. */
function byId({ payload, target }: CodecOptions): WebSocketCodec {
  const json = payload.form === 'json' ? payload.json : {}
  const isObject = json !== null && typeof json === 'object' && !Array.isArray(json)
  if (!isObject || (payload.form !== 'json' && payload.form !== 'none')) {
    throw new DialectError('calls are told apart by the id in their messages: give the payload a json object')
  }
  const end = (target.options as Convention).end_mark ?? END_FIELD
  return {
    payloadBytes: Buffer.byteLength(JSON.stringify(json)),
    isBinary: false,
    encode: (id) => Buffer.from(JSON.stringify({ ...json, id: String(id) })),
    callOf(message) {
      const { id } = objectOf(message)
      const isNamed = typeof id === 'string' || typeof id === 'number'
      return isNamed && /^\d{1,15}$/.test(String(id)) ? Number(id) : -1
    },
    read(message, _isBinary, into) {
      const fields = objectOf(message)
      into.done = fields[end] === true
      // A message that says whose end it is, and nothing else, is an end mark.
      if (into.done && Object.keys(fields).every((name) => name === 'id' || name === end)) return
      into.payloadBytes = message.byteLength
      into.tokens = 1
    },
    aside: null,
    finish: (id) => Buffer.from(JSON.stringify({ id: String(id), [end]: true })),
    cancel: null,
  }
}

function objectOf(message: Buffer): Record<string, unknown> {
  const json = parseJson(message)
  if (json === null || typeof json !== 'object') throw new DecodeError('a message is no JSON object')
  return json as Record<string, unknown>
}
