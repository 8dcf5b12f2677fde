/** Sends the metrics of results to a receiver of OpenTelemetry: OTLP over HTTP, in protocol buffers. */

import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { Agent, type Dispatcher, request } from 'undici'
import { retryAfterOf } from '../drivers/http/retry-after.ts'
import { HistogramError } from '../record/histogram.ts'
import { clean } from '../report/clean.ts'
import { decodeResponse, decodeStatus, encodeRequest, type OtlpRequest } from '../report/otlp/messages.ts'
import { otlpRequests } from '../report/otlp/otlp.ts'
import type { Result } from '../result/document.ts'
import { scrub } from '../scenario/environment.ts'
import { printable } from '../values/printable.ts'
import type { OtlpDestination } from './otlp-destination.ts'

/** Those that the protocol names. After any other one, the same request would be refused again. */
const RETRYABLE = [429, 502, 503, 504]
/** Nothing was sent then. Where an answer is missing, what was sent may have been taken, and would count twice. */
const UNCONNECTED = ['ECONNREFUSED', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT']
const MOST_ATTEMPTS = 4
const FIRST_WAIT_MS = 1000
/** A receiver that asks for more is told of as one that refused. */
const LONGEST_WAIT_MS = 30_000
const MOST_REPLY_BYTES = 64 * 1024
const MOST_CHARACTERS = 300

const PROTOBUF = 'application/x-protobuf'

class RefusalError extends Error {
  readonly afterMs: number | null

  /** `afterMs`: how soon the request may be sent again, NaN for any time; null: never. */
  constructor(message: string, afterMs: number | null) {
    super(message)
    this.name = 'RefusalError'
    this.afterMs = afterMs
  }
}

/**
 * Sends one result, and tells what became of it. False where not all of it was taken. Never throws for what is wrong with
 * the receiver. `stopped`: the user wants to be rid of it; where that is so already, it is tried once.
 */
export async function sendOtlp(
  result: Result,
  destination: OtlpDestination,
  stopped: AbortSignal | null,
): Promise<boolean> {
  const tell = (level: string, text: string) => {
    const shown = clean(scrub(text, destination.secrets)).slice(0, MOST_CHARACTERS)
    process.stderr.write(`${level}: ${printable(shown)}\n`)
  }
  const dispatcher = new Agent({ connect: { timeout: destination.timeoutMs } })
  const hurried = stopped?.aborted === true
  const send = sending(destination, dispatcher, {
    signal: hurried ? undefined : (stopped ?? undefined),
    attempts: hurried ? 1 : MOST_ATTEMPTS,
    tell: (text) => tell('otlp', text),
  })
  try {
    let points = 0
    let rejectedPoints = 0
    for (const message of otlpRequests(result, destination.resource)) {
      const { rejected, message: said } = await send(encodeRequest(message))
      points += pointsIn(message)
      rejectedPoints += rejected
      if (said !== '' && rejected === 0) tell('warning', `${destination.shown}: ${said}`)
      if (rejected > 0) {
        tell('error', `${destination.shown} refused ${rejected} of ${pointsIn(message)} data points: ${said}`)
      }
    }
    tell('otlp', `${points - rejectedPoints} data points sent to ${destination.shown}`)
    return rejectedPoints === 0
  } catch (error) {
    if (!(error instanceof RefusalError || error instanceof HistogramError)) throw error
    tell('error', `the metrics could not be sent to ${destination.shown}: ${error.message}`)
    return false
  } finally {
    await dispatcher.destroy()
  }
}

function pointsIn({ resource_metrics: [resource] }: OtlpRequest): number {
  const metrics = resource!.scope_metrics.flatMap((scope) => scope.metrics)
  return metrics.reduce(
    (total, { gauge, exponential_histogram: histogram }) => total + (gauge ?? histogram)!.data_points.length,
    0,
  )
}

interface Patience {
  signal: AbortSignal | undefined
  attempts: number
  tell(text: string): void
}

function sending(destination: OtlpDestination, dispatcher: Dispatcher, patience: Patience) {
  const { signal, attempts, tell } = patience
  return async (message: Uint8Array) => {
    const body = gzipSync(message)
    for (let attempt = 1; ; attempt++) {
      try {
        return await attemptTo(destination, body, dispatcher, signal)
      } catch (error) {
        if (!(error instanceof RefusalError) || error.afterMs === null || attempt === attempts) throw error
        // Spread, so that many programs that were refused at once do not come back at once.
        const ownMs = FIRST_WAIT_MS * 2 ** (attempt - 1) * (0.5 + Math.random())
        const waitMs = Number.isNaN(error.afterMs) ? ownMs : error.afterMs
        tell(`${error.message}; trying again in ${(waitMs / 1000).toFixed(1)} s`)
        await sleep(waitMs, undefined, { signal }).catch(() => {
          throw new RefusalError('interrupted', null)
        })
      }
    }
  }
}

async function attemptTo(
  { url, headers, timeoutMs }: OtlpDestination,
  body: Uint8Array,
  dispatcher: Dispatcher,
  stopped: AbortSignal | undefined,
): Promise<{ rejected: number; message: string }> {
  const timeout = AbortSignal.timeout(timeoutMs)
  const own = { 'content-type': PROTOBUF, 'content-encoding': 'gzip', 'user-agent': 'infer-bench' }
  let reply: { statusCode: number; headers: Dispatcher.ResponseData['headers']; bytes: Uint8Array }
  try {
    const response = await request(url, {
      method: 'POST',
      headers: { ...lowerCase(headers), ...own },
      body,
      dispatcher,
      signal: stopped ? AbortSignal.any([timeout, stopped]) : timeout,
    })
    const { statusCode } = response
    reply = { statusCode, headers: response.headers, bytes: await beginningOf(response.body) }
  } catch (error) {
    if (stopped?.aborted) throw new RefusalError('interrupted', null)
    if (timeout.aborted) throw new RefusalError(`no answer within ${timeoutMs / 1000} s`, null)
    const { code, message } = error as NodeJS.ErrnoException
    throw new RefusalError(
      message || code || 'no answer',
      UNCONNECTED.includes(code ?? '') ? Number.NaN : null,
    )
  }
  const { statusCode, bytes } = reply
  const type = String(reply.headers['content-type'] ?? '')
  if (statusCode >= 200 && statusCode < 300) return accepted(statusCode, type, bytes)
  throw refused(statusCode, reply.headers, type.startsWith(PROTOBUF) ? statusIn(bytes) : textIn(bytes))
}

/** An answer in JSON, or without a body, is taken for one that took everything: servers that speak both answer so. */
function accepted(
  statusCode: number,
  type: string,
  bytes: Uint8Array,
): { rejected: number; message: string } {
  if (bytes.length === 0) return { rejected: 0, message: '' }
  if (type.startsWith('application/json')) return acceptedInJson(textIn(bytes))
  if (type.startsWith(PROTOBUF)) {
    try {
      return decodeResponse(bytes)
    } catch {
      // Told below.
    }
  }
  const what = type === '' ? 'something' : type
  throw new RefusalError(`it answered ${statusCode} with ${what}, which is no answer of OTLP`, null)
}

function acceptedInJson(text: string): { rejected: number; message: string } {
  try {
    const { partialSuccess } = JSON.parse(text) as {
      partialSuccess?: { rejectedDataPoints?: string | number; errorMessage?: string }
    }
    return {
      rejected: Number(partialSuccess?.rejectedDataPoints ?? 0) || 0,
      message: String(partialSuccess?.errorMessage ?? ''),
    }
  } catch {
    throw new RefusalError('it answered with JSON that cannot be read', null)
  }
}

function refused(
  statusCode: number,
  headers: Dispatcher.ResponseData['headers'],
  said: string,
): RefusalError {
  const message = `it answered ${statusCode}${said === '' ? '' : `: ${said}`}`
  if (!RETRYABLE.includes(statusCode)) return new RefusalError(message, null)
  const asked = retryAfterOf(statusCode, headers)
  if (!asked) return new RefusalError(message, Number.NaN)
  const afterMs = Math.max(0, 'afterMs' in asked ? asked.afterMs : asked.atMs - Date.now())
  if (afterMs > LONGEST_WAIT_MS) {
    return new RefusalError(`${message} (and asks for a wait of ${Math.ceil(afterMs / 1000)} s)`, null)
  }
  return new RefusalError(message, afterMs)
}

function statusIn(bytes: Uint8Array): string {
  try {
    return decodeStatus(bytes)
  } catch {
    return ''
  }
}

function textIn(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).trim()
}

async function beginningOf(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of body) {
    parts.push(part)
    length += part.length
    if (length > MOST_REPLY_BYTES) break
  }
  return Buffer.concat(parts).subarray(0, MOST_REPLY_BYTES)
}

/** So that ours replace those of the same name. */
function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}
