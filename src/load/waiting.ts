import type { Call } from './call.ts'
import { Queue } from './queue.ts'

/** Calls that may wait; what comes on top is dropped, and counted. */
const LIMIT = 1_000_000

/**
 * Calls that wait for a connection, first come, first served. A call that times out in here stays until its turn
 * comes, because taking it out would mean a search; its slot is free for other calls only then.
 */
export class WaitingCalls {
  readonly #queue = new Queue<Call>()
  readonly #free: (call: Call) => void

  /** `free` is told of a slot whose call had ended before its turn came. */
  constructor(free: (call: Call) => void) {
    this.#free = free
  }

  /** Those that have ended meanwhile included. */
  get length(): number {
    return this.#queue.length
  }

  /** False where there is no room for another one. */
  add(call: Call): boolean {
    if (this.#queue.length >= LIMIT) return false
    call.queued = true
    this.#queue.push(call)
    return true
  }

  /** The call that has waited longest, or undefined. */
  next(): Call | undefined {
    for (let call = this.#queue.shift(); call; call = this.#queue.shift()) {
      call.queued = false
      if (call.active) return call
      this.#free(call)
    }
    return undefined
  }

  takeAll(): Call[] {
    const calls: Call[] = []
    for (let call = this.next(); call; call = this.next()) calls.push(call)
    return calls
  }
}
