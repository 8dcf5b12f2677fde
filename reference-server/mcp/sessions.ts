import { randomBytes } from 'node:crypto'
import type { Service } from '../service.ts'
import { Calls } from './calls.ts'
import type { McpOptions } from './options.ts'

/** What initialize has begun, over one HTTP request after another. */
export interface McpSession {
  readonly id: string
  readonly revision: string
  readonly calls: Calls
  usedMs: number
}

/** Sessions of Streamable HTTP, the least lately used first. */
export class McpSessions {
  readonly #service: Service
  readonly #options: McpOptions
  readonly #sessions = new Map<string, McpSession>()
  #timer: NodeJS.Timeout | undefined

  constructor(service: Service, options: McpOptions) {
    this.#service = service
    this.#options = options
  }

  begin(revision: string): McpSession {
    this.#makeRoom()
    // Whoever knows the id can use the session, so it cannot be guessed.
    const id = randomBytes(16).toString('base64url')
    const session = { id, revision, calls: new Calls(), usedMs: performance.now() }
    this.#sessions.set(id, session)
    this.#service.activeSessions++
    this.#timer ??= setInterval(() => this.#expire(), Math.max(10, this.#options.sessionIdleMs / 4)).unref()
    return session
  }

  /** Null for one that never was, was ended, or has expired. */
  use(id: string): McpSession | null {
    const session = this.#sessions.get(id)
    if (!session) return null
    const nowMs = performance.now()
    if (this.#hasExpired(session, nowMs)) {
      this.end(session)
      return null
    }
    session.usedMs = nowMs
    this.#sessions.delete(id)
    this.#sessions.set(id, session)
    return session
  }

  end(session: McpSession): void {
    if (!this.#sessions.delete(session.id)) return
    this.#service.activeSessions--
    session.calls.cancelAll()
    if (this.#sessions.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  close(): void {
    for (const session of this.#sessions.values()) this.end(session)
  }

  #hasExpired({ calls, usedMs }: McpSession, nowMs: number): boolean {
    return calls.size === 0 && nowMs - usedMs > this.#options.sessionIdleMs
  }

  #makeRoom(): void {
    if (this.#sessions.size < this.#options.sessions) return
    for (const session of this.#sessions.values()) {
      if (session.calls.size > 0) continue
      this.end(session)
      return
    }
    // Every one has a call in flight, and the calls themselves are bounded by the connections.
  }

  #expire(): void {
    const nowMs = performance.now()
    for (const session of this.#sessions.values()) if (this.#hasExpired(session, nowMs)) this.end(session)
  }
}
