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

  constructor(status: number, code: string, message: string, headers: Record<string, string> = {}) {
    super(message.slice(0, mostCharacters))
    this.name = 'HttpError'
    this.status = status
    this.code = code
    this.headers = headers
  }
}

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
    return new HttpError(503, 'overloaded', error.message, { 'retry-after': '1' })
  }
  if (error instanceof WorkerLostError) return new HttpError(503, 'unavailable', error.message)
  return null
}
