import { Buffer } from 'node:buffer'
import http from 'node:http'
import https from 'node:https'
import { type WebSocket, WebSocketServer } from 'ws'
import type { WebSocketCodec } from '../../dialects/websocket-face.ts'
import { type CallKind, type IdleRequest, type IdleServer, streamsReply, streamsRequest } from '../driver.ts'
import { listenIdle } from '../transport/idle-listener.ts'
import { isSecureScheme } from '../transport/scheme.ts'
import type { WebSocketOptions } from './options.ts'

/** A message begins with its call's id in digits, and a character that tells the last one of its direction. */
const ID_BYTES = 15
const HEAD_BYTES = ID_BYTES + 1
const LAST = '.'.charCodeAt(0)
const MORE = ','.charCodeAt(0)

/** Answers each message, or each call that has sent its last one, with a byte. */
export async function startIdleServer(asked: IdleRequest): Promise<IdleServer> {
  const { compression } = asked.options as unknown as WebSocketOptions
  const isSecure = isSecureScheme(asked.scheme)
  const { certificate, key } = asked.certificate ?? {}
  const server = isSecure ? https.createServer({ cert: certificate, key }) : http.createServer()
  const sockets = new WebSocketServer({ server, perMessageDeflate: compression === 'deflate' })
  sockets.on('connection', (ws) => {
    ws.on('error', () => {})
    ws.on('message', (data: Buffer) => answer(ws, data, asked.kind))
  })
  const { host, close } = await listenIdle(server)
  return { url: `${isSecure ? 'wss' : 'ws'}://${host}/`, close }
}

function answer(ws: WebSocket, message: Buffer, kind: CallKind): void {
  const isLast = !streamsRequest(kind) || message[ID_BYTES] === LAST
  const say = (last: boolean) => {
    const reply = Buffer.alloc(HEAD_BYTES + 1)
    message.copy(reply, 0, 0, ID_BYTES)
    reply[ID_BYTES] = last ? LAST : MORE
    ws.send(reply)
  }
  if (!streamsReply(kind)) {
    if (isLast) say(true)
    return
  }
  if (message.length > HEAD_BYTES) say(false)
  if (isLast) say(true)
}

/** Sends what the case sends, behind a head that the idle server knows, and takes what it replies. */
export function idleCodec({ payloadBytes, isBinary, encode }: WebSocketCodec): WebSocketCodec {
  return {
    payloadBytes,
    isBinary,
    encode: (id) => headed(id, MORE, encode(id)),
    callOf: (message) => Number(message.toString('latin1', 0, ID_BYTES)),
    read(message, _isBinary, into) {
      into.done = message[ID_BYTES] === LAST
      into.payloadBytes = message.length - HEAD_BYTES
      into.tokens = 1
    },
    aside: null,
    finish: (id) => headed(id, LAST, null),
    cancel: null,
  }
}

function headed(id: number, last: number, body: Uint8Array | null): Buffer {
  const message = Buffer.allocUnsafe(HEAD_BYTES + (body?.byteLength ?? 0))
  message.write(String(id).padStart(ID_BYTES, '0'), 'latin1')
  message[ID_BYTES] = last
  if (body) message.set(body, HEAD_BYTES)
  return message
}
