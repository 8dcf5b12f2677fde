import type { Dispatcher } from 'undici'
import type { CallSlot } from '../driver.ts'
import type { Exchange } from './exchange.ts'

type Headers = Record<string, string | string[] | undefined>

/** Turns of the event loop within which the SDK has read what is here: its streams take a few for each piece. */
const READ_TURNS = 100

/** A reply that undici tells piece by piece, as the `Response` that the SDK reads. */
export class Reply implements Dispatcher.DispatchHandler {
  /** Null for the session's own messages. */
  readonly exchange: Exchange | null
  /** The connection ends with it. */
  closes = false
  statusCode = 0
  /** What the SDK had to say against it. */
  complaint: Error | null = null
  readonly #call: CallSlot | null
  readonly #generation: number
  readonly #resolve: (response: Response) => void
  readonly #reject: (error: Error) => void
  readonly #ended: (reply: Reply, error: Error | null) => void
  #body: ReadableStreamDefaultController<Uint8Array> | null = null
  #isEventStream = false

  constructor(
    exchange: Exchange | null,
    resolve: (response: Response) => void,
    reject: (error: Error) => void,
    ended: (reply: Reply, error: Error | null) => void,
  ) {
    this.exchange = exchange
    this.#call = exchange?.call ?? null
    this.#generation = exchange?.generation ?? 0
    this.#resolve = resolve
    this.#reject = reject
    this.#ended = ended
  }

  /** The call has its result, or is given up. */
  get isSettled(): boolean {
    const { exchange } = this
    return exchange === null || exchange.call === null || exchange.generation !== this.#generation
  }

  onRequestStart(): void {}

  onRequestSent(): void {
    if (!this.isSettled) this.#call?.written()
  }

  onResponseStart(_controller: Dispatcher.DispatchController, statusCode: number, headers: Headers): void {
    if (statusCode < 200) return
    this.statusCode = statusCode
    if (headers.connection === 'close') this.closes = true
    this.#isEventStream = String(headers['content-type'] ?? '').startsWith('text/event-stream')
    if (!this.isSettled) this.exchange?.replied(statusCode, textOf(headers['server-timing']))
    try {
      this.#resolve(this.#response(statusCode, headers))
    } catch (error) {
      // A status that no `Response` can have.
      this.#reject(error as Error)
    }
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.isSettled) this.exchange?.received()
    this.#body?.enqueue(chunk)
  }

  onResponseEnd(): void {
    this.#body?.close()
    this.#body = null
    this.#ended(this, null)
    // The SDK says nothing of a stream that ends without the result.
    if (this.#isEventStream) this.#await(READ_TURNS)
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#body?.error(error)
    this.#body = null
    if (this.statusCode === 0) this.#reject(error)
    else if (!this.isSettled) this.exchange?.brokenOff(error)
    this.#ended(this, error)
  }

  #response(status: number, headers: Headers): Response {
    const init = { status, headers: headersOf(headers) }
    // These have no body, and a `Response` refuses to be given one.
    if (status === 202 || status === 204 || status === 205 || status === 304) return new Response(null, init)
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#body = controller
      },
      cancel: () => {
        this.#body = null
      },
    })
    return new Response(body, init)
  }

  #await(turns: number): void {
    if (this.isSettled) return
    if (turns > 0) setImmediate(() => this.#await(turns - 1))
    else this.exchange?.unanswered(this.complaint)
  }
}

/** A reply of which only the status counts. */
export class AsideReply implements Dispatcher.DispatchHandler {
  readonly #resolve: (response: Response) => void
  readonly #reject: (error: Error) => void
  #status = 0

  constructor(resolve: (response: Response) => void, reject: (error: Error) => void) {
    this.#resolve = resolve
    this.#reject = reject
  }

  onRequestStart(): void {}

  onResponseStart(_controller: Dispatcher.DispatchController, statusCode: number): void {
    this.#status = statusCode
  }

  onResponseData(): void {}

  onResponseEnd(): void {
    try {
      this.#resolve(new Response(null, { status: this.#status }))
    } catch (error) {
      this.#reject(error as Error)
    }
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#reject(error)
  }
}

function headersOf(headers: Headers): [string, string][] {
  return Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().map((one): [string, string] => [name, one]),
  )
}

function textOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}
