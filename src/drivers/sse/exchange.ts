import type { Buffer } from 'node:buffer'
import { createParser, type EventSourceMessage, type EventSourceParser } from 'eventsource-parser'
import type { Dispatcher } from 'undici'
import {
  type Content,
  clearContent,
  DecodeError,
  type HttpCodec,
  newContent,
} from '../../dialects/dialect.ts'
import { type CallSlot, failure, type Outcome, SUCCESS } from '../driver.ts'
import { Body } from '../http/body.ts'
import { Exchange } from '../http/exchange.ts'
import { SAMPLE_BYTES, statusOutcome } from '../http/outcome.ts'
import type { HttpSession } from '../http/session.ts'
import { Utf8Stream } from './utf8-stream.ts'

/** Characters that one event may have. A longer one would let a server fill the client's memory. */
const MOST_EVENT_CHARACTERS = 16 * 1024 * 1024
/** Lines that may come without an event: the parser keeps each by itself, and an empty one costs the memory of many characters. */
const MOST_EVENT_LINES = 1024 * 1024

/** A server that wishes to be left alone for longer than a call may take is not heeded: the call would time out. */
const LONGEST_RETRY_MS = 60_000

/** A stream that goes on with what is not HTTP is not only cut. */
const NO_HTTP = new Set(['http.parse', 'h2.protocol'])

/** Reads a reply that arrives as events. */
export class EventExchange extends Exchange {
  readonly #codec: HttpCodec
  /** Whether a stream that is cut goes on over another connection. */
  readonly #resumes: boolean
  readonly #content: Content = newContent()
  readonly #text = new Utf8Stream()
  readonly #parser: EventSourceParser
  /** The `id` that came last in the stream; null as long as none has. */
  #lastId: string | null = null
  #isEventStream = false
  #isDone = false
  #broken: Outcome | null = null
  #hasEvent = false
  /** Since the last event, about. */
  #lines = 0
  readonly #errorBody = new Body()

  constructor(codec: HttpCodec, session: HttpSession, resumes: boolean) {
    super(session)
    this.#codec = codec
    this.#resumes = resumes
    this.#parser = createParser({
      onEvent: (event) => this.#event(event),
      onRetry: (retryMs) => {
        this.retryMs = Math.min(retryMs, LONGEST_RETRY_MS)
      },
      onError: (error) => {
        // Unknown fields are legal and ignored; only a buffer that runs over ends the stream.
        if (error.type === 'max-buffer-size-exceeded') {
          this.#broken = failure('response', 'sse.parse', error.type, 'an event larger than 16 Mi characters')
        }
      },
      maxBufferSize: MOST_EVENT_CHARACTERS,
    })
  }

  override begin(call: CallSlot): void {
    super.begin(call)
    this.retryMs = 0
    this.#lastId = null
    this.#isDone = false
    this.#broken = null
    this.#lines = 0
    this.#errorBody.clear()
    this.#parser.reset()
    this.#text.reset()
  }

  override again(): string[] {
    this.#lines = 0
    this.#parser.reset()
    this.#text.reset()
    return [...super.again(), 'last-event-id', this.#lastId ?? '']
  }

  protected readHead(headers: Record<string, string | string[] | undefined>): void {
    this.#isEventStream = String(headers['content-type'] ?? '').startsWith('text/event-stream')
    if (this.isAgain && this.call && this.#isEventStream && this.statusCode < 300) this.session.resumed()
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const { call } = this
    if (!call) return
    if (this.statusCode >= 300 || !this.#isEventStream) {
      if (this.#errorBody.byteCount < SAMPLE_BYTES) this.#errorBody.add(chunk)
      return
    }
    call.received()
    const text = this.#text.decode(chunk)
    if (text === null) this.#broken = failure('response', 'decode', 'utf8', 'the stream is not valid UTF-8')
    else this.#feed(text)
    if (this.#broken) this.#giveUp(call, this.#broken)
    else call.decoded()
  }

  #feed(text: string): void {
    this.#hasEvent = false
    this.#parser.feed(text)
    this.#lines = this.#hasEvent ? 0 : this.#lines + linesIn(text)
    if (this.#lines > MOST_EVENT_LINES) {
      this.#broken = failure('response', 'sse.parse', 'lines', 'more than 1 Mi lines without an event')
    }
  }

  onResponseEnd(): void {
    const { call } = this
    if (!call) return
    if (this.#codec.endMark && !this.#isDone && this.#canGoOn()) {
      this.session.interrupted(this)
      return
    }
    call.lastByte()
    const outcome = this.#outcome()
    this.session.finished(this)
    call.end(outcome)
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const { call } = this
    if (!call) return
    if (this.#canGoOn()) {
      this.session.interrupted(this)
      return
    }
    let outcome = this.session.outcomeOf(error, this.statusCode > 0)
    if (this.statusCode >= 200 && this.statusCode < 300 && !NO_HTTP.has(outcome.class)) {
      const sample = `the stream ended before its end: ${error.message}`
      outcome = failure('response', 'sse.truncated', codeOf(error), sample)
    }
    this.session.failed(this, error, outcome)
  }

  /** Without an id nobody can say where the stream was. */
  #canGoOn(): boolean {
    const isStream = this.#isEventStream && this.statusCode >= 200 && this.statusCode < 300
    return this.#resumes && isStream && this.#lastId !== null && !this.#broken
  }

  #event(event: EventSourceMessage): void {
    const { call } = this
    this.#hasEvent = true
    if (!call || this.#broken) return
    if (event.id !== undefined) this.#lastId = event.id
    const content = this.#content
    clearContent(content)
    try {
      this.#codec.chunk(event.data, event.event, content)
    } catch (error) {
      const errorClass = error instanceof DecodeError ? 'decode' : 'sse.parse'
      this.#broken = failure('response', errorClass, '', (error as Error).message.slice(0, SAMPLE_BYTES))
      return
    }
    call.content(content.tokens, content.payloadBytes)
    if (content.totalTokens >= 0) call.tokens(content.totalTokens)
    if (content.done) this.#isDone = true
  }

  #outcome(): Outcome {
    if (this.statusCode >= 300)
      return statusOutcome(this.statusCode, this.#errorBody.bytes(), this.retryAfter)
    if (!this.#isEventStream) {
      return failure('response', 'sse.parse', 'content-type', 'the reply is not text/event-stream')
    }
    if (this.#codec.endMark && !this.#isDone) {
      return failure('response', 'sse.truncated', '', `the stream ended without ${this.#codec.endMark}`)
    }
    return SUCCESS
  }

  #giveUp(call: CallSlot, outcome: Outcome): void {
    this.session.cancel(call)
    call.end(outcome)
  }
}

function linesIn(text: string): number {
  let lines = 0
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines++
  return lines
}

function codeOf(error: Error & { code?: string }): string {
  return error.code ?? ''
}
