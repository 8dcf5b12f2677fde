import { setTimeout as sleep } from 'node:timers/promises'
import type { Driver, Outcome, ResumableSession, Session } from '../drivers/driver.ts'
import { failure, OpenError } from '../drivers/driver.ts'
import type { ConnectionMetricName, HandshakeTimes } from '../record/metrics.ts'
import { type Clock, unixMs } from './clock.ts'
import { Connection, type ConnectionOwner } from './connection.ts'
import { Queue } from './queue.ts'
import { type Throttle, waitMs } from './throttle.ts'

/** What the pool tells the round. */
export interface PoolOwner {
  /** A connection has room for a call. */
  roomAvailable(): void
  handshake(times: HandshakeTimes): void
  connectionTook(metric: ConnectionMetricName, durationMs: number): void
  /** A connection could not be opened, or was lost; others stand. */
  connectionFailed(outcome: Outcome): void
  /** The last one failed: none stands, and none is on its way. */
  allFailed(outcome: Outcome): void
}

const FIRST_BACKOFF_MS = 10
const LAST_BACKOFF_MS = 1000

/**
 * Owns the connections of one round: opens as many as the load needs, hands out those with room (in turn, so
 * that all of them carry load), and reopens lost ones with exponential backoff.
 */
export class Pool implements ConnectionOwner {
  readonly #driver: Driver
  readonly #clock: Clock
  readonly #owner: PoolOwner
  readonly #throttle: Throttle | null
  readonly #abort = new AbortController()
  readonly #connections = new Set<Connection>()
  readonly #ready = new Queue<Connection>()
  #opening = 0
  #wanted = 0
  #backoffMs = FIRST_BACKOFF_MS
  #retry: NodeJS.Timeout | null = null
  #callBytesRead = 0
  #callBytesWritten = 0
  /** When connections were lost that are not replaced yet, the oldest first. */
  readonly #lostMs: number[] = []
  #closed = false
  /** Connections opened so far, those of them that resumed a TLS session, and the bytes of their handshakes. */
  opened = 0
  resumed = 0
  handshakeBytes = 0

  /** `throttle`: kept to where a server asks for a wait before the next connection. */
  constructor(driver: Driver, clock: Clock, owner: PoolOwner, throttle: Throttle | null) {
    this.#driver = driver
    this.#clock = clock
    this.#owner = owner
    this.#throttle = throttle
  }

  /** Connections that stand or are on their way. */
  get size(): number {
    return this.#connections.size + this.#opening
  }

  /** Opens connections, in parallel, until `calls` calls have room at once or `most` connections stand. */
  async prepare(calls: number, most: number): Promise<void> {
    const first = this.#waitMs === 0 ? await this.open() : null
    const perConnection = Math.max(1, first?.session?.capacity() ?? 1)
    this.#wanted = Math.max(1, Math.min(most, Math.ceil(calls / perConnection)))
    if (this.#waitMs > 0) {
      this.#reopenLater(0)
      return
    }
    const missing = this.#wanted - this.size
    await Promise.all(Array.from({ length: missing }, () => this.open()))
  }

  /** One more connection, for an open loop that finds none with room. While lost ones are awaited, it is one of them. */
  grow(): void {
    if (this.#retry) return
    this.#wanted = Math.max(this.#wanted, this.size + 1)
    void this.open()
  }

  /** Opens one connection for all calls. Resolves with null where it failed, which the owner has then been told. */
  async open(): Promise<Connection | null> {
    try {
      const connection = await this.connect(true)
      this.#backoffMs = FIRST_BACKOFF_MS
      const lostMs = this.#lostMs.shift()
      if (lostMs !== undefined) this.took('reconnect_time', this.#clock.now() - lostMs)
      this.offer(connection)
      return connection
    } catch (error) {
      if (this.#closed) return null
      this.#tell(this.#heeded(openOutcome(error)))
      this.#reopenLater(this.#backoffMs)
      return null
    }
  }

  /** Opens one connection that is not handed out to others. Rejects with what `openOutcome` explains. */
  async connect(recorded: boolean): Promise<Connection> {
    this.#opening++
    const connection = new Connection(this.#clock, this)
    let session: Session
    try {
      session = await this.#driver.open(connection, this.#abort.signal)
    } finally {
      this.#opening--
    }
    if (this.#closed) {
      session.close()
      throw new Error('the round is over')
    }
    this.#connections.add(connection)
    this.#opened(connection, session, recorded)
    return connection
  }

  #opened(connection: Connection, session: Session, recorded: boolean): void {
    connection.session = session
    this.handshakeBytes += connection.opened(session)
    this.opened++
    if (connection.isResumed) this.resumed++
    if (recorded) this.#owner.handshake(connection.times)
  }

  /** Closes a connection that has done its work. */
  retire(connection: Connection): void {
    if (!this.#connections.delete(connection)) return
    this.#count(connection)
    connection.session?.close()
  }

  /** A connection with room, or null. */
  acquire(): Connection | null {
    for (let connection = this.#ready.shift(); connection; connection = this.#ready.shift()) {
      connection.ready = false
      if (connection.hasRoom()) return connection
    }
    return null
  }

  /** Puts a connection back in the queue if it has room for another call. */
  offer(connection: Connection): void {
    if (this.requeue(connection)) this.#owner.roomAvailable()
  }

  /** As `offer`, for a caller that looks after the room itself. */
  requeue(connection: Connection): boolean {
    if (connection.ready || this.#closed || !connection.hasRoom()) return false
    connection.ready = true
    this.#ready.push(connection)
    return true
  }

  lose(connection: Connection, ending: Outcome, isTold: boolean): void {
    if (!this.#connections.delete(connection)) return
    this.#count(connection)
    if (this.#closed) return
    if (!isTold) this.#tell(ending)
    if (this.size < this.#wanted) this.#lostMs.push(this.#clock.now())
    // A server may close a connection after each call; one that closes without a call is not to be hammered.
    if (connection.served && !this.#retry && this.#waitMs === 0) this.#fill()
    else if (this.size < this.#wanted) this.#reopenLater(this.#backoffMs)
  }

  took(metric: ConnectionMetricName, durationMs: number): void {
    this.#owner.connectionTook(metric, durationMs)
  }

  /** Connects a session again that outlives its connection, until it stands or is lost. */
  async reopen(connection: Connection, session: ResumableSession, afterMs: number): Promise<void> {
    const { signal } = this.#abort
    // Of a connection that has served since it was last broken, the first attempt need not wait.
    let backoffMs = connection.served ? 0 : FIRST_BACKOFF_MS
    connection.served = false
    while (this.#connections.has(connection)) {
      const delayMs = Math.max(afterMs, backoffMs, this.#waitMs)
      backoffMs = Math.min(Math.max(FIRST_BACKOFF_MS, backoffMs * 2), LAST_BACKOFF_MS)
      try {
        if (delayMs > 0) await sleep(delayMs, undefined, { signal })
        if (!this.#connections.has(connection)) return
        connection.connecting()
        await session.reopen(signal)
      } catch (error) {
        if (this.#closed) return
        this.#owner.connectionFailed(this.#heeded(openOutcome(error)))
        continue
      }
      if (!this.#connections.has(connection)) return
      this.#opened(connection, session, true)
      connection.standsAgain()
      this.offer(connection)
      return
    }
  }

  /** Closes every connection. Returns the socket bytes that calls cost, handshakes left out. */
  close(): { read: number; written: number } {
    this.#closed = true
    this.#abort.abort()
    if (this.#retry) clearTimeout(this.#retry)
    for (const connection of this.#connections) {
      this.#count(connection)
      connection.session?.close()
    }
    this.#connections.clear()
    return { read: this.#callBytesRead, written: this.#callBytesWritten }
  }

  /** How long no connection may be opened, because the server has asked for that. */
  get #waitMs(): number {
    return this.#throttle?.connectionsWaitMs(this.#clock.now()) ?? 0
  }

  #heeded(outcome: Outcome): Outcome {
    const { retryAfter } = outcome
    if (retryAfter) this.#throttle?.connection(waitMs(retryAfter, unixMs()), this.#clock.now())
    return outcome
  }

  #tell(outcome: Outcome): void {
    if (this.#connections.size > 0) this.#owner.connectionFailed(outcome)
    else if (this.#opening === 0) this.#owner.allFailed(outcome)
  }

  #count(connection: Connection): void {
    const bytes = { read: 0, written: 0 }
    connection.session?.wireBytes(bytes)
    this.#callBytesRead += bytes.read - connection.handshakeBytes.read
    this.#callBytesWritten += bytes.written - connection.handshakeBytes.written
  }

  #reopenLater(delayMs: number): void {
    if (this.#retry || this.#closed) return
    this.#retry = setTimeout(
      () => {
        this.#retry = null
        this.#backoffMs = Math.min(this.#backoffMs * 2, LAST_BACKOFF_MS)
        this.#fill()
      },
      Math.max(delayMs, Math.ceil(this.#waitMs)),
    )
  }

  #fill(): void {
    while (!this.#closed && this.size < this.#wanted) void this.open()
  }
}

export function openOutcome(error: unknown): Outcome {
  if (error instanceof OpenError) return error.outcome
  const message = error instanceof Error ? error.message : String(error)
  return failure('connect', 'connect', '', message)
}
