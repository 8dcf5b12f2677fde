import { type StatusObject, status } from '@grpc/grpc-js'
import { failure, type Outcome } from '../driver.ts'

/** As much of a status's message as is kept for a person to read. */
const SAMPLE_CHARACTERS = 300

/** What is known of the connection that a call failed on. */
export interface Loss {
  /** The socket is closed. */
  closed: boolean
  /** The system's code for it, where it told one. */
  code: string
  /** The server takes no more calls on it. */
  goaway: boolean
}

/** What grpc-js says when no server said anything. */
const OF_THE_CONNECTION = /^(Connection dropped|Stream refused by server|No connection established|.*GOAWAY)/
const RESET = /^Received RST_STREAM with code (\d+)/

/** The class of a status that is not OK. */
export function statusOutcome({ code, details }: StatusObject, hasReply: boolean, loss: Loss): Outcome {
  const phase = hasReply ? 'response' : 'request'
  const sample = details.slice(0, SAMPLE_CHARACTERS)
  if (code === status.UNAVAILABLE && OF_THE_CONNECTION.test(details)) {
    if (loss.goaway) return failure(phase, 'h2.goaway', '', sample)
    if (loss.closed) return failure(phase, 'tcp.reset', loss.code, sample)
  }
  const reset = RESET.exec(details)
  if (reset) return failure(phase, 'h2.stream', reset[1]!, sample)
  const name = status[code] ?? String(code)
  return failure(phase, `grpc.${name}`, String(code), sample || `status ${name}`)
}
