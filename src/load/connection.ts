import type { HandshakePhase, Outcome, ResumableSession, Session, SessionProbe } from '../drivers/driver.ts'
import type { HandshakeTimes } from '../record/metrics.ts'
import type { Clock } from './clock.ts'
import type { Pool } from './pool.ts'

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
  readonly #pool: Pool
  #openedMs = Number.NaN
  #phaseMs = Number.NaN
  #brokenMs = Number.NaN
  #pingMs = Number.NaN
  /** Socket bytes when the handshake began whose times these are. */
  readonly #before = { read: 0, written: 0 }

  constructor(clock: Clock, pool: Pool) {
    this.#clock = clock
    this.#pool = pool
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
    this.times[`${name}Ms`] = nowMs - this.#phaseMs
    this.#phaseMs = nowMs
    this.isResumed ||= isResumed
  }

  /** Its handshake is over. Returns the bytes that it took. */
  opened(session: Session): number {
    this.times.totalMs = this.#clock.now() - this.#openedMs
    this.session = session
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
    this.#pool.offer(this)
  }

  lost(outcome: Outcome): void {
    this.#pool.lose(this, outcome)
  }

  broken(afterMs: number): void {
    this.#brokenMs = this.#clock.now()
    void this.#pool.reopen(this, this.session as ResumableSession, afterMs)
  }

  /** It was broken, and stands again. */
  standsAgain(): void {
    this.#pool.took('reconnect_time', this.#phaseMs - this.#brokenMs)
  }

  resumed(): void {
    this.#pool.took('resume_time', this.#clock.now() - this.#brokenMs)
  }

  ping(): void {
    this.#pingMs = this.#clock.now()
  }

  pong(): void {
    this.#pool.took('ping_rtt', this.#clock.now() - this.#pingMs)
  }
}
