import { type Driver, failure, type Outcome } from '../drivers/driver.ts'
import type { Case } from '../plan/plan.ts'
import type { Schedule } from '../plan/schedule.ts'
import type { ConnectionMetricName, HandshakeTimes } from '../record/metrics.ts'
import type { ThreadUse } from '../record/round-record.ts'
import { Call, type CallOwner } from './call.ts'
import { type Clock, CountingClock, reach } from './clock.ts'
import type { Connection } from './connection.ts'
import { Deadlines } from './deadlines.ts'
import { Hold, type HoldOwner } from './hold.ts'
import { GcWatch, LoopWatch } from './loop-watch.ts'
import { Pacer } from './pacer.ts'
import { openOutcome, Pool, type PoolOwner } from './pool.ts'
import type { Recording } from './recording.ts'
import { type Messages, Sender } from './sender.ts'
import { SlowReader } from './slow-reader.ts'
import { ThreadUseMeter } from './thread-use.ts'
import type { Throttle } from './throttle.ts'
import { WaitingCalls } from './waiting.ts'

/** Connections that an open loop grows to where the scenario names no number. */
const OPEN_LOOP_CONNECTIONS = 256
/** Connections that an open loop starts with; more are opened when an arrival finds none with room. */
const OPEN_LOOP_FIRST_CONNECTIONS = 4
/** How long open calls may go on after the user ended the run. */
const STOP_DRAIN_MS = 1000

export interface RoundOptions {
  case: Case
  driver: Driver
  clock: Clock
  recording: Recording
  /** This worker's arrivals; null in a closed loop. */
  schedule: Schedule | null
  /** This worker's slots in a closed loop. */
  concurrency: number
  /** This worker's measured calls in a closed loop that counts them. */
  calls: number | null
  /** What each call sends where its client streams; null where a call has one message by its nature. */
  messages: Messages | null
  /** This worker's share of the connections, where the scenario limits them. */
  connections: number | null
  /** The case keeps to the waits that its server asks for; null: they are only counted. */
  throttle: Throttle | null
}

export interface RoundEnd {
  /** Raw socket bytes that calls cost, handshakes left out. */
  bytes: { read: number; written: number }
  connections: number
  /** Those of them that resumed a TLS session. */
  resumed: number
  /** Raw socket bytes that their handshakes cost. */
  handshakeBytes: number
  /** The load says `overflow: abort`, and an arrival found no room. */
  overflowed: boolean
  /** Until the last call started. */
  use: ThreadUse
  /** CPU time of the thread over the round, in ms; NaN where it is not told. */
  cpuMs: number
}

/**
 * One round of one case: takes each call when it is due, gives it to a connection with room, and hands it to
 * the recorder when it has ended. It knows no protocol.
 */
export class Round implements CallOwner, PoolOwner, HoldOwner {
  readonly #options: RoundOptions
  readonly #clock: CountingClock
  readonly #pool: Pool
  readonly #pacer: Pacer | null
  readonly #deadlines: Deadlines
  readonly #sender: Sender | null
  readonly #reader: SlowReader | null
  readonly #hold: Hold
  /** A new connection for each call. */
  readonly #cold: boolean
  readonly #calls: Call[] = []
  readonly #free: Call[] = []
  readonly #waiting = new WaitingCalls((call) => this.#free.push(call))
  #inFlight = 0
  #measuredLeft: number
  #warmUntilMs = 0
  #endsMs = 0
  #open = false
  #running = false
  #stopped = false
  readonly #loopWatch: LoopWatch
  readonly #gcWatch = new GcWatch()
  readonly #meter: ThreadUseMeter
  #use: ThreadUse | null = null
  #arrivalsDone: boolean
  #overflowed = false
  #endTimer: NodeJS.Timeout | null = null
  #finished: () => void = () => {}

  constructor(options: RoundOptions) {
    this.#options = options
    this.#clock = new CountingClock(options.clock)
    this.#pool = new Pool(options.driver, this.#clock, this, options.throttle)
    const { recording, throttle, schedule } = options
    const waiting = schedule ? null : this.#waiting
    this.#hold = new Hold({ clock: this.#clock, recording, throttle, waiting, owner: this })
    this.#sender = options.messages && new Sender(this.#clock, options.messages)
    const { reader } = options.case
    this.#reader = reader ? new SlowReader(this.#clock, reader) : null
    this.#cold = options.case.target.connection !== 'reused'
    this.#measuredLeft = options.calls ?? Number.POSITIVE_INFINITY
    this.#arrivalsDone = options.schedule === null
    this.#pacer =
      options.schedule &&
      new Pacer(
        this.#clock,
        options.schedule,
        (plannedMs, nowMs) => this.#arrive(this.#otherCall(), plannedMs, nowMs),
        () => {
          this.#arrivalsDone = true
          this.#settle()
        },
      )
    this.#deadlines = new Deadlines(this.#clock, options.case.timeouts, this.#calls)
    // By clocks of their own: what they read is no sign that the thread had something to do.
    this.#loopWatch = new LoopWatch(options.clock, {
      loopDelay: (atMs, delayMs) => options.recording.loopDelay(atMs, delayMs),
      stall: (...stall) => options.recording.stall(...stall, this.#inFlight),
    })
    this.#meter = new ThreadUseMeter(options.clock)
  }

  /** An arrival that cannot start at once is not to wait. */
  get #drops(): boolean {
    return this.#pacer !== null && this.#options.case.load.overflow !== 'queue'
  }

  get #mostConnections(): number {
    const { connections, schedule, concurrency } = this.#options
    return connections ?? (schedule ? OPEN_LOOP_CONNECTIONS : concurrency)
  }

  /** Opens the connections, so that none of the round's calls pays for them (cold ones do, on purpose). */
  async prepare(): Promise<void> {
    if (this.#cold) return
    const { schedule, connections, concurrency } = this.#options
    const calls = schedule ? (connections ?? OPEN_LOOP_FIRST_CONNECTIONS) : concurrency
    await this.#pool.prepare(calls, this.#mostConnections)
  }

  /** Runs the round from `startMs` of the clock; resolves when every call has ended or was given up. */
  async run(startMs: number): Promise<RoundEnd> {
    const { warmupMs, durationMs } = this.#options.case.load
    this.#warmUntilMs = startMs + warmupMs
    this.#endsMs = durationMs === null ? Number.POSITIVE_INFINITY : this.#warmUntilMs + durationMs
    this.#options.recording.window(this.#warmUntilMs, this.#endsMs)
    const finished = new Promise<void>((resolve) => {
      this.#finished = resolve
    })
    await reach(this.#clock, startMs)
    if (this.#stopped) this.#options.recording.window(startMs, startMs)
    else {
      this.#begin(startMs)
      await finished
    }
    this.#deadlines.stop()
    this.#hold.stop()
    if (this.#endTimer) clearTimeout(this.#endTimer)
    this.#loopWatch.stop()
    this.#options.recording.gcPauses(this.#gcWatch.stop())
    const cpuMs = this.#running ? this.#meter.cpuMs : 0
    const bytes = this.#pool.close()
    const { opened: connections, resumed, handshakeBytes } = this.#pool
    return {
      bytes,
      connections,
      resumed,
      handshakeBytes,
      overflowed: this.#overflowed,
      use: this.#use ?? { busyShare: 0, coreShare: Number.NaN },
      cpuMs,
    }
  }

  #begin(startMs: number): void {
    this.#running = true
    this.#open = true
    this.#meter.start()
    this.#loopWatch.start()
    this.#gcWatch.start()
    this.#deadlines.start()
    this.#hold.begin()
    if (this.#endsMs < Number.POSITIVE_INFINITY) {
      this.#endTimer = setTimeout(() => this.#end(), Math.max(0, this.#endsMs - this.#clock.now()))
    }
    if (this.#pacer) this.#pacer.start(startMs)
    else for (let slot = 0; slot < this.#options.concurrency; slot++) this.next(this.#newCall(), startMs)
    this.#settle()
  }

  /** The user ended the run: no call starts any more, open ones have a short while to end. */
  stop(): void {
    this.#stopped = true
    if (!this.#running) {
      // Nothing has started: connections that are still on their way are all that there is to give up.
      this.#pool.close()
      return
    }
    const nowMs = this.#clock.now()
    this.#endsMs = Math.min(this.#endsMs, nowMs)
    this.#options.recording.window(this.#warmUntilMs, Math.max(this.#warmUntilMs, this.#endsMs))
    this.#end()
    if (this.#endTimer) clearTimeout(this.#endTimer)
    this.#endTimer = setTimeout(() => this.#giveUp(), STOP_DRAIN_MS)
  }

  ended(call: Call): void {
    this.#inFlight--
    this.#options.recording.call(call)
    if (!call.outcome.ok) this.#hold.failed(call)
    const { connection } = call
    call.connection = null
    const slot = call.queued ? this.#otherCall() : call
    if (connection) {
      connection.served ||= call.outcome.ok
      if (this.#cold) this.#pool.retire(connection)
      else this.#pool.requeue(connection)
    }
    if (this.#waiting.length > 0) this.#pump()
    if (this.#pacer) {
      this.#free.push(slot)
      this.#settle()
    } else if (call.outcome.ok) {
      this.next(slot, call.endMs)
    } else {
      // A call that fails at once must not start the next one from within itself: the stack would grow.
      const { endMs } = call
      setImmediate(() => this.next(slot, endMs))
    }
  }

  writable(call: Call): void {
    this.#sender?.writable(call)
  }

  roomAvailable(): void {
    this.#pump()
  }

  handshake(times: HandshakeTimes): void {
    this.#options.recording.handshake(times)
  }

  connectionTook(metric: ConnectionMetricName, durationMs: number): void {
    this.#options.recording.connection(metric, durationMs)
  }

  connectionFailed(outcome: Outcome): void {
    this.#options.recording.connectionFailed(outcome)
    this.#hold.refused(outcome)
  }

  allFailed(outcome: Outcome): void {
    // Nothing else could carry the calls that wait, so they fail with the reason why. Where none waits there is
    // nothing to count: the next call will meet the same reason, unless the server is to be left alone until then.
    const waiting = this.#waiting.takeAll()
    for (const call of waiting) call.end(outcome)
    if (this.#hold.noneStands(outcome) && waiting.length === 0) this.connectionFailed(outcome)
  }

  again(call: Call, plannedMs: number, takenMs: number): void {
    call.begin(plannedMs, takenMs, call.measured)
    this.#wait(call)
  }

  /** A closed loop's slot has fallen free at `plannedMs`. */
  next(call: Call, plannedMs: number): void {
    if (!this.#open || plannedMs >= this.#endsMs || this.#measuredLeft <= 0) {
      this.#settle()
      return
    }
    if (this.#hold.isOn) {
      this.#hold.keep(call)
      return
    }
    if (plannedMs >= this.#warmUntilMs) this.#measuredLeft--
    this.#arrive(call, plannedMs, this.#clock.now())
  }

  #arrive(call: Call, plannedMs: number, nowMs: number): void {
    call.begin(plannedMs, nowMs, plannedMs >= this.#warmUntilMs)
    this.#inFlight++
    if (this.#hold.isOn) {
      if (this.#drops) this.#overflow(call)
      else this.#wait(call)
      return
    }
    if (this.#cold) {
      this.#arriveCold(call)
      return
    }
    const connection = this.#waiting.length === 0 ? this.#pool.acquire() : null
    if (connection) {
      this.#launch(call, connection, false)
      return
    }
    if (this.#pool.size < this.#mostConnections) this.#pool.grow()
    else if (this.#drops) {
      this.#overflow(call)
      return
    }
    this.#wait(call)
  }

  #arriveCold(call: Call): void {
    if (this.#pool.size >= this.#mostConnections) {
      if (this.#drops) this.#overflow(call)
      else this.#wait(call)
      return
    }
    // By the time the connection stands, the call may have timed out and its slot carry another one.
    const { generation } = call
    const current = () => call.active && call.generation === generation
    this.#pool.connect(call.measured).then(
      (connection) => {
        if (current()) this.#launch(call, connection, true)
        else this.#pool.retire(connection)
      },
      (error) => {
        if (current()) call.end(openOutcome(error))
      },
    )
  }

  #wait(call: Call): void {
    if (!this.#waiting.add(call)) this.#drop(call)
  }

  #launch(call: Call, connection: Connection, waited: boolean): void {
    call.send(connection, waited)
    connection.session!.start(call)
    if (this.#sender) this.#sender.started(call)
    if (!this.#cold) this.#pool.requeue(connection)
  }

  /** Gives waiting calls to connections with room. */
  #pump(): void {
    if (this.#hold.isOn) return
    while (this.#waiting.length > 0) {
      const connection = this.#cold ? null : this.#pool.acquire()
      if (!connection && !(this.#cold && this.#pool.size < this.#mostConnections)) return
      const call = this.#waiting.next()
      if (connection && !call) this.#pool.requeue(connection)
      if (!call) return
      if (connection) this.#launch(call, connection, true)
      else this.#arriveCold(call)
    }
  }

  #overflow(call: Call): void {
    this.#drop(call)
    if (this.#options.case.load.overflow !== 'abort' || this.#overflowed) return
    this.#overflowed = true
    this.#options.recording.connectionFailed(
      failure('queue', 'client.overflow', '', 'an arrival found no connection with room'),
    )
    this.#end()
  }

  #drop(call: Call): void {
    call.abandon()
    this.#inFlight--
    if (call.measured) this.#options.recording.dropped()
    if (this.#pacer) this.#free.push(call)
  }

  /** The window is over: no call starts any more. */
  #end(): void {
    this.#open = false
    this.#arrivalsDone = true
    // A generator that is late has arrivals left that were due: they count as dropped, never lost in silence.
    this.#pacer?.giveUp(this.#overflowed ? this.#clock.now() : this.#endsMs, (plannedMs) => {
      if (plannedMs >= this.#warmUntilMs) this.#options.recording.missed()
    })
    for (const call of this.#waiting.takeAll()) this.#drop(call)
    for (const call of this.#hold.stop()) this.#drop(call)
    this.#settle()
  }

  #giveUp(): void {
    for (const call of this.#calls) {
      if (!call.active) continue
      call.connection?.session?.cancel(call)
      call.abandon()
      this.#inFlight--
      if (call.measured) this.#options.recording.interrupted(call)
    }
    this.#settle()
  }

  #settle(): void {
    const over = !this.#open || (this.#pacer ? this.#arrivalsDone : this.#measuredLeft <= 0)
    if (!over) return
    // While the rest of the calls drains, the thread has less to do: that would pass for idleness.
    this.#use ??= this.#meter.read(this.#pacer?.emptyPollsMs ?? 0)
    if (this.#inFlight === 0) this.#finished()
  }

  #otherCall(): Call {
    return this.#free.pop() ?? this.#newCall()
  }

  #newCall(): Call {
    const call = new Call(this.#clock, this, this.#reader)
    this.#calls.push(call)
    return call
  }
}
