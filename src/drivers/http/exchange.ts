import type { Dispatcher } from 'undici'
import type { CallSlot } from '../driver.ts'
import type { RetryAfter } from '../retry-after.ts'
import { retryAfterOf } from './retry-after.ts'
import type { HttpSession } from './session.ts'
import { RefusedStreamError } from './single-client.ts'

type Headers = Record<string, string | string[] | undefined>

/** Reads one reply, as undici tells of it. Pooled by its session, like the call slots. */
export abstract class Exchange implements Dispatcher.DispatchHandler {
  /** The call whose reply it reads; null between calls. */
  call: CallSlot | null = null
  /** How long the server wishes to be left alone before it is asked to go on. */
  retryMs = 0
  protected readonly session: HttpSession
  /** 0 as long as none has come. */
  protected statusCode = 0
  /** The wait that a refusal asks for. */
  protected retryAfter: RetryAfter | undefined = undefined
  /** The request goes out another time, for the rest of a reply: the call has its stamps already. */
  protected isAgain = false
  #controller: Dispatcher.DispatchController | null = null
  #isPaused = false

  constructor(session: HttpSession) {
    this.session = session
  }

  begin(call: CallSlot): void {
    this.call = call
    this.statusCode = 0
    this.isAgain = false
    this.#controller = null
    this.#isPaused = false
  }

  /** The request is about to go out another time. Returns the headers, name by value, that ask for the rest. */
  again(): string[] {
    this.statusCode = 0
    this.isAgain = true
    this.#controller = null
    return []
  }

  /** Undici reads a connection, or a stream of HTTP/2, no further once it has told what it has. */
  pause(on: boolean): void {
    this.#isPaused = on
    if (on) this.#controller?.pause()
    else this.#controller?.resume()
  }

  /** No more of the reply is wanted: closes the stream (HTTP/2) or the connection. */
  abort(): void {
    this.#controller?.abort(new Error('given up'))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (!this.call || this.#controller) {
      // Of a call that goes on, a second start is one that undici makes by itself.
      controller.abort(this.call ? new RefusedStreamError() : new Error('given up'))
      return
    }
    this.#controller = controller
    // A stream that goes on over another connection is not read there either, while its reader pauses.
    if (this.#isPaused) controller.pause()
  }

  onRequestSent(): void {
    if (!this.isAgain) this.call?.written()
  }

  onResponseStart(_controller: Dispatcher.DispatchController, statusCode: number, headers: Headers): void {
    if (statusCode < 200) return
    if (!this.isAgain) this.call?.firstByte()
    if (headers.connection === 'close') this.session.doom()
    this.statusCode = statusCode
    this.retryAfter = retryAfterOf(statusCode, headers)
    this.readHead(headers)
  }

  abstract onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void
  abstract onResponseEnd(): void
  abstract onResponseError(controller: Dispatcher.DispatchController, error: Error): void
  protected abstract readHead(headers: Headers): void
}
