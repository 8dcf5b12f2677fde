import { HttpError, invalid } from '../http/errors.ts'
import type { GenerateReply } from '../runtime/runtime.ts'
import { doneMessage, errorMessage, tokenMessage, tokenPrefix } from './messages.ts'

/** What holding a token, or a generation at all, costs beside its characters. */
const tokenOverheadBytes = 16
const generationOverheadBytes = 1024

/**
 * One generation as its session's client is told of it: its tokens by index and its last message. What was
 * sent is kept for a while, because a client that lost its connection may not have received it.
 */
export class Generation {
  readonly id: string
  /** False between a reconnect and the moment when the client says what it has. */
  isFlowing = true
  /** What it holds, in bytes; the transcript that it belongs to keeps the sum. */
  heldBytes: number
  readonly #abort = new AbortController()
  readonly #prefix: string
  /** The tokens that are held; the first of them has the index #firstIndex. */
  readonly #texts: string[] = []
  #firstIndex = 0
  #nextIndex = 0
  #failure: HttpError | null = null
  #lastMessage: string | null = null
  #isLastSent = false
  #finishedMs = Number.POSITIVE_INFINITY

  constructor(id: string) {
    this.id = id
    this.#prefix = tokenPrefix(id)
    this.heldBytes = generationOverheadBytes + id.length
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  cancel(): void {
    this.#abort.abort()
  }

  /** Gives it up; the client is told why once the tokens before were sent. */
  giveUp(failure: HttpError): void {
    this.#failure ??= failure
    this.#abort.abort()
  }

  /** @returns What it holds more, in bytes. */
  add(text: string): number {
    const byteCount = text.length + tokenOverheadBytes
    this.#texts.push(text)
    this.heldBytes += byteCount
    return byteCount
  }

  /** @returns The HTTP status that says how it went. */
  finish(reply: GenerateReply): number {
    if (this.#failure) return this.fail(this.#failure)
    this.#end(doneMessage(this.id, reply))
    return reply.finishReason === 'cancelled' ? 499 : 200
  }

  fail(error: HttpError): number {
    this.#end(errorMessage(this.id, error))
    return error.status
  }

  #end(lastMessage: string): void {
    this.#lastMessage = lastMessage
    this.#finishedMs = performance.now()
  }

  /** The next message for the client; null when there is none for now. */
  next(): string | null {
    const text = this.#texts[this.#nextIndex - this.#firstIndex]
    if (text !== undefined) return tokenMessage(this.#prefix, this.#nextIndex++, text)
    if (this.#isLastSent || this.#lastMessage === null) return null
    this.#isLastSent = true
    return this.#lastMessage
  }

  /** True once its last message was sent. */
  get isTold(): boolean {
    return this.#isLastSent
  }

  /** Whether it ended before `ms`, on the clock of performance.now(). */
  endedBefore(ms: number): boolean {
    return this.#finishedMs < ms
  }

  /**
   * Goes on after a token that the client has; -1 begins with the first.
   * @throws HttpError 400 for a token that does not exist yet, 410 when those after it are not held any more.
   */
  rewind(after: number): void {
    const endIndex = this.#firstIndex + this.#texts.length
    if (after >= endIndex) throw invalid(`token ${after} does not exist yet; the next one is ${endIndex}`)
    if (after + 1 < this.#firstIndex) {
      const message = `tokens before ${this.#firstIndex} are not held any more`
      throw new HttpError(410, 'tokens_lost', message)
    }
    this.#nextIndex = after + 1
    this.#isLastSent = false
    this.isFlowing = true
  }

  /** Forgets what was sent: all of it, or the older half. @returns What it holds less, in bytes. */
  forgetSent(all: boolean): number {
    const sentCount = this.#nextIndex - this.#firstIndex
    // Half at a time, because taking single tokens from the front of the list would move all the others.
    const count = all ? sentCount : Math.ceil(sentCount / 2)
    let byteCount = 0
    for (const text of this.#texts.splice(0, count)) byteCount += text.length + tokenOverheadBytes
    this.#firstIndex += count
    this.heldBytes -= byteCount
    return byteCount
  }
}
