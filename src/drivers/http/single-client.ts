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

/** The server has given the connection up (GOAWAY) before it looked at the request. */
class GoneAwayError extends Error {
  readonly code = 'ERR_HTTP2_GOAWAY_SESSION'
}

/** What came after a reply was another one, and undici closed the connection before the next request was sent. */
class UnaskedError extends Error {
  override readonly name = 'HTTPParserError'
  readonly code = ''

  constructor() {
    super('the server sent a reply that nobody asked for')
  }
}

/** Undici sends a request again, once, that the server refused before it looked at it; here it is not sent. */
export class RefusedStreamError extends Error {
  readonly code = 'ERR_HTTP2_STREAM_ERROR'

  constructor() {
    super('Stream closed with error code NGHTTP2_REFUSED_STREAM')
  }
}

/**
 * An undici client of one connection, the one given. The connector hands out its socket once: a lost connection is
 * never replaced behind load's back. `gone` is called when no further request can go over it, which may be before it is
 * closed, with what the server said of that (GOAWAY).
 */
export function singleClient(
  transport: Transport,
  origin: string,
  most: number,
  gone: (said: Error | null) => void,
): Client {
  const isMultiplexed = transport.alpn === 'h2'
  // In clear text there is no ALPN to tell undici that both sides know HTTP/2.
  if (isMultiplexed) Object.assign(transport.socket, { alpnProtocol: 'h2' })
  // An idle connection has no call to tell an error to; without a listener it would end the process.
  transport.socket.on('error', () => {})
  let isHandedOut = false
  let goneAway: Error | null = null
  let breach: Error | null = null
  const client = new Client(origin, {
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
        // An error from here would have it ask again, as long as the server still answers other requests. Destroyed, the
        // client fails those that wait; what is under way has a connection, and ends by itself.
        process.nextTick(() => client.destroy(goneAway ?? breach ?? endOf(transport)).catch(() => {}))
        return
      }
      isHandedOut = true
      // Not at once: undici does not expect an answer before it has finished asking.
      process.nextTick(callback, null, transport.socket)
    },
  })
  client.on('disconnect', (_origin, _targets, error) => {
    if (/"GOAWAY"/.test(error.message)) goneAway = new GoneAwayError(error.message)
    if (error.message === 'bad response') breach = new UnaskedError()
    gone(goneAway)
  })
  return client
}

/**
 * What ended the connection, where it was more than a close: an alert of TLS, for one. Undici destroys its socket with
 * errors of its own, which say less.
 */
function endOf({ socket }: Transport): Error {
  const error: NodeJS.ErrnoException | null = socket.errored
  return error && !error.code?.startsWith('UND_ERR_') ? error : new LostError()
}
