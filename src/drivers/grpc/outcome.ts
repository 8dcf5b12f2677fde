import { type StatusObject, status } from '@grpc/grpc-js'
import { failure, type Outcome } from '../driver.ts'
import { withRetryAfter } from '../retry-after.ts'
import { retryAfterOf } from './retry-after.ts'

/** As much of a status's message as is kept for a person to read. */
const SAMPLE_CHARACTERS = 300

/** What is known of the connection that a call failed on. */
export interface Loss {
  /** It takes no more calls. */
  isOver: boolean
  /** The server said so. */
  isGoingAway: boolean
  /** The system's code for a broken socket, where it told one. */
  code: string
}

/** What grpc-js says of a connection, not a server of a call. */
const DROPPED = /^(Connection dropped|No connection established)/
/** A GOAWAY that leaves the call out, or that tells an error. */
const GONE_AWAY = /^Stream refused by server|Session closed with error code/
/** What came is not HTTP/2. */
const NOT_HTTP2 = /^Received RST_STREAM with code 2 triggered by internal client error: /
/** The system's error of the socket, in its own words. */
const BROKEN = /^(?:read|write) (E[A-Z]+)$/
const OF_CONNECTION = new Set(['tcp.reset', 'h2.protocol', 'h2.goaway'])
const RESET = /^Received RST_STREAM with code (\d+)/
/** What grpc-js says in the place of some codes of RST_STREAM, and the codes. */
const RESETS: Readonly<Record<string, string>> = {
  'Stream refused by server': '7',
  'Call cancelled': '8',
  'Bandwidth exhausted or memory limit exceeded': '11',
  'Protocol not secure enough': '12',
}

/** Whether no further call can be made where one ended so. */
export function isOfConnection({ class: errorClass }: Outcome): boolean {
  return OF_CONNECTION.has(errorClass)
}

/** The class of a status that is not OK. */
export function statusOutcome(told: StatusObject, hasReply: boolean, loss: Loss): Outcome {
  const { code } = told
  // Of a reply that cannot be decompressed, grpc-js tells zlib's error, which is no status.
  const details = told.details ?? (told as { message?: string }).message ?? ''
  const phase = hasReply ? 'response' : 'request'
  const sample = details.slice(0, SAMPLE_CHARACTERS)
  if (loss.isOver && GONE_AWAY.test(details)) return failure(phase, 'h2.goaway', '', sample)
  if (loss.isOver && DROPPED.test(details)) {
    return loss.isGoingAway
      ? failure(phase, 'h2.goaway', '', sample)
      : failure(phase, 'tcp.reset', loss.code, sample)
  }
  if (NOT_HTTP2.test(details)) return failure(phase, 'h2.protocol', '', details.replace(NOT_HTTP2, ''))
  const broken = BROKEN.exec(details)?.[1]
  if (loss.isOver && broken !== undefined) return failure(phase, 'tcp.reset', broken, sample)
  const reset = RESET.exec(details)?.[1] ?? (Object.hasOwn(RESETS, details) ? RESETS[details] : undefined)
  if (reset !== undefined) return failure(phase, 'h2.stream', reset, sample)
  if (Number.isNaN(code)) return failure(phase, 'grpc.UNKNOWN', '', 'the status is no number')
  if (typeof code !== 'number') return failure(phase, 'decode', '', sample || 'the reply cannot be read')
  const name = status[code] ?? String(code)
  const outcome = failure(phase, `grpc.${name}`, String(code), sample || `status ${name}`)
  return withRetryAfter(outcome, retryAfterOf(told.metadata))
}
