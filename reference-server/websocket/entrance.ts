import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type PerMessageDeflateOptions, type ServerOptions, WebSocketServer } from 'ws'
import { Admission } from '../admission.ts'
import { BusyError, fullWaitMs, HttpError, toHttpError } from '../http/errors.ts'
import type { Upgrades } from '../http/listener.ts'
import type { Service } from '../service.ts'
import { Connection } from './connection.ts'
import type { WebSocketOptions } from './options.ts'
import { refuseUpgrade } from './refusal.ts'
import { checkSubprotocols, chooseSubprotocol } from './subprotocols.ts'

/** How long the other side may take over its part of closing. */
const closeTimeoutMs = 5_000

/** What is behind an entrance. */
interface Behind {
  path: string
  subprotocols: readonly string[]
  /** What a refused upgrade counts as. */
  interfaceName: 'websocket' | 'mcp'
  deflate: PerMessageDeflateOptions | false
  /** Lets a request in, and says who takes its connection. @throws HttpError for one that there is no room for. */
  admit(request: IncomingMessage): (connection: Connection) => void
}

/** Where WebSockets come in: the same checks, limits and refusals, whatever is spoken behind it. */
export class Entrance implements Upgrades {
  readonly #service: Service
  readonly #options: WebSocketOptions
  readonly #behind: Behind
  readonly #admission: Admission
  readonly #server: WebSocketServer

  /** @param listensOn The host that the server was told to listen on. */
  constructor(service: Service, listensOn: string, options: WebSocketOptions, behind: Behind) {
    this.#service = service
    this.#options = options
    this.#behind = behind
    this.#admission = new Admission(listensOn, options)
    // Its type does not know of closeTimeout.
    const settings: ServerOptions & { closeTimeout: number } = {
      noServer: true,
      clientTracking: false,
      maxPayload: service.limits.bodyBytes,
      perMessageDeflate: behind.deflate,
      handleProtocols: (offered) => chooseSubprotocol(behind.subprotocols, offered),
      closeTimeout: closeTimeoutMs,
    }
    this.#server = new WebSocketServer(settings)
  }

  wants(request: IncomingMessage): boolean {
    const isWebSocket = request.headers.upgrade?.toLowerCase() === 'websocket'
    return isWebSocket && request.url!.split('?', 1)[0] === this.#behind.path
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    try {
      this.#admission.check(request)
      this.#service.tokens.check(request)
      checkSubprotocols(this.#behind.subprotocols, request)
      if (this.#service.stopping) throw new HttpError(503, 'stopping', 'the server stops')
      const take = this.#behind.admit(request)
      this.#server.handleUpgrade(request, socket, head, (ws) => {
        take(new Connection(ws, socket, this.#options, this.#service.limits))
      })
    } catch (error) {
      const known = toHttpError(error)
      if (!known) this.#service.onBug(error)
      const told = known ?? new HttpError(500, 'internal_error', 'internal error')
      this.#service.countRequest(this.#behind.interfaceName, told.status)
      refuseUpgrade(socket, told)
    }
  }
}

/** @param most How many there may be. */
export function full(most: number, what: 'sessions' | 'connections'): HttpError {
  const message = `${most} ${what} stand already, which is this server's limit`
  return new BusyError(503, message, fullWaitMs)
}
