import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws'
import { Admission } from '../admission.ts'
import { HttpError, toHttpError } from '../http/errors.ts'
import type { Service } from '../service.ts'
import { Connection, closeCodes } from './connection.ts'
import type { WebSocketOptions } from './options.ts'
import { refuseUpgrade } from './refusal.ts'
import { Session, type SessionKeeper } from './session.ts'
import { checkSubprotocols, chooseSubprotocol } from './subprotocols.ts'

const webSocketPath = '/v2/ws'
const subprotocols = ['infer-bench.binary', 'infer-bench.json']
/** How long the other side may take over its part of closing. */
const closeTimeoutMs = 5_000
/** The same when the whole server waits for it. */
const lastCloseTimeoutMs = 1_000
/** Compression of less than this costs more bytes than it saves. */
const deflateFromBytes = 1024

/** Takes WebSocket upgrades in and keeps the sessions behind them. */
export class WebSocketGateway implements SessionKeeper {
  readonly service: Service
  readonly options: WebSocketOptions
  readonly #admission: Admission
  readonly #server: WebSocketServer
  readonly #sessions = new Map<string, Session>()
  readonly #owners = new Map<Connection, Session>()
  #timer: NodeJS.Timeout | undefined
  #onIdle: (() => void) | null = null

  constructor(service: Service, listensOn: string, options: WebSocketOptions) {
    this.service = service
    this.options = options
    this.#admission = new Admission(listensOn, options)
    // Its type does not know of closeTimeout.
    const settings: ServerOptions & { closeTimeout: number } = {
      noServer: true,
      clientTracking: false,
      maxPayload: service.limits.bodyBytes,
      perMessageDeflate: options.deflate && { threshold: deflateFromBytes },
      handleProtocols: (offered) => chooseSubprotocol(subprotocols, offered),
      closeTimeout: closeTimeoutMs,
    }
    this.#server = new WebSocketServer(settings)
  }

  /** Whether a request is for this gateway; one that is not goes on as if it had asked for no upgrade. */
  wants(request: IncomingMessage): boolean {
    const isWebSocket = request.headers.upgrade?.toLowerCase() === 'websocket'
    return isWebSocket && request.url!.split('?', 1)[0] === webSocketPath
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    try {
      this.#admission.check(request)
      this.service.tokens.check(request)
      checkSubprotocols(subprotocols, request)
      if (this.service.stopping) throw new HttpError(503, 'stopping', 'the server stops')
      const wish = resumeWishOf(request)
      if (wish) this.#find(wish.session)
      else this.#makeRoom()
      this.#server.handleUpgrade(request, socket, head, (ws) => this.#connect(ws, socket, wish))
    } catch (error) {
      const known = toHttpError(error)
      if (!known) this.service.onBug(error)
      const told = known ?? new HttpError(500, 'internal_error', 'internal error')
      this.service.countRequest('websocket', told.status)
      refuseUpgrade(socket, told)
    }
  }

  resume(sessionId: string, connection: Connection): Session {
    const session = this.#find(sessionId)
    this.#owners.set(connection, session)
    session.attach(connection, false)
    return session
  }

  ended(session: Session): void {
    this.#sessions.delete(session.id)
    this.service.activeSessions--
    if (this.#sessions.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#onIdle?.()
  }

  /** Closes every session as soon as its calls have ended. */
  stop(): void {
    for (const session of this.#sessions.values()) session.stop()
  }

  /** Resolves once no session stands. */
  async idle(): Promise<void> {
    if (this.#sessions.size > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve
      })
    }
  }

  /** Gives up what is left; its clients are told, if they still listen. */
  async close(): Promise<void> {
    for (const session of this.#sessions.values()) {
      session.connection?.close(closeCodes.goingAway, 'the server stops')
      session.end()
    }
    const closed = [...this.#owners.keys()].map(
      (connection) => new Promise<void>((resolve) => connection.onceClosed(() => resolve())),
    )
    const timer = setTimeout(() => {
      for (const connection of this.#owners.keys()) connection.terminate()
    }, lastCloseTimeoutMs)
    await Promise.all(closed)
    clearTimeout(timer)
  }

  #find(sessionId: string): Session {
    const session = this.#sessions.get(sessionId)
    if (session) return session
    throw new HttpError(404, 'session_not_found', 'there is no such session, or no longer')
  }

  #makeRoom(): void {
    const { sessions } = this.options
    if (this.#sessions.size < sessions) return
    const expendable = [...this.#sessions.values()].find((session) => session.isExpendable)
    if (!expendable) {
      const message = `${sessions} sessions stand already, which is this server's limit`
      throw new HttpError(503, 'overloaded', message, { 'retry-after': '1' })
    }
    expendable.end()
  }

  #connect(ws: WebSocket, socket: Duplex, wish: ResumeWish | null): void {
    const connection = new Connection(ws, socket, this.options, this.service.limits)
    connection.onceClosed((code) => {
      const owner = this.#owners.get(connection)
      this.#owners.delete(connection)
      owner?.detach(connection, code)
    })
    if (wish) {
      const session = this.resume(wish.session, connection)
      if (wish.after !== null) session.resume({ session: null, id: null, after: wish.after })
      return
    }
    const session = new Session(this)
    this.#sessions.set(session.id, session)
    this.service.activeSessions++
    this.#timer ??= this.#startChecking()
    this.#owners.set(connection, session)
    session.attach(connection, true)
  }

  #startChecking(): NodeJS.Timeout {
    const { pingMs, idleMs, resumeWindowMs } = this.options
    const shortestMs = Math.min(pingMs, idleMs, this.service.limits.stallMs, resumeWindowMs || pingMs)
    const periodMs = Math.min(1_000, Math.max(10, shortestMs / 4))
    return setInterval(() => {
      const nowMs = performance.now()
      for (const session of this.#sessions.values()) session.check(nowMs)
    }, periodMs)
  }
}

/** The session that a client wants to go on with, and the last token that it has, if it says so yet. */
interface ResumeWish {
  session: string
  after: number | null
}

function resumeWishOf(request: IncomingMessage): ResumeWish | null {
  const query = new URLSearchParams(request.url!.slice(webSocketPath.length))
  const session = query.get('session')
  if (session === null) return null
  const after = query.get('after')
  if (after === null || /^(-1|\d{1,9})$/.test(after))
    return { session, after: after === null ? null : Number(after) }
  throw new HttpError(400, 'invalid_request', 'after must be the index of a token, or -1')
}
