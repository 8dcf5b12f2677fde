import { status } from '@grpc/grpc-js'
import type { Service } from '../service.ts'

/** What every call of grpc-js's server surface has. */
export interface AnyCall {
  on(event: 'cancelled', listener: () => void): unknown
  getDeadline(): Date | number
}

/** One call from its first message until its status: what is aborted when the client leaves, and what is counted. */
export class CallScope {
  readonly #service: Service
  readonly #call: AnyCall
  #abort: AbortController | null = null
  /** True once the status was decided or the client has left. */
  over = false

  constructor(service: Service, call: AnyCall) {
    this.#service = service
    this.#call = call
    // grpc-js tells it at the end of every call, also of one that ended well.
    call.on('cancelled', () => this.#onCancelled())
  }

  /** Aborted when the client leaves, or its deadline passes, before the call was over. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController()
    return this.#abort.signal
  }

  /** Gives up what runs for this call, while the client can still be told so. */
  abort(): void {
    this.#abort?.abort()
  }

  /** Counts the call under its status, once. */
  finish(code: status): void {
    if (this.over) return
    this.over = true
    this.#service.countRequest('grpc', status[code])
  }

  #onCancelled(): void {
    if (this.over) return
    const late = Number(this.#call.getDeadline()) <= Date.now()
    this.finish(late ? status.DEADLINE_EXCEEDED : status.CANCELLED)
    this.abort()
  }
}
