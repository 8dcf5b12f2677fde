import { Client } from 'undici'
import type { Transport } from '../transport/connect.ts'

/** As long as a load can last. */
const LONGEST_IDLE_MS = 24 * 60 * 60 * 1000

/** Undici wants to reconnect: the server closed the connection between two calls, too late to be noticed. */
class LostError extends Error {
  readonly code = 'ECONNRESET'

  constructor() {
    super('the server closed the connection before the request was sent')
  }
}

/**
 * An undici client of one connection, the one given. The connector hands out its socket once: a lost connection is
 * never replaced behind load's back.
 */
export function singleClient(transport: Transport, origin: string, most: number): Client {
  const isMultiplexed = transport.alpn === 'h2'
  // In clear text there is no ALPN to tell undici that both sides know HTTP/2.
  if (isMultiplexed) Object.assign(transport.socket, { alpnProtocol: 'h2' })
  // An idle connection has no call to tell an error to; without a listener it would end the process.
  transport.socket.on('error', () => {})
  let isHandedOut = false
  return new Client(origin, {
    pipelining: most,
    allowH2: isMultiplexed,
    // Load owns all timeouts; undici's own would cost a timer per call.
    headersTimeout: 0,
    bodyTimeout: 0,
    // How long a connection without a call stands is for the server to say, be it in a `Keep-Alive` header.
    keepAliveTimeout: LONGEST_IDLE_MS,
    keepAliveMaxTimeout: LONGEST_IDLE_MS,
    keepAliveTimeoutThreshold: 0,
    connect: (_options, callback) => {
      if (isHandedOut) {
        callback(endOf(transport), null)
        return
      }
      isHandedOut = true
      // Not at once: undici does not expect an answer before it has finished asking.
      process.nextTick(callback, null, transport.socket)
    },
  })
}

/**
 * What ended the connection, where it was more than a close: an alert of TLS, for one. Undici destroys its socket with
 * errors of its own, and takes those for a reason to try again: told one of them here, it would keep the request, until
 * its own end became the request's error.
 */
function endOf({ socket }: Transport): Error {
  const error: NodeJS.ErrnoException | null = socket.errored
  return error && !error.code?.startsWith('UND_ERR_') ? error : new LostError()
}
