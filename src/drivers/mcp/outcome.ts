import { durationOf } from '../../dialects/json.ts'
import { failure, OpenError, type Outcome } from '../driver.ts'
import { requestOutcome } from '../http/outcome.ts'
import { type RetryAfter, withRetryAfter } from '../retry-after.ts'

/** As much of a message as is kept for a person to read. */
export const SAMPLE_CHARACTERS = 300

/** The connection is lost, and nobody says why. */
export const BROKEN_OFF = failure('response', 'tcp.reset', '', 'the connection closed before the reply')

/** What is known of a reply besides the error that the SDK made of it. */
interface Told {
  statusCode: number
  /** What the server's message has as its error, whatever that is. */
  rpcError: RpcError | null | undefined
  /** The wait that an HTTP reply asked for. */
  retryAfter: RetryAfter | undefined
}

/** An error of JSON-RPC as it came: nobody has looked at it. */
export interface RpcError {
  code?: unknown
  message?: unknown
  data?: unknown
}

/** The class of an error that the server answered with. */
export function rpcOutcome(phase: string, error: RpcError): Outcome {
  const code = Number.isSafeInteger(error.code) ? String(error.code) : 'unknown'
  const sample = typeof error.message === 'string' ? error.message.slice(0, SAMPLE_CHARACTERS) : ''
  return withRetryAfter(failure(phase, `mcp.${code}`, code, sample), retryAfterIn(error))
}

/** MCP has no convention for it; docs/mcp.md has the bundled server's. */
function retryAfterIn({ data }: RpcError): RetryAfter | undefined {
  const { retryAfterMs } = (data ?? {}) as { retryAfterMs?: unknown }
  return retryAfterMs === undefined ? undefined : { afterMs: durationOf(retryAfterMs) }
}

/** The class of what an SDK threw. What its channel has seen tells more than the SDK's own error. */
export function thrownOutcome(phase: string, thrown: unknown, told: Told): Outcome {
  const outcome = outcomeOf(phase, thrown, told)
  return outcome.retryAfter ? outcome : withRetryAfter(outcome, told.retryAfter)
}

function outcomeOf(phase: string, thrown: unknown, { statusCode, rpcError }: Told): Outcome {
  const error = thrown as Error & { code?: unknown }
  if (error instanceof OpenError) return error.outcome
  const sample = error.message.slice(0, SAMPLE_CHARACTERS)
  if (isOfRevision(error) && statusCode < 500) return failure(phase, 'mcp.revision', '', sample)
  if (rpcError) return rpcOutcome(phase, rpcError)
  if (statusCode >= 300) return failure(phase, `http.${statusCode}`, String(statusCode), sample)
  const cause = causeOf(error)
  if (isOfTransport(cause)) return requestOutcome(cause, statusCode > 0)
  return failure(phase, 'mcp.parse', '', sample)
}

/** The server speaks no revision that was asked for. Of either SDK. */
function isOfRevision({ code, message, cause }: Error & { code?: unknown }): boolean {
  if (code === 'ERA_NEGOTIATION_FAILED') return !(cause instanceof Error)
  return /protocol version is not supported/i.test(message)
}

/** What an SDK found wrong while it looked for a revision, beneath its own words for that. */
function causeOf(error: Error & { code?: unknown }): Error {
  return error.code === 'ERA_NEGOTIATION_FAILED' && error.cause instanceof Error ? error.cause : error
}

/** An error of undici or of the socket beneath it. */
function isOfTransport(error: Error & { code?: unknown }): error is Error & { code: string } {
  const { code } = error
  return error.name === 'HTTPParserError' || (typeof code === 'string' && /^(UND_)?E[A-Z]/.test(code))
}
