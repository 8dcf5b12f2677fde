import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type ServerOptions, WebSocketServer } from 'ws'
import { Admission } from '../admission.ts'
import { HttpError, toHttpError } from '../http/errors.ts'
import type { Upgrades } from '../http/listener.ts'
import type { Service } from '../service.ts'
import { Connection, closeCodes } from '../websocket/connection.ts'
import type { WebSocketOptions } from '../websocket/options.ts'
import { refuseUpgrade } from '../websocket/refusal.ts'
import { checkSubprotocols, chooseSubprotocol } from '../websocket/subprotocols.ts'
import { Conversation } from './conversation.ts'
import { Dispatcher } from './dispatcher.ts'
import type { McpOptions } from './options.ts'

const webSocketPath = '/mcp/ws'
const subprotocols = ['mcp']
const closeTimeoutMs = 5_000
const checkPeriodMs = 1_000

/** MCP over WebSocket: a message of JSON-RPC in every text message, a conversation on every connection. */
export class McpGateway implements Upgrades {
  readonly #service: Service
  readonly #options: McpOptions
  readonly #webSocket: WebSocketOptions
  readonly #admission: Admission
  readonly #dispatcher: Dispatcher
  readonly #server: WebSocketServer
  readonly #conversations = new Map<Connection, Conversation>()
  #timer: NodeJS.Timeout | undefined
  #onEmpty: (() => void) | null = null

  /** @param webSocket How long a connection may be silent, and how many there may be. */
  constructor(service: Service, listensOn: string, options: McpOptions, webSocket: WebSocketOptions) {
    this.#service = service
    this.#options = options
    this.#webSocket = webSocket
    this.#admission = new Admission(listensOn, options)
    this.#dispatcher = new Dispatcher(service)
    // Its type does not know of closeTimeout.
    const settings: ServerOptions & { closeTimeout: number } = {
      noServer: true,
      clientTracking: false,
      maxPayload: service.limits.bodyBytes,
      perMessageDeflate: false,
      handleProtocols: (offered) => chooseSubprotocol(subprotocols, offered),
      closeTimeout: closeTimeoutMs,
    }
    this.#server = new WebSocketServer(settings)
  }

  wants(request: IncomingMessage): boolean {
    const isWebSocket = request.headers.upgrade?.toLowerCase() === 'websocket'
    return isWebSocket && request.url!.split('?', 1)[0] === webSocketPath
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    try {
      this.#admission.check(request)
      this.#service.tokens.check(request)
      checkSubprotocols(subprotocols, request)
      if (this.#service.stopping) throw new HttpError(503, 'stopping', 'the server stops')
      if (this.#conversations.size >= this.#webSocket.sessions) throw full(this.#webSocket.sessions)
      this.#server.handleUpgrade(request, socket, head, (ws) => {
        this.#connect(new Connection(ws, socket, this.#webSocket, this.#service.limits))
      })
    } catch (error) {
      const known = toHttpError(error)
      if (!known) this.#service.onBug(error)
      const told = known ?? new HttpError(500, 'internal_error', 'internal error')
      this.#service.countRequest('mcp', told.status)
      refuseUpgrade(socket, told)
    }
  }

  /** Closes every connection as soon as its calls have ended. */
  stop(): void {
    for (const [connection, conversation] of this.#conversations) {
      void conversation.idle().then(() => connection.close(closeCodes.goingAway, 'the server stops'))
    }
  }

  /** Resolves once no connection stands. */
  async idle(): Promise<void> {
    if (this.#conversations.size === 0) return
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve
    })
  }

  /** Gives up what is left. */
  close(): void {
    for (const connection of this.#conversations.keys()) connection.terminate()
  }

  #connect(connection: Connection): void {
    const conversation = new Conversation(this.#dispatcher, this.#options, connection)
    this.#conversations.set(connection, conversation)
    this.#service.activeSessions++
    this.#timer ??= setInterval(() => this.#check(), checkPeriodMs)
    connection.onceClosed(() => this.#end(connection, conversation))
    connection.listen(
      (bytes, isBinary) => {
        if (isBinary) connection.close(closeCodes.unsupportedData, 'a message of MCP is text')
        else conversation.receive(bytes)
      },
      () => {},
    )
  }

  #end(connection: Connection, conversation: Conversation): void {
    this.#conversations.delete(connection)
    this.#service.activeSessions--
    conversation.end()
    if (this.#conversations.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#onEmpty?.()
  }

  #check(): void {
    const nowMs = performance.now()
    for (const [connection, conversation] of this.#conversations) {
      connection.check(nowMs, !conversation.isIdle)
    }
  }
}

function full(connections: number): HttpError {
  const message = `${connections} connections stand already, which is this server's limit`
  return new HttpError(503, 'overloaded', message, { 'retry-after': '1' })
}
