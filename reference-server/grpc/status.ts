import { Metadata, status } from '@grpc/grpc-js'
import { serverTiming } from '../http/server-timing.ts'
import { RateLimitError } from '../rate-limit.ts'
import { RequestError, type Timing, WorkerLostError } from '../runtime/runtime.ts'
import { OverloadError } from '../service.ts'

/** An answer that is not a success, as grpc-js takes it. */
export class StatusError extends Error {
  readonly code: status
  readonly details: string
  readonly metadata: Metadata | undefined

  constructor(code: status, message: string, metadata?: Metadata) {
    super(message)
    this.name = 'StatusError'
    this.code = code
    this.details = headerText(message)
    this.metadata = metadata
  }
}

export function invalid(message: string): StatusError {
  return new StatusError(status.INVALID_ARGUMENT, message)
}

/** What a client is told of any error; null for one that is a bug of the server. */
export function toStatusError(error: unknown): StatusError | null {
  if (error instanceof StatusError) return error
  if (error instanceof RequestError) {
    const code = error.code === 'unknown_model' ? status.NOT_FOUND : status.INVALID_ARGUMENT
    return new StatusError(code, error.message)
  }
  if (error instanceof RateLimitError) {
    return new StatusError(status.RESOURCE_EXHAUSTED, error.message, pushback(error.waitMs))
  }
  if (error instanceof OverloadError) return new StatusError(status.RESOURCE_EXHAUSTED, error.message)
  if (error instanceof WorkerLostError) return new StatusError(status.UNAVAILABLE, error.message)
  return null
}

/** Trailing metadata that tells where an answer spent its time inside the server. */
export function timingTrailer(timing: Timing): Metadata {
  const trailer = new Metadata()
  trailer.set('server-timing', serverTiming(timing))
  return trailer
}

/** Trailing metadata that asks for a wait before a retry (gRFC A6). */
function pushback(waitMs: number): Metadata {
  const trailer = new Metadata()
  trailer.set('grpc-retry-pushback-ms', String(waitMs))
  return trailer
}

const maxDetailCharacters = 1_000

/** A message may hold what the client sent: too long for a header, or no text that a header could carry. */
function headerText(message: string): string {
  return message.slice(0, maxDetailCharacters).toWellFormed()
}
