import { invalidRequest, isObject, type RequestId, type RpcMessage } from './rpc.ts'

/** A call in flight that its client can take back. */
export interface Call {
  cancel(): void
}

/** The calls in flight of one session, by the ids that its client gave them. */
export class Calls {
  readonly #calls = new Map<RequestId, Call>()

  get size(): number {
    return this.#calls.size
  }

  /** @throws RpcError when a call with this id is in flight already. */
  add(id: RequestId, call: Call): void {
    if (this.#calls.has(id)) throw invalidRequest('a request with this id is in flight', id)
    this.#calls.set(id, call)
  }

  delete(id: RequestId): void {
    this.#calls.delete(id)
  }

  /** Does what a notification asks for. One that comes too late has nothing to do, and unknown ones are ignored. */
  take({ method, params }: Extract<RpcMessage, { kind: 'notification' }>): void {
    if (method !== 'notifications/cancelled' || !isObject(params)) return
    this.#calls.get(params.requestId as RequestId)?.cancel()
  }

  cancelAll(): void {
    for (const call of this.#calls.values()) call.cancel()
  }
}
