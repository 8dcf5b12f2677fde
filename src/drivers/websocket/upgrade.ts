import type { ClientRequest, IncomingMessage } from 'node:http'
import { type ClientOptions, WebSocket } from 'ws'
import { failure, OpenError } from '../driver.ts'
import { abortable, type Transport } from '../transport/connect.ts'
import { refusalOutcome, SAMPLE_CHARACTERS, upgradeOutcome } from './outcome.ts'

/** A message that announces more is refused before any of it is kept. */
const MOST_MESSAGE_BYTES = 64 * 1024 * 1024
/** How long the server may take over its part of closing. */
const CLOSE_TIMEOUT_MS = 1000
/** Compression of less costs more bytes than it saves. */
const DEFLATE_FROM_BYTES = 1024
/** How long the beginning of a refusal's body is waited for. */
const REFUSAL_BODY_MS = 100

/** What an upgrade asks for. */
export interface UpgradeRequest {
  url: string
  headers: Readonly<Record<string, string>>
  subprotocols: readonly string[]
  deflate: boolean
}

/**
 * Makes a connection a WebSocket. `opened` is called in the moment in which it is one, before its first message.
 * Rejects with `OpenError`.
 */
export function upgrade<Value>(
  { socket, raw }: Transport,
  request: UpgradeRequest,
  signal: AbortSignal,
  opened: (ws: WebSocket) => Value,
): Promise<Value> {
  // Its type does not know of closeTimeout.
  const options: ClientOptions & { closeTimeout: number } = {
    createConnection: () => socket,
    headers: { 'user-agent': 'infer-bench', ...request.headers },
    perMessageDeflate: request.deflate && { threshold: DEFLATE_FROM_BYTES },
    maxPayload: MOST_MESSAGE_BYTES,
    closeTimeout: CLOSE_TIMEOUT_MS,
  }
  const ws = new WebSocket(request.url, [...request.subprotocols], options)
  return abortable<Value>(
    signal,
    (succeed, fail) => {
      ws.on('error', (error) => fail(new OpenError(upgradeOutcome(error))))
      ws.once('unexpected-response', (_request: ClientRequest, response: IncomingMessage) => {
        void bodyOf(response).then((body) => fail(new OpenError(refusalOutcome(response, body))))
      })
      ws.once('open', () => {
        if (request.deflate && ws.extensions === '') {
          const sample = 'the server does not agree to per-message deflate'
          fail(new OpenError(failure('setup', 'upgrade', 'deflate', sample)))
          return
        }
        ws.removeAllListeners('error')
        succeed(opened(ws))
      })
    },
    () => {
      ws.removeAllListeners()
      // Ending it before it has begun is an error to it.
      ws.on('error', () => {})
      ws.terminate()
      socket.destroy()
      raw.destroy()
    },
  )
}

/** The beginning of a refusal's body, as far as it comes soon. */
function bodyOf(response: IncomingMessage): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    const done = () => {
      clearTimeout(timer)
      resolve(text.trim())
    }
    const timer = setTimeout(done, REFUSAL_BODY_MS)
    response.setEncoding('utf8')
    response.on('data', (piece: string) => {
      text = (text + piece).slice(0, SAMPLE_CHARACTERS)
    })
    response.once('end', done)
    response.once('close', done)
  })
}
