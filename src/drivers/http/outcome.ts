import { Buffer } from 'node:buffer'
import { failure, type Outcome } from '../driver.ts'
import { type RetryAfter, withRetryAfter } from '../retry-after.ts'
import { tcpOutcome } from '../transport/errors.ts'

/** As much of an error reply as is kept for a person to read. */
export const SAMPLE_BYTES = 300

const HEADER_ERRORS = new Set(['UND_ERR_HEADERS_OVERFLOW', 'UND_ERR_RES_EXCEEDED_MAX_SIZE'])

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
    const goaway = code === 'ERR_HTTP2_GOAWAY_SESSION' || /goaway/i.test(error.message)
    return failure(phase, goaway ? 'h2.goaway' : 'h2.stream', code, error.message)
  }
  if (code === 'UND_ERR_INFO' && /goaway/i.test(error.message)) {
    return failure(phase, 'h2.goaway', code, error.message)
  }
  if (hasReply && code === 'UND_ERR_SOCKET') {
    return failure(phase, 'http.truncated', code, `the connection closed within the reply: ${error.message}`)
  }
  return tcpOutcome(phase, error)
}

/** The outcome of a reply whose status is not 2xx, and which may ask for a wait. */
export function statusOutcome(
  statusCode: number,
  body: readonly Uint8Array[],
  retryAfter: RetryAfter | undefined,
): Outcome {
  const text = Buffer.concat(body as Uint8Array[])
    .toString('utf8')
    .slice(0, SAMPLE_BYTES)
  const sample = text || `status ${statusCode}`
  return withRetryAfter(failure('response', `http.${statusCode}`, String(statusCode), sample), retryAfter)
}
