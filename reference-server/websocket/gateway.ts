import type { IncomingMessage } from 'node:http'
import { HttpError } from '../http/errors.ts'
import type { Upgrades } from '../http/listener.ts'
import type { Service } from '../service.ts'
import { type Connection, checkPeriodMs, closeCodes } from './connection.ts'
import { Entrance, full } from './entrance.ts'
import type { WebSocketOptions } from './options.ts'
import { Session, type SessionKeeper } from './session.ts'

const webSocketPath = '/v2/ws'
/** How long the other side may take over its part of closing when the whole server waits for it. */
const lastCloseTimeoutMs = 1_000
/** Compression of less than this costs more bytes than it saves. */
const deflateFromBytes = 1024

/** Keeps the sessions behind WebSockets. */
export class WebSocketGateway implements SessionKeeper {
  readonly service: Service
  readonly options: WebSocketOptions
  readonly entrance: Upgrades
  readonly #sessions = new Map<string, Session>()
  readonly #owners = new Map<Connection, Session>()
  #timer: NodeJS.Timeout | undefined
  #onIdle: (() => void) | null = null

  constructor(service: Service, listensOn: string, options: WebSocketOptions) {
    this.service = service
    this.options = options
    this.entrance = new Entrance(service, listensOn, options, {
      path: webSocketPath,
      subprotocols: ['infer-bench.binary', 'infer-bench.json'],
      interfaceName: 'websocket',
      deflate: options.deflate && { threshold: deflateFromBytes },
      admit: (request) => {
        const wish = resumeWishOf(request)
        if (wish) this.#find(wish.session)
        else this.#makeRoom()
        return (connection) => this.#connect(connection, wish)
      },
    })
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
    if (!expendable) throw full(sessions, 'sessions')
    expendable.end()
  }

  #connect(connection: Connection, wish: ResumeWish | null): void {
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
    const { resumeWindowMs } = this.options
    const ownMs = checkPeriodMs(this.options, this.service.limits)
    const periodMs = resumeWindowMs > 0 ? Math.min(ownMs, Math.max(10, resumeWindowMs / 4)) : ownMs
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
