import type {
  HandshakePhase,
  Outcome,
  ResumableSession,
  Session,
  SessionProbe,
  StandingSession,
} from '../drivers/driver.ts'
import type { ConnectionMetricName, HandshakeTimes } from '../record/metrics.ts'
import type { Clock } from './clock.ts'

/** Whose connections they are: the pool of a round, or a round whose sessions stand idle. */
export interface ConnectionOwner {
  /** It may have room for another call. */
  offer(connection: Connection): void
  lose(connection: Connection, ending: Outcome, isTold: boolean): void
  reopen(connection: Connection, session: ResumableSession, afterMs: number): Promise<void>
  took(metric: ConnectionMetricName, durationMs: number): void
}

/** One session with its handshake's stamps and its place in the pool. */
export class Connection implements SessionProbe {
  session: Session | null = null
  /** It stands in the pool's queue of connections with room. */
  ready = false
  /** Its TLS session was resumed. */
  isResumed = false
  /** It has carried a call to its end, since it was last broken. */
  served = false
  readonly times: HandshakeTimes = {
    spawnMs: Number.NaN,
    dnsMs: Number.NaN,
    tcpMs: Number.NaN,
    tlsMs: Number.NaN,
    setupMs: Number.NaN,
    totalMs: Number.NaN,
  }
  /** Socket bytes of its handshakes, which `overhead_bytes` leaves out. */
  readonly handshakeBytes = { read: 0, written: 0 }
  readonly #clock: Clock
  readonly #owner: ConnectionOwner
  #openedMs = Number.NaN
  #phaseMs = Number.NaN
  #brokenMs = Number.NaN
  #pingMs = Number.NaN
  /** Socket bytes when the handshake began whose times these are. */
  readonly #before = { read: 0, written: 0 }

  constructor(clock: Clock, owner: ConnectionOwner) {
    this.#clock = clock
    this.#owner = owner
    this.connecting()
  }

  /** Its handshake begins. */
  connecting(): void {
    this.#openedMs = this.#phaseMs = this.#clock.now()
    for (const phase of Object.keys(this.times) as (keyof HandshakeTimes)[]) this.times[phase] = Number.NaN
    this.isResumed = false
    this.session?.wireBytes(this.#before)
  }

  phase(name: HandshakePhase, isResumed = false): void {
    const nowMs = this.#clock.now()
    const before = this.times[`${name}Ms`]
    this.times[`${name}Ms`] = (Number.isNaN(before) ? 0 : before) + nowMs - this.#phaseMs
    this.#phaseMs = nowMs
    this.isResumed ||= isResumed
  }

  /** Its handshake is over. Returns the bytes that it took. */
  opened(session: StandingSession): number {
    this.times.totalMs = this.#clock.now() - this.#openedMs
    const bytes = { read: 0, written: 0 }
    session.wireBytes(bytes)
    const read = bytes.read - this.#before.read
    const written = bytes.written - this.#before.written
    this.handshakeBytes.read += read
    this.handshakeBytes.written += written
    return read + written
  }

  hasRoom(): boolean {
    return this.session !== null && this.session.capacity() > 0
  }

  capacityChanged(): void {
    this.#owner.offer(this)
  }

  lost(ending: Outcome, isTold: boolean): void {
    this.#owner.lose(this, ending, isTold)
  }

  broken(afterMs: number): void {
    this.#brokenMs = this.#clock.now()
    void this.#owner.reopen(this, this.session as ResumableSession, afterMs)
  }

  /** It was broken, and stands again. */
  standsAgain(): void {
    this.#owner.took('reconnect_time', this.#phaseMs - this.#brokenMs)
  }

  resumed(): void {
    this.#owner.took('resume_time', this.#clock.now() - this.#brokenMs)
  }

  ping(): void {
    this.#pingMs = this.#clock.now()
  }

  pong(): void {
    this.#owner.took('ping_rtt', this.#clock.now() - this.#pingMs)
  }
}
