/** What grpc-js has no words for: the reader of a call's messages, and how far it is. */
interface Insides {
  call?: { call?: { child?: { underlyingCalls?: readonly { call?: { child?: Carried | null } | null }[] } } }
}

interface Carried {
  decoder?: { readState?: number }
}

const BETWEEN_MESSAGES = 0

/**
 * Whether the reply of a call that has ended stopped within a message, which grpc-js leaves out in silence where the
 * status says that all is well. False where grpc-js does not show it.
 */
export function endedWithinMessage(grpcCall: object): boolean {
  const carried = (grpcCall as Insides).call?.call?.child?.underlyingCalls?.at(-1)?.call?.child
  return (carried?.decoder?.readState ?? BETWEEN_MESSAGES) !== BETWEEN_MESSAGES
}
