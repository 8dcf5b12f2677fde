import type { CallSlot, Outcome, ServerTiming } from '../drivers/driver.ts'
import { SUCCESS } from '../drivers/driver.ts'
import type { CallTimes, ChunkTimes } from '../record/metrics.ts'
import type { Clock } from './clock.ts'
import type { Connection } from './connection.ts'
import type { SlowReader } from './slow-reader.ts'

/** Who is told when a call ends: the round that runs it. */
export interface CallOwner {
  ended(call: Call): void
  /** The call's connection has room for its next message. */
  writable(call: Call): void
}

const FIRST_TIMES = 64
const NO_TIMES = new Float64Array(0)
/** A stream of more is so rare that its memory is not kept for the slot's next call. */
const MOST_TIMES_KEPT = 64 * 1024

/**
 * One call slot, used for call after call: stamps are plain numbers in one object, and nothing is allocated
 * between `begin` and `end`. A clock read costs 50 to 90 ns, so a stamp that falls together with another
 * one takes its time over instead of reading again.
 */
export class Call implements CallSlot, CallTimes, ChunkTimes {
  state: unknown = undefined
  /** The connection that carries the call; null while it waits for one. */
  connection: Connection | null = null
  /** True from `begin` until `end` or `abandon`. */
  active = false
  /** It stands in the round's queue of calls that wait for a connection. */
  queued = false
  /** Counts the calls that this slot has carried. */
  generation = 0
  /** Whether its planned start lies after the warm-up. */
  measured = false
  outcome: Outcome = SUCCESS
  traceNumber = 0

  plannedMs = Number.NaN
  takenMs = Number.NaN
  sentMs = Number.NaN
  encodedMs = Number.NaN
  writtenMs = Number.NaN
  firstByteMs = Number.NaN
  firstContentMs = Number.NaN
  lastContentMs = Number.NaN
  lastByteMs = Number.NaN
  endMs = Number.NaN
  decodeMs = Number.NaN
  serverQueueMs = Number.NaN
  serverComputeMs = Number.NaN
  outputTokens = 0
  /** Messages that its client has sent, where it streams; load's own count. */
  messagesSent = 0
  /** Its client has said that no more will come. */
  hasFinished = false
  /** Native tensor bytes or UTF-8 text bytes, both directions. */
  payloadBytes = 0
  gapsMs = new Float64Array(FIRST_TIMES)
  gapCount = 0
  /** Pauses that its reader owed its server so far, and the end of the one that it makes; NaN while it reads. */
  pauseCount = 0
  pausedUntilMs = Number.NaN
  /** Of a message that is not answered yet: when it was sent. */
  answersMs = NO_TIMES

  readonly #clock: Clock
  readonly #owner: CallOwner
  /** Null where what comes is read as it comes. */
  readonly #reader: SlowReader | null
  #totalTokens = -1
  /** The latest sign of life from the server, or of progress towards it. */
  #latestMs = Number.NaN
  #receivedMs = Number.NaN
  /** Messages that a chunk has answered; NaN once one came before its message. */
  #answered = 0

  constructor(clock: Clock, owner: CallOwner, reader: SlowReader | null = null) {
    this.#clock = clock
    this.#owner = owner
    this.#reader = reader
  }

  /** When something last happened to the call; idle timeouts count from it. */
  get latestMs(): number {
    return this.#latestMs
  }

  /** Chunks with content so far. */
  get chunkCount(): number {
    return Number.isNaN(this.firstContentMs) ? 0 : this.gapCount + 1
  }

  get isPaused(): boolean {
    return !Number.isNaN(this.pausedUntilMs)
  }

  /** A pause of its reader's is over: that the server could send nothing in it is no silence of its own. */
  readsOn(): void {
    this.pausedUntilMs = Number.NaN
    this.#stamp()
  }

  begin(plannedMs: number, takenMs: number, measured: boolean): void {
    this.active = true
    this.generation++
    this.measured = measured
    this.outcome = SUCCESS
    this.traceNumber = 0
    this.plannedMs = plannedMs
    this.takenMs = takenMs
    this.sentMs = Number.NaN
    this.encodedMs = Number.NaN
    this.writtenMs = Number.NaN
    this.firstByteMs = Number.NaN
    this.firstContentMs = Number.NaN
    this.lastContentMs = Number.NaN
    this.lastByteMs = Number.NaN
    this.decodeMs = Number.NaN
    this.serverQueueMs = Number.NaN
    this.serverComputeMs = Number.NaN
    this.outputTokens = 0
    this.payloadBytes = 0
    this.gapCount = 0
    if (this.gapsMs.length > MOST_TIMES_KEPT) this.gapsMs = new Float64Array(FIRST_TIMES)
    this.pauseCount = 0
    this.pausedUntilMs = Number.NaN
    this.messagesSent = 0
    this.hasFinished = false
    this.#answered = 0
    this.#totalTokens = -1
    this.#latestMs = takenMs
    this.#receivedMs = Number.NaN
  }

  /** A connection has room. A call that need not wait for one is sent the moment it is taken. */
  send(connection: Connection, waited: boolean): void {
    this.connection = connection
    this.sentMs = waited ? this.#stamp() : this.takenMs
  }

  /** Its client has sent one more message; at `atMs`, or it was due then and had to wait for room. */
  sentMessage(atMs: number): void {
    if (this.messagesSent === this.answersMs.length) this.answersMs = grown(this.answersMs)
    this.answersMs[this.messagesSent++] = atMs
  }

  get answerCount(): number {
    return this.#answered === this.messagesSent ? this.#answered : 0
  }

  encoded(_byteCount: number, payloadBytes: number): void {
    const nowMs = this.#stamp()
    // Of a call that sends several messages, the first one counts.
    if (Number.isNaN(this.encodedMs)) this.encodedMs = nowMs
    this.payloadBytes += payloadBytes
  }

  writable(): void {
    if (this.active) this.#owner.writable(this)
  }

  written(): void {
    this.writtenMs = this.#stamp()
  }

  firstByte(): void {
    this.firstByteMs = this.#stamp()
  }

  received(): void {
    this.#receivedMs = this.#stamp()
  }

  content(tokens: number, payloadBytes: number): void {
    this.outputTokens += tokens
    this.payloadBytes += payloadBytes
    if (payloadBytes === 0 || Number.isNaN(this.#receivedMs)) return
    if (this.messagesSent > 0) this.#answer()
    if (Number.isNaN(this.firstContentMs)) this.firstContentMs = this.#receivedMs
    else this.#gap(this.#receivedMs - this.lastContentMs)
    this.lastContentMs = this.#receivedMs
  }

  decoded(): void {
    const beforeMs = this.#latestMs
    const nowMs = this.#stamp()
    this.decodeMs = (Number.isNaN(this.decodeMs) ? 0 : this.decodeMs) + (nowMs - beforeMs)
    if (this.#reader !== null) this.#reader.read(this)
  }

  tokens(total: number): void {
    this.#totalTokens = total
  }

  lastByte(): void {
    this.lastByteMs = this.#stamp()
  }

  server(timing: ServerTiming): void {
    this.serverQueueMs = timing.queueMs
    this.serverComputeMs = timing.computeMs
  }

  end(outcome: Outcome): void {
    if (!this.active) return
    // A success ends with its last decoded byte; a failure may come out of silence, so it needs a clock.
    this.endMs = outcome.ok ? this.#latestMs : this.#clock.now()
    this.outcome = outcome
    if (this.#totalTokens >= 0) this.outputTokens = this.#totalTokens
    this.active = false
    this.#owner.ended(this)
  }

  /** The round gave up on it: it ends without an outcome, and nobody is told. */
  abandon(): void {
    this.active = false
  }

  #stamp(): number {
    this.#latestMs = this.#clock.now()
    return this.#latestMs
  }

  #gap(gapMs: number): void {
    if (this.gapCount === this.gapsMs.length) this.gapsMs = grown(this.gapsMs)
    this.gapsMs[this.gapCount++] = gapMs
  }

  /** The nth chunk is taken for the answer to the nth message. */
  #answer(): void {
    if (this.#answered < this.messagesSent) {
      this.answersMs[this.#answered] = this.#receivedMs - this.answersMs[this.#answered]!
      this.#answered++
    } else this.#answered = Number.NaN
  }
}

function grown(times: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(Math.max(FIRST_TIMES, times.length * 2))
  larger.set(times)
  return larger
}
