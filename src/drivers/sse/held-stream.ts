import { Buffer } from 'node:buffer'
import type { Client, Dispatcher } from 'undici'
import {
  type ByteCounts,
  failure,
  OpenError,
  type Outcome,
  type SessionProbe,
  type StandingSession,
} from '../driver.ts'
import { requestOutcome, statusOutcome } from '../http/outcome.ts'
import { retryAfterOf } from '../http/retry-after.ts'
import type { Link } from '../http/session.ts'
import { singleClient } from '../http/single-client.ts'
import type { RequestTemplate } from '../http/template.ts'
import type { RetryAfter } from '../retry-after.ts'
import { abortable, socketBytes, type Transport } from '../transport/connect.ts'

/** Opens a stream of events and waits until the server has. Rejects with `OpenError`. */
export function holdStream(
  transport: Transport,
  { origin, probe }: Link,
  template: RequestTemplate,
  signal: AbortSignal,
): Promise<StandingSession> {
  const stream = new HeldStream(transport, origin, probe)
  return abortable<StandingSession>(
    signal,
    (succeed, fail) => stream.begin(template, succeed, fail),
    () => stream.close(),
  )
}

/**
 * A stream of events that stands open: what a server holds for a client that waits for what may come. Comments keep it
 * alive, and events that come all the same are nobody's.
 */
class HeldStream implements StandingSession, Dispatcher.DispatchHandler {
  readonly #transport: Transport
  readonly #client: Client
  readonly #probe: SessionProbe
  #succeed: (stream: HeldStream) => void = () => {}
  #fail: (error: Error) => void = () => {}
  #statusCode = 0
  #retryAfter: RetryAfter | undefined
  #stands = false
  #isClosed = false

  constructor(transport: Transport, origin: string, probe: SessionProbe) {
    this.#transport = transport
    // The stream itself tells how its connection ends.
    this.#client = singleClient(transport, origin, 1, () => {})
    this.#probe = probe
  }

  begin(
    template: RequestTemplate,
    succeed: (stream: HeldStream) => void,
    fail: (error: Error) => void,
  ): void {
    this.#succeed = succeed
    this.#fail = fail
    const { path, headers } = template.address()
    const body = template.encode()
    const method = template.method as 'GET'
    this.#client.dispatch({ path, method, headers, body: body === null ? null : Buffer.from(body) }, this)
  }

  wireBytes(into: ByteCounts): void {
    socketBytes(this.#transport.raw, into)
  }

  close(): void {
    this.#isClosed = true
    this.#client.destroy().catch(() => {})
    this.#transport.socket.destroy()
    this.#transport.raw.destroy()
  }

  onRequestStart(): void {}

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    statusCode: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (statusCode < 200) return
    this.#statusCode = statusCode
    this.#retryAfter = retryAfterOf(statusCode, headers)
    if (statusCode >= 300) return
    if (!String(headers['content-type'] ?? '').startsWith('text/event-stream')) {
      this.#refuse(failure('setup', 'sse.parse', 'content-type', 'the reply is not text/event-stream'))
      return
    }
    this.#stands = true
    this.#probe.phase('setup')
    this.#succeed(this)
  }

  onResponseData(_controller: Dispatcher.DispatchController, piece: Buffer): void {
    // The beginning of a refusal is enough: nobody knows whether it ends.
    if (!this.#stands) this.#refuse(statusOutcome(this.#statusCode, piece, this.#retryAfter))
  }

  onResponseEnd(): void {
    if (this.#stands) this.#lose(failure('response', 'sse.ended', '', 'the server ended the stream'))
    else this.#refuse(statusOutcome(this.#statusCode, new Uint8Array(0), this.#retryAfter))
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error & { code?: string }): void {
    if (!this.#stands) this.#refuse(requestOutcome(error, this.#statusCode > 0))
    else
      this.#lose(
        failure('response', 'sse.truncated', error.code ?? '', `the stream was cut: ${error.message}`),
      )
  }

  #refuse(outcome: Outcome): void {
    this.#fail(new OpenError({ ...outcome, phase: 'setup' }))
  }

  #lose(ending: Outcome): void {
    if (this.#isClosed) return
    this.close()
    this.#probe.lost(ending, false)
  }
}
