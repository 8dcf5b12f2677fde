import type { Outcome } from '../drivers/driver.ts'
import type { Call } from './call.ts'
import { type Clock, unixMs } from './clock.ts'
import type { Recording } from './recording.ts'
import { isAbsurd, type Throttle, waitMs } from './throttle.ts'
import type { WaitingCalls } from './waiting.ts'

/** What a hold does with the calls that it has kept. */
export interface HoldOwner {
  /** The slot may start its next call, which counts from `plannedMs`: the wait before it was the server's wish. */
  next(slot: Call, plannedMs: number): void
  /** A call that had begun waits for a connection again, as if no time had passed meanwhile. */
  again(call: Call, plannedMs: number, takenMs: number): void
  /** Every call that waits may start. */
  roomAvailable(): void
}

export interface HoldOptions {
  clock: Clock
  /** Told of each wait that is asked for. */
  recording: Recording
  /** Null: the waits are counted, and nothing else comes of them. */
  throttle: Throttle | null
  /** A closed loop's calls that wait for a connection. Null: an open loop's, which count from their arrival. */
  waiting: WaitingCalls | null
  owner: HoldOwner
}

interface Held {
  call: Call
  /** How long before the hold it was planned, and taken; null for a slot without a call. */
  begun: { plannedAgoMs: number; takenAgoMs: number } | null
}

/**
 * Keeps the calls of one round from starting for as long as their server has asked for. Whether it does stands in a
 * field, so that a load whose server asks for nothing pays a comparison a call, and no look at the clock.
 */
export class Hold {
  /** No call may start. */
  isOn = false
  readonly #options: HoldOptions
  #held: Held[] = []
  #untilMs = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | null = null
  #hasStopped = false

  constructor(options: HoldOptions) {
    this.#options = options
  }

  /** The round begins: calls of an earlier one may have been told to wait. */
  begin(): void {
    this.#update(this.#options.clock.now())
  }

  /** A call has failed, and its server may have asked for a wait before the next one. */
  failed({ outcome, measured }: Call): void {
    const { retryAfter } = outcome
    if (!retryAfter) return
    const askedMs = waitMs(retryAfter, unixMs())
    if (measured) this.#count(askedMs)
    this.#keepTo(askedMs)
  }

  /** A connection was refused, and no call has to answer for it. Those that stand may go on. */
  refused({ retryAfter }: Outcome): void {
    if (retryAfter) this.#count(waitMs(retryAfter, unixMs()))
  }

  /** The last connection was refused: calls could only wait for the next one. True: they are kept from starting. */
  noneStands({ retryAfter }: Outcome): boolean {
    if (retryAfter) this.#keepTo(waitMs(retryAfter, unixMs()))
    return this.isOn
  }

  /** A closed loop's slot waits for the end of the hold. */
  keep(slot: Call): void {
    this.#held.push({ call: slot, begun: null })
  }

  /** No call of the round starts any more. Returns those that had begun. */
  stop(): Call[] {
    this.#hasStopped = true
    this.isOn = false
    if (this.#timer) clearTimeout(this.#timer)
    const begun = this.#held.filter((held) => held.begun)
    this.#held = []
    return begun.map(({ call }) => call)
  }

  #keepTo(askedMs: number): void {
    const { clock, throttle } = this.#options
    if (!throttle) return
    const nowMs = clock.now()
    throttle.call(askedMs, nowMs)
    this.#update(nowMs)
  }

  #count(askedMs: number): void {
    this.#options.recording.throttled(askedMs, isAbsurd(askedMs))
  }

  #update(nowMs: number): void {
    const untilMs = nowMs + (this.#options.throttle?.callsWaitMs(nowMs) ?? 0)
    if (this.#hasStopped || untilMs <= Math.max(nowMs, this.#untilMs)) return
    this.#untilMs = untilMs
    this.isOn = true
    this.#arm(untilMs - nowMs)
    for (const call of this.#options.waiting?.takeAll() ?? []) {
      call.abandon()
      const begun = { plannedAgoMs: nowMs - call.plannedMs, takenAgoMs: nowMs - call.takenMs }
      this.#held.push({ call, begun })
    }
  }

  #arm(afterMs: number): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#look(), Math.ceil(afterMs))
  }

  #look(): void {
    const nowMs = this.#options.clock.now()
    // Timers fire up to a millisecond early.
    if (nowMs < this.#untilMs) {
      this.#arm(this.#untilMs - nowMs)
      return
    }
    this.isOn = false
    const { owner } = this.#options
    const kept = this.#held
    this.#held = []
    for (const held of kept) {
      const { call, begun } = held
      // The first one that is let go may be told to wait again before the next.
      if (this.isOn) this.#held.push(held)
      else if (begun) owner.again(call, nowMs - begun.plannedAgoMs, nowMs - begun.takenAgoMs)
      else owner.next(call, nowMs)
    }
    if (!this.isOn) owner.roomAvailable()
  }
}
