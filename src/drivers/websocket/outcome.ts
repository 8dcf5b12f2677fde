import type { IncomingMessage } from 'node:http'
import type { WebSocketReply } from '../../dialects/websocket-face.ts'
import { failure, type Outcome } from '../driver.ts'
import { retryAfterOf } from '../http/retry-after.ts'
import { withRetryAfter } from '../retry-after.ts'
import { tcpOutcome } from '../transport/errors.ts'

/** As much of what a server says as is kept for a person to read. */
export const SAMPLE_CHARACTERS = 300

/** The connection ended without a close frame: a code that is never sent (RFC 6455, section 7.4.1). */
const ABNORMAL = 1006

/** Why no WebSocket came of a connection: the library's or the system's error. */
export function upgradeOutcome(error: NodeJS.ErrnoException): Outcome {
  const { code = '', message } = error
  // What is no HTTP is no answer to an upgrade.
  if (code === '' || code.startsWith('HPE_')) return failure('setup', 'upgrade', code, message)
  return tcpOutcome('setup', error)
}

/** The upgrade was answered like any other request. */
export function refusalOutcome({ statusCode = 0, headers }: IncomingMessage, body: string): Outcome {
  const where = headers.location === undefined ? '' : ` to ${headers.location}`
  const sample = `the upgrade was answered with status ${statusCode}${where}${body === '' ? '' : `: ${body}`}`
  const outcome = failure('setup', 'upgrade', String(statusCode), sample.slice(0, SAMPLE_CHARACTERS))
  return withRetryAfter(outcome, retryAfterOf(statusCode, headers))
}

export interface Ending {
  /** The close code, also one that stands for a missing one. */
  code: number
  reason: string
  /** What the library or the system said before. */
  error: NodeJS.ErrnoException | null
}

/** A message of more bytes, or in more pieces, than are kept of one. */
const TOO_LARGE = new Set([
  'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
  'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH',
  'WS_ERR_TOO_MANY_BUFFERED_PARTS',
])

/** How a call ended that was open when its connection did. */
export function endingOutcome({ code, reason, error }: Ending, hasReply: boolean): Outcome {
  const phase = hasReply ? 'response' : 'request'
  const errorCode = error?.code ?? ''
  if (TOO_LARGE.has(errorCode)) return failure(phase, 'decode', 'too_large', error!.message)
  if (errorCode === 'WS_ERR_INVALID_UTF8') return failure(phase, 'decode', 'utf8', error!.message)
  if (errorCode.startsWith('Z_')) return failure(phase, 'decode', errorCode, error!.message)
  if (errorCode.startsWith('WS_ERR')) return failure(phase, 'ws.protocol', errorCode, error!.message)
  const told = reason === '' ? '' : `: ${reason}`
  const sample =
    code === ABNORMAL
      ? 'the connection was lost without a close frame'
      : `the server closed with ${code}${told}`
  return failure(phase, `ws.close.${code}`, errorCode, sample)
}

/** Lost, going away, restarting, overloaded: codes after which a session may be asked for again. */
const RESUMABLE = new Set([ABNORMAL, 1001, 1012, 1013])

/** Whether what was open on a connection may go on over another one. */
export function isResumable({ code, error }: Ending): boolean {
  return RESUMABLE.has(code) && !error?.code?.startsWith('WS_ERR') && !error?.code?.startsWith('Z_')
}

/** Statuses that begin with 4 and say that the same may well be asked again: too slow, too early, too often. */
const PASSING = new Set(['408', '425', '429'])

/** Whether a refused upgrade says that there is no such session, and never will be. */
export function isFinal({ class: errorClass, code }: Outcome): boolean {
  return errorClass === 'upgrade' && /^4/.test(code) && !PASSING.has(code)
}

/** Codes with which a server may well close an idle connection; the last two stand for none. */
const ORDINARY = new Set([1000, 1001, 1005, ABNORMAL])

/** Whether a server had a reason to close a connection on which there was no call. */
export function isOrdinary({ code, error }: Ending): boolean {
  return ORDINARY.has(code) && !error?.code?.startsWith('WS_ERR')
}

/** The server told an error. */
export function refusedOutcome({ errorCode, errorMessage, retryAfterMs }: WebSocketReply): Outcome {
  const sample = `the server says: ${errorMessage}`.slice(0, SAMPLE_CHARACTERS)
  const outcome = failure('response', 'ws.error', errorCode, sample)
  return withRetryAfter(outcome, retryAfterMs === null ? undefined : { afterMs: retryAfterMs })
}

/** A message does not keep to the convention. */
export function decodeOutcome(error: unknown): Outcome {
  return failure('response', 'decode', '', (error as Error).message.slice(0, SAMPLE_CHARACTERS))
}
