import { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'
import { failure, type Outcome } from '../driver.ts'
import { type RetryAfter, withRetryAfter } from '../retry-after.ts'
import { tcpOutcome } from '../transport/errors.ts'

/** As much of an error reply as is kept for a person to read. */
export const SAMPLE_BYTES = 300
const LONGEST_CHARACTER_BYTES = 4

const HEADER_ERRORS = new Set(['UND_ERR_HEADERS_OVERFLOW', 'UND_ERR_RES_EXCEEDED_MAX_SIZE'])

/** What undici says of replies that nobody asked for. */
const BREACHES = new Set(['bad response', 'bad upgrade'])
/** The server gives up the connection, and may say why. */
const GOAWAY = new Set(['ERR_HTTP2_GOAWAY_SESSION', 'ERR_HTTP2_SESSION_ERROR'])
/** What is about one stream of HTTP/2 alone, or about those that come after it. */
const OF_STREAM = new Set(['ERR_HTTP2_STREAM_ERROR', 'ERR_HTTP2_STREAM_CANCEL', 'ERR_HTTP2_GOAWAY_SESSION'])

/**
 * Whether what undici says of a call is about its whole connection, which may carry more. A call that fails is told so
 * before the connection is: the next one must not be sent into it.
 */
export function isOfConnection(error: Error & { code?: string }, socket: Socket): boolean {
  const code = error.code ?? ''
  return socket.destroyed || (code.startsWith('ERR_HTTP2') && !OF_STREAM.has(code))
}

/** The class of what undici says went wrong with a call. */
export function requestOutcome(error: Error & { code?: string }, hasReply: boolean): Outcome {
  const code = error.code ?? ''
  const phase = hasReply ? 'response' : 'request'
  if (error.name === 'HTTPParserError' || HEADER_ERRORS.has(code)) {
    return failure(phase, 'http.parse', code, error.message)
  }
  if (code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') {
    return failure(phase, 'http.truncated', code, error.message)
  }
  if (code.startsWith('ERR_HTTP2')) {
    const goaway = GOAWAY.has(code) || /goaway/i.test(error.message)
    const onSession = code === 'ERR_HTTP2_ERROR' ? 'h2.protocol' : 'h2.stream'
    return failure(phase, goaway ? 'h2.goaway' : onSession, code, error.message)
  }
  if (/"GOAWAY"/.test(error.message)) return failure(phase, 'h2.goaway', code, error.message)
  if (error.message.startsWith('HTTP/2: ')) return failure(phase, 'h2.stream', code, error.message)
  if (BREACHES.has(error.message)) return failure(phase, 'http.parse', code, error.message)
  if (hasReply && code === 'UND_ERR_SOCKET') {
    return failure(phase, 'http.truncated', code, `the connection closed within the reply: ${error.message}`)
  }
  return tcpOutcome(phase, error)
}

/** The outcome of a reply whose status is not 2xx, and which may ask for a wait. */
export function statusOutcome(
  statusCode: number,
  body: Uint8Array,
  retryAfter: RetryAfter | undefined,
): Outcome {
  const beginning = body.subarray(0, LONGEST_CHARACTER_BYTES * SAMPLE_BYTES)
  const text = Buffer.from(beginning).toString('utf8').slice(0, SAMPLE_BYTES)
  const sample = text || `status ${statusCode}`
  return withRetryAfter(failure('response', `http.${statusCode}`, String(statusCode), sample), retryAfter)
}
