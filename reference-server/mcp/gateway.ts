import type { Upgrades } from '../http/listener.ts'
import type { Service } from '../service.ts'
import { type Connection, checkPeriodMs, closeCodes } from '../websocket/connection.ts'
import { Entrance, full } from '../websocket/entrance.ts'
import type { WebSocketOptions } from '../websocket/options.ts'
import { Conversation } from './conversation.ts'
import { Dispatcher } from './dispatcher.ts'
import type { McpOptions } from './options.ts'

/** MCP over WebSocket: a message of JSON-RPC in every text message, a conversation on every connection. */
export class McpGateway {
  readonly entrance: Upgrades
  readonly #service: Service
  readonly #options: McpOptions
  readonly #dispatcher: Dispatcher
  readonly #conversations = new Map<Connection, Conversation>()
  readonly #checkPeriodMs: number
  #timer: NodeJS.Timeout | undefined
  #onEmpty: (() => void) | null = null

  /** @param webSocket How long a connection may be silent, and how many there may be. */
  constructor(service: Service, listensOn: string, options: McpOptions, webSocket: WebSocketOptions) {
    this.#service = service
    this.#options = options
    this.#dispatcher = new Dispatcher(service)
    this.#checkPeriodMs = checkPeriodMs(webSocket, service.limits)
    const { allowedOrigins, allowedHosts } = options
    this.entrance = new Entrance(
      service,
      listensOn,
      { ...webSocket, allowedOrigins, allowedHosts },
      {
        path: '/mcp/ws',
        subprotocols: ['mcp'],
        interfaceName: 'mcp',
        deflate: false,
        admit: () => {
          if (this.#conversations.size >= webSocket.sessions) throw full(webSocket.sessions, 'connections')
          return (connection) => this.#connect(connection)
        },
      },
    )
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
    this.#timer ??= setInterval(() => this.#check(), this.#checkPeriodMs)
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
