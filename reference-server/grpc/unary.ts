import { type Metadata, type sendUnaryData, status, type UntypedHandleCall } from '@grpc/grpc-js'
import type { Service } from '../service.ts'
import { type AnyCall, CallScope } from './call-scope.ts'
import { StatusError, toStatusError } from './status.ts'

/** A reply, with trailing metadata if it has any. */
export interface Answer<Reply> {
  reply: Reply
  trailer?: Metadata
}

/**
 * A method that answers with one message, as grpc-js's server takes it: its errors become statuses, its calls are
 * counted.
 */
export function oneReply<Call extends AnyCall, Reply>(
  service: Service,
  handle: (call: Call, scope: CallScope) => Answer<Reply> | Promise<Answer<Reply>>,
): UntypedHandleCall {
  const method = (call: Call, callback: sendUnaryData<Reply>): void => {
    const scope = new CallScope(service, call)
    void answer(service, scope, callback, () => handle(call, scope))
  }
  // grpc-js chooses by its definition what a method is called with.
  return method as unknown as UntypedHandleCall
}

async function answer<Reply>(
  service: Service,
  scope: CallScope,
  callback: sendUnaryData<Reply>,
  handle: () => Answer<Reply> | Promise<Answer<Reply>>,
): Promise<void> {
  try {
    const { reply, trailer } = await handle()
    if (scope.over) return
    scope.finish(status.OK)
    callback(null, reply, trailer)
  } catch (error) {
    // What fails after the client has left fails because it has left.
    if (scope.over) return
    const known = toStatusError(error)
    if (!known) service.onBug(error)
    const told = known ?? new StatusError(status.INTERNAL, 'internal error')
    scope.finish(told.code)
    callback(told)
  }
}
