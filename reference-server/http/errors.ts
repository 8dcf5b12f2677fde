import { RateLimitError } from '../rate-limit.ts'
import { RequestError, WorkerLostError } from '../runtime/runtime.ts'
import { OverloadError } from '../service.ts'

/** A message may hold what the client sent, of any length. */
const mostCharacters = 1_000

/** An answer that is not a success. Each convention has its own form for the body. */
export class HttpError extends Error {
  readonly status: number
  /** A word for programs, in the OpenAI convention's style. */
  readonly code: string
  readonly headers: Record<string, string>
  /** When the client may try again; null where that is not told. */
  readonly retryAfterMs: number | null = null

  constructor(status: number, code: string, message: string, headers: Record<string, string> = {}) {
    super(message.slice(0, mostCharacters))
    this.name = 'HttpError'
    this.status = status
    this.code = code
    this.headers = headers
  }
}

/** The same may well succeed after a time. */
export class BusyError extends HttpError {
  override readonly retryAfterMs: number

  constructor(status: 429 | 503, message: string, retryAfterMs: number) {
    // The standard's header counts whole seconds; the other one is what hosts of OpenAI's API send beside it.
    super(status, 'overloaded', message, {
      'retry-after': String(Math.ceil(retryAfterMs / 1000)),
      'retry-after-ms': String(retryAfterMs),
    })
    this.retryAfterMs = retryAfterMs
  }
}

/** How long a client is asked to wait that found something full, when nobody knows for how long it will be. */
export const fullWaitMs = 1_000

/** The request's content is wrong. */
export function invalid(message: string): HttpError {
  return new HttpError(400, 'invalid_request', message)
}

export function tooLarge(limitBytes: number): HttpError {
  return new HttpError(
    413,
    'request_too_large',
    `the body is over this server's limit of ${limitBytes} bytes`,
  )
}

/** What a client is told of any error; null for one that is a bug of the server. */
export function toHttpError(error: unknown): HttpError | null {
  if (error instanceof HttpError) return error
  if (error instanceof RequestError) {
    return error.code === 'unknown_model'
      ? new HttpError(404, 'model_not_found', error.message)
      : invalid(error.message)
  }
  if (error instanceof OverloadError) {
    return new BusyError(503, error.message, fullWaitMs)
  }
  if (error instanceof RateLimitError) return new BusyError(429, error.message, error.waitMs)
  if (error instanceof WorkerLostError) return new HttpError(503, 'unavailable', error.message)
  return null
}
