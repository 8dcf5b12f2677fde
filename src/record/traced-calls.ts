/** The calls whose traces are worth a look: the slowest ones, and some that failed. */

import type { TraceIds } from '../drivers/trace.ts'

/** Of each of both kinds. */
export const MOST_TRACED = 5

export interface TracedCall {
  traceId: string
  /** From its planned start on. */
  latencyMs: number
  /** Its planned start, in ms of Unix time. */
  startUnixMs: number
  /** Of its error; empty where it succeeded. */
  class: string
}

export interface TracedCalls {
  /** The slowest one first. */
  slowest: TracedCall[]
  /** The first one of each class of error. */
  failed: TracedCall[]
}

/** How a round's calls are told to the server. */
export interface Tracing {
  ids: TraceIds
  /** Unix time at a moment of the load thread's clock. */
  unixTime(threadMs: number): number
}

export class TracedCallRecorder {
  readonly #tracing: Tracing
  readonly #slowest: TracedCall[] = []
  readonly #failed: TracedCall[] = []

  constructor(tracing: Tracing) {
    this.#tracing = tracing
  }

  succeeded(traceNumber: number, plannedMs: number, latencyMs: number): void {
    const slowest = this.#slowest
    if (slowest.length === MOST_TRACED && latencyMs <= slowest.at(-1)!.latencyMs) return
    if (traceNumber === 0) return
    const place = slowest.findIndex((other) => other.latencyMs < latencyMs)
    slowest.splice(place < 0 ? slowest.length : place, 0, this.#call(traceNumber, plannedMs, latencyMs, ''))
    if (slowest.length > MOST_TRACED) slowest.pop()
  }

  /** One that failed before it was sent has no trace. */
  failed(traceNumber: number, plannedMs: number, latencyMs: number, errorClass: string): void {
    if (traceNumber === 0 || this.#failed.length === MOST_TRACED) return
    if (this.#failed.some((other) => other.class === errorClass)) return
    this.#failed.push(this.#call(traceNumber, plannedMs, latencyMs, errorClass))
  }

  finish(): TracedCalls {
    return { slowest: this.#slowest, failed: this.#failed }
  }

  #call(traceNumber: number, plannedMs: number, latencyMs: number, errorClass: string): TracedCall {
    const { ids, unixTime } = this.#tracing
    return { traceId: ids.id(traceNumber), latencyMs, startUnixMs: unixTime(plannedMs), class: errorClass }
  }
}
