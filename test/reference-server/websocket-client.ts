import { once } from 'node:events'
import type { ClientRequestArgs, IncomingMessage } from 'node:http'
import { type ClientOptions, WebSocket } from 'ws'
import type { Limits } from '../../reference-server/limits.ts'
import { type ReferenceServer, startServer } from '../../reference-server/server.ts'
import type { WebSocketOptions } from '../../reference-server/websocket/options.ts'

/** A reference server on free ports of this machine, on the CPU, which every machine has. */
export function startedWebSocket(
  websocket: Partial<WebSocketOptions> = {},
  limits: Partial<Limits> = {},
  tls = false,
): Promise<ReferenceServer> {
  return startServer({
    providers: ['cpu'],
    workers: 1,
    batching: { size: 1, waitMs: 0 },
    tls: tls ? { port: 0 } : null,
    limits,
    websocket,
    version: '1.2.3',
  })
}

export function webSocketUrl(server: ReferenceServer, query = ''): string {
  return `${server.httpUrl.replace('http', 'ws')}/v2/ws${query}`
}

/** A message of the server; of a binary one, its JSON and the bytes behind it. */
export interface ServerMessage {
  [field: string]: unknown
  type: string
  bytes?: Buffer
}

/** A client that keeps what it receives until a test asks for it. */
export class Client {
  readonly ws: WebSocket
  readonly closed: Promise<{ code: number; reason: string }>
  #inbox: ServerMessage[] = []
  #onMessage = Promise.withResolvers<void>()

  constructor(ws: WebSocket) {
    this.ws = ws
    ws.on('error', () => {})
    ws.on('message', (data: Buffer, isBinary: boolean) => {
      this.#inbox.push(isBinary ? readBinary(data) : JSON.parse(data.toString()))
      this.#wake()
    })
    this.closed = new Promise((resolve) => {
      ws.on('close', (code, reason) => {
        resolve({ code, reason: reason.toString() })
        this.#wake()
      })
    })
  }

  static async open(url: string, options: ClientOptions & { protocols?: string[] } = {}): Promise<Client> {
    const { protocols = [], ...rest } = options
    const client = new Client(new WebSocket(url, protocols, rest))
    await once(client.ws, 'open')
    return client
  }

  send(message: object): void {
    this.ws.send(JSON.stringify(message))
  }

  sendBinary(header: object, ...blobs: Uint8Array[]): void {
    const json = Buffer.from(JSON.stringify(header))
    const length = Buffer.alloc(4)
    length.writeUInt32LE(json.length)
    this.ws.send(Buffer.concat([length, json, ...blobs]))
  }

  /** The next message that fits, in the order of arrival; those before it stay for others to ask for. */
  async take(fits: Partial<ServerMessage> = {}): Promise<ServerMessage> {
    for (;;) {
      const place = this.#inbox.findIndex((message) =>
        Object.entries(fits).every(([name, value]) => message[name] === value),
      )
      if (place >= 0) return this.#inbox.splice(place, 1)[0]!
      if (this.ws.readyState === WebSocket.CLOSED) {
        throw new Error(`the connection closed before ${JSON.stringify(fits)} came`)
      }
      await this.#onMessage.promise
    }
  }

  /** All messages of a call up to its last one, which is no token. */
  async stream(id: string): Promise<{ tokens: ServerMessage[]; last: ServerMessage }> {
    const tokens: ServerMessage[] = []
    for (;;) {
      await this.#until(() => this.#inbox.some((message) => message.id === id))
      const mine = this.#inbox.filter((message) => message.id === id)
      this.#inbox = this.#inbox.filter((message) => message.id !== id)
      for (const message of mine) {
        if (message.type !== 'token') return { tokens, last: message }
        tokens.push(message)
      }
    }
  }

  /** What came and was not asked for. */
  get rest(): ServerMessage[] {
    return this.#inbox
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.ws.readyState === WebSocket.CLOSED) throw new Error('the connection closed too early')
      await this.#onMessage.promise
    }
  }

  #wake(): void {
    this.#onMessage.resolve()
    this.#onMessage = Promise.withResolvers()
  }
}

function readBinary(data: Buffer): ServerMessage {
  const jsonEnd = 4 + data.readUInt32LE(0)
  return { ...JSON.parse(data.subarray(4, jsonEnd).toString()), bytes: data.subarray(jsonEnd) }
}

/** The status and body with which an upgrade is refused. */
export async function refused(
  url: string,
  options: ClientOptions & ClientRequestArgs = {},
  protocols: string[] = [],
): Promise<{ status: number; body: unknown }> {
  const ws = new WebSocket(url, protocols, options)
  const [, response] = (await once(ws, 'unexpected-response')) as [unknown, IncomingMessage]
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk
  return { status: response.statusCode!, body: JSON.parse(text) }
}

export function inferMessage(id: string, data: number[], more: object = {}): object {
  const input = { name: 'x', datatype: 'FP32', shape: [data.length], data }
  return { id, type: 'infer', model: 'echo', inputs: [input], ...more }
}

export function generateMessage(id: string, textInput: string, maxTokens: number, model = 'echo'): object {
  const parameters = { max_tokens: maxTokens, ignore_eos: true }
  return { id, type: 'generate', model, text_input: textInput, parameters }
}
