import { PerformanceObserver } from 'node:perf_hooks'
import { type Clock, threadCpuMs } from './clock.ts'

/** How often a timer looks whether the event loop still turns. */
const TICK_MS = 5
/** A timer that is later than this, and than the millisecond by which every timer may be, found a loop that stood still. */
const STALL_MS = 5

/** What is told of the thread's event loop while it is watched. Moments are the clock's, in ms. */
export interface LoopListener {
  /** A timer was late by so much. */
  loopDelay(atMs: number, delayMs: number): void
  /** Nothing could be sent or read in between. `cpuMs`: for so long the thread itself ran; NaN where that is not told. */
  stall(fromMs: number, toMs: number, cpuMs: number): void
}

/** Node tells of a pause some time after it, so it is told when the watch ends. */
export interface GcPause {
  /** When it began, by `performance.now()`. */
  atMs: number
  durationMs: number
}

/**
 * Watches an event loop: whether it stood still, for whatever reason (a long computation, garbage collection, a core
 * that other work had). A timer finds that out when it fires late; it costs 200 wake-ups a second and nothing a call.
 */
export class LoopWatch {
  readonly #clock: Clock
  readonly #listener: LoopListener
  #timer: NodeJS.Timeout | null = null
  #tickedMs = 0
  #cpuMs = 0
  readonly #readCpuMs: () => number

  constructor(clock: Clock, listener: LoopListener, readCpuMs = threadCpuMs) {
    this.#clock = clock
    this.#listener = listener
    this.#readCpuMs = readCpuMs
  }

  start(): void {
    this.#tickedMs = this.#clock.now()
    this.#cpuMs = this.#readCpuMs()
    this.#timer = setInterval(this.tick, TICK_MS)
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer)
    this.#timer = null
  }

  readonly tick = (): void => {
    const nowMs = this.#clock.now()
    const dueMs = this.#tickedMs + TICK_MS
    const delayMs = Math.max(0, nowMs - dueMs)
    const cpuMs = this.#readCpuMs()
    const ranMs = cpuMs - this.#cpuMs
    this.#tickedMs = nowMs
    this.#cpuMs = cpuMs
    this.#listener.loopDelay(nowMs, delayMs)
    if (delayMs > STALL_MS) this.#listener.stall(dueMs, nowMs, Math.min(ranMs, delayMs))
  }
}

/** Collects what the garbage collector of this thread takes. */
export class GcWatch {
  readonly #pauses: GcPause[] = []
  readonly #observer = new PerformanceObserver((list) => this.#take(list.getEntries()))

  start(): void {
    this.#observer.observe({ entryTypes: ['gc'] })
  }

  stop(): readonly GcPause[] {
    this.#take(this.#observer.takeRecords())
    this.#observer.disconnect()
    return this.#pauses
  }

  #take(entries: readonly { startTime: number; duration: number }[]): void {
    for (const { startTime, duration } of entries)
      this.#pauses.push({ atMs: startTime, durationMs: duration })
  }
}
