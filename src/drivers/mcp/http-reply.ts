import type { Dispatcher } from 'undici'
import { hasTooManyValues, MOST_VALUES, UNSUSPECTED_LENGTH, valuesIn } from '../../dialects/json.ts'
import type { CallSlot } from '../driver.ts'
import { Body } from '../http/body.ts'
import { retryAfterOf } from '../http/retry-after.ts'
import { RefusedStreamError } from '../http/single-client.ts'
import type { RetryAfter } from '../retry-after.ts'
import type { Exchange } from './exchange.ts'
import { MOST_MESSAGE_BYTES } from './options.ts'

type Headers = Record<string, string | string[] | undefined>

/** Turns of the event loop within which the SDK has read what it has taken: its streams take a few for each piece. */
const READ_TURNS = 100

const EVENT_END = '\n\n'

/** Whose replies they are. */
interface Replies {
  /** Nothing more of it comes. */
  ended(reply: Reply, error: Error | null): void
  /** The SDK has read all of it. */
  read(reply: Reply): void
}

/** A reply that undici tells piece by piece, as the `Response` that the SDK reads. */
export class Reply implements Dispatcher.DispatchHandler {
  /** Null for the session's own messages. */
  readonly exchange: Exchange | null
  /** The connection ends with it. */
  closes = false
  /** It goes on although its call is over, and was found so before. */
  isLate = false
  statusCode = 0
  /** The wait that it asks for. */
  retryAfter: RetryAfter | undefined = undefined
  /** What the SDK had to say against it. */
  complaint: Error | null = null
  readonly #call: CallSlot | null
  readonly #generation: number
  readonly #resolve: (response: Response) => void
  readonly #reject: (error: Error) => void
  readonly #replies: Replies
  #controller: Dispatcher.DispatchController | null = null
  #body: ReadableStreamDefaultController<Uint8Array> | null = null
  /** JSON is of no use before its end. */
  #isStream = false
  /** What the SDK has not been given. */
  readonly #waiting = new Body()
  #isHandingOut = false
  /** In the event that is under way. */
  #values = 0
  #byteCount = 0
  #isWhole = false
  #isGivenUp = false

  constructor(
    exchange: Exchange | null,
    resolve: (response: Response) => void,
    reject: (error: Error) => void,
    replies: Replies,
  ) {
    this.exchange = exchange
    this.#call = exchange?.call ?? null
    this.#generation = exchange?.generation ?? 0
    this.#resolve = resolve
    this.#reject = reject
    this.#replies = replies
  }

  /** The call has its result, or is given up. */
  get isSettled(): boolean {
    const { exchange } = this
    return exchange === null || exchange.call === null || exchange.generation !== this.#generation
  }

  /** Undici reads its connection, or its stream of HTTP/2, no further once it has told the next piece. */
  pause(on: boolean): void {
    if (on) this.#controller?.pause()
    else this.#controller?.resume()
  }

  /** No more of it is wanted: closes its stream (HTTP/2) or its connection. */
  abort(): void {
    this.#isGivenUp = true
    this.#controller?.abort(new Error('given up'))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#isGivenUp) controller.abort(new Error('given up'))
    else if (this.#controller) controller.abort(new RefusedStreamError())
    else this.#controller = controller
  }

  onRequestSent(): void {
    if (!this.isSettled) this.#call?.written()
  }

  onResponseStart(_controller: Dispatcher.DispatchController, statusCode: number, headers: Headers): void {
    if (statusCode < 200) return
    this.statusCode = statusCode
    this.retryAfter = retryAfterOf(statusCode, headers)
    if (headers.connection === 'close') this.closes = true
    if (!this.isSettled) {
      this.exchange?.replied(statusCode, this.retryAfter, textOf(headers['server-timing']))
    }
    try {
      this.#resolve(this.#response(statusCode, headers))
    } catch (error) {
      // A status that no `Response` can have.
      this.#reject(error as Error)
    }
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.isSettled) this.exchange?.received()
    this.#byteCount += chunk.length
    if (this.#byteCount > MOST_MESSAGE_BYTES) this.#refuse()
    else if (this.#body) this.#take(chunk)
  }

  /** The SDK takes some turns of the event loop for each piece, so what comes in one turn is given to it together. */
  #take(chunk: Buffer): void {
    if (this.#isStream && this.#byteCount >= UNSUSPECTED_LENGTH && this.#isBomb(chunk)) {
      this.#refuse()
    } else if (this.#isStream && !this.#isHandingOut) {
      this.#isHandingOut = true
      this.#body!.enqueue(chunk)
      queueMicrotask(this.#handOut)
    } else this.#waiting.add(chunk)
  }

  /** Of one event, which a blank line ends, as of one text of JSON. */
  #isBomb(chunk: Buffer): boolean {
    const end = chunk.lastIndexOf(EVENT_END)
    if (end !== -1) this.#values = 0
    this.#values += valuesIn(end === -1 ? chunk : chunk.subarray(end))
    return this.#values > MOST_VALUES
  }

  readonly #handOut = (): void => {
    this.#isHandingOut = false
    if (this.#waiting.byteCount === 0) return
    const bytes = this.#waiting.bytes()
    this.#waiting.clear()
    if (hasTooManyValues(bytes)) this.#refuse()
    else this.#body?.enqueue(bytes)
  }

  onResponseEnd(): void {
    this.#handOut()
    this.#isWhole = true
    // A body is closed once the SDK has taken all of it: it may lag behind by more than any count of turns.
    if (this.#body === null || this.#body.desiredSize! > 0) this.#finish()
    this.#replies.ended(this, null)
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#body?.error(error)
    this.#body = null
    if (this.statusCode === 0) this.#reject(error)
    else if (!this.isSettled) this.exchange?.brokenOff(error)
    this.#replies.read(this)
    this.#replies.ended(this, error)
  }

  #refuse(): void {
    if (this.#isGivenUp) return
    this.#waiting.clear()
    if (!this.isSettled) this.exchange?.tooLarge(MOST_MESSAGE_BYTES)
    this.abort()
  }

  #response(status: number, headers: Headers): Response {
    this.#isStream = textOf(headers['content-type'])?.includes('text/event-stream') ?? false
    const init = { status, headers: headersOf(headers) }
    // These have no body, and a `Response` refuses to be given one.
    if (status === 202 || status === 204 || status === 205 || status === 304) return new Response(null, init)
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#body = controller
      },
      pull: () => {
        if (this.#isWhole) this.#finish()
      },
      cancel: () => {
        this.#body = null
        if (this.#isWhole) this.#finish()
      },
    })
    return new Response(body, init)
  }

  #finish(): void {
    this.#body?.close()
    this.#body = null
    // Of another status the SDK makes an error. It says nothing of a reply that ends without the result.
    if (this.statusCode < 300) this.#await(READ_TURNS)
    else this.#replies.read(this)
  }

  #await(turns: number): void {
    if (turns > 0 && !this.isSettled) {
      setImmediate(() => this.#await(turns - 1))
      return
    }
    this.#replies.read(this)
    if (!this.isSettled) this.exchange?.unanswered(this.complaint)
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
