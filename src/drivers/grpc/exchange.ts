import type { Buffer } from 'node:buffer'
import {
  type ClientDuplexStream,
  type ClientReadableStream,
  type ClientUnaryCall,
  type ClientWritableStream,
  type Metadata,
  type StatusObject,
  status,
} from '@grpc/grpc-js'
import { type Content, clearContent, newContent } from '../../dialects/dialect.ts'
import { type CallSlot, failure, SUCCESS } from '../driver.ts'
import { readServerTiming } from '../server-timing.ts'
import { TRACEPARENT, type TraceIds } from '../trace.ts'
import { endedWithinMessage } from './half-message.ts'
import { isOfConnection, statusOutcome } from './outcome.ts'
import type { GrpcSession } from './session.ts'

const SAMPLE_CHARACTERS = 300

/** The status says that all is well, and it is not. */
const TRUNCATED = failure(
  'response',
  'grpc.truncated',
  '',
  'the call ended with OK, and without the whole of its message',
)

const identity = (message: Buffer): Buffer => message

type AnyCall =
  | ClientUnaryCall
  | ClientReadableStream<Buffer>
  | ClientWritableStream<Buffer>
  | ClientDuplexStream<Buffer, Buffer>

/** What grpc-js tells of one call at a time. Pooled by its session, like the call slots; its listeners are made once. */
export class Exchange {
  call: CallSlot | null = null
  readonly #session: GrpcSession
  readonly #content: Content = newContent()
  readonly #timing = { queueMs: Number.NaN, computeMs: Number.NaN }
  #grpcCall: AnyCall | null = null
  /** Where a streaming client's messages go. */
  #requests: ClientWritableStream<Buffer> | ClientDuplexStream<Buffer, Buffer> | null = null
  /** Where messages of a reply that streams come from. */
  #replies: ClientReadableStream<Buffer> | ClientDuplexStream<Buffer, Buffer> | null = null
  #hasReply = false
  #reply: Buffer | null = null
  #status: StatusObject | null = null
  #hasEnded = false

  constructor(session: GrpcSession) {
    this.#session = session
  }

  begin(call: CallSlot): void {
    this.call = call
    this.#hasReply = false
    this.#reply = null
    this.#status = null
    this.#hasEnded = false
  }

  /** Starts the call on the wire, with its first message. */
  send(message: Buffer): void {
    const { client, template } = this.#session
    const { kind, path, trace } = template
    const metadata = trace === null ? template.metadata : this.#traced(trace, template.metadata)
    switch (kind) {
      case 'unary': {
        const call = client.makeUnaryRequest(path, identity, identity, message, metadata, this.#onReply)
        this.#grpcCall = call
        call.on('metadata', this.#onMetadata)
        call.on('status', this.#onStatusOfOne)
        return
      }
      case 'client-stream': {
        const call = client.makeClientStreamRequest(path, identity, identity, metadata, this.#onReply)
        this.#grpcCall = call
        call.on('metadata', this.#onMetadata)
        call.on('status', this.#onStatusOfOne)
        call.on('error', ignore)
        this.#write(call, message)
        return
      }
      case 'server-stream': {
        const call = client.makeServerStreamRequest(path, identity, identity, message, metadata)
        this.#listen(call)
        return
      }
      case 'bidi': {
        const call = client.makeBidiStreamRequest(path, identity, identity, metadata)
        this.#listen(call)
        this.#write(call, message)
        return
      }
    }
  }

  /** One more message of a stream. False: it is kept until there is room, which is told then. */
  sendMore(message: Buffer): boolean {
    return this.#requests?.write(message) ?? true
  }

  finish(): void {
    this.#requests?.end()
  }

  /** grpc-js then asks HTTP/2 for no further message once it holds 16 of them; one that comes whole is not paused. */
  pause(on: boolean): void {
    if (on) this.#replies?.pause()
    else this.#replies?.resume()
  }

  /** No more of the reply is wanted. */
  abort(): void {
    this.#grpcCall?.cancel()
  }

  /** What is the same for all calls, and the trace of this one. grpc-js may hold it for as long as the call goes on. */
  #traced(trace: TraceIds, common: Metadata): Metadata {
    const call = this.call!
    call.traceNumber = trace.next()
    const metadata = common.clone()
    metadata.set(TRACEPARENT, trace.header(call.traceNumber))
    return metadata
  }

  #write(call: ClientWritableStream<Buffer> | ClientDuplexStream<Buffer, Buffer>, message: Buffer): void {
    this.#requests = call
    call.on('drain', this.#onDrain)
    call.write(message)
  }

  #listen(call: ClientReadableStream<Buffer> | ClientDuplexStream<Buffer, Buffer>): void {
    this.#grpcCall = this.#replies = call
    call.on('metadata', this.#onMetadata)
    call.on('data', this.#onMessage)
    call.on('end', this.#onEnd)
    call.on('status', this.#onStatusOfMany)
    // A failure is told as a status, too.
    call.on('error', ignore)
  }

  readonly #onDrain = (): void => {
    this.call?.writable()
  }

  readonly #onMetadata = (): void => {
    this.#hasReply = true
    this.call?.firstByte()
  }

  readonly #onReply = (_error: Error | null, message?: Buffer): void => {
    this.#reply = message ?? null
  }

  /** The reply of a unary or client-streaming call is here as a whole. */
  readonly #onStatusOfOne = (told: StatusObject): void => {
    const { call } = this
    if (!call) return
    call.lastByte()
    if (told.code !== status.OK) {
      this.#fail(told)
      return
    }
    if (!this.#reply) {
      this.#session.givenUp(this, TRUNCATED)
      return
    }
    if (!this.#decode(call, this.#reply)) return
    this.#succeed(call, told)
  }

  readonly #onMessage = (message: Buffer): void => {
    const { call } = this
    if (!call) return
    call.received()
    this.#decode(call, message)
  }

  readonly #onStatusOfMany = (told: StatusObject): void => {
    const { call } = this
    if (!call) return
    if (told.code !== status.OK) {
      call.lastByte()
      this.#fail(told)
      return
    }
    this.#status = told
    if (this.#hasEnded) this.#endStream(call, told)
  }

  /** Messages may still be on their way out of the stream when the status is told. */
  readonly #onEnd = (): void => {
    this.#hasEnded = true
    if (this.call && this.#status) this.#endStream(this.call, this.#status)
  }

  #endStream(call: CallSlot, told: StatusObject): void {
    call.lastByte()
    if (endedWithinMessage(this.#grpcCall!)) this.#session.givenUp(this, TRUNCATED)
    else this.#succeed(call, told)
  }

  #decode(call: CallSlot, message: Buffer): boolean {
    const content = this.#content
    clearContent(content)
    try {
      this.#session.template.codec.decodeMessage(message, content)
    } catch (error) {
      const sample = (error as Error).message.slice(0, SAMPLE_CHARACTERS)
      this.#session.givenUp(this, failure('response', 'decode', '', sample))
      return false
    }
    call.content(content.tokens, content.payloadBytes)
    call.decoded()
    if (content.totalTokens >= 0) call.tokens(content.totalTokens)
    return true
  }

  #succeed(call: CallSlot, { metadata }: StatusObject): void {
    const [timing] = metadata.get('server-timing')
    if (typeof timing === 'string' && readServerTiming(timing, this.#timing)) call.server(this.#timing)
    this.#session.finished(this)
    call.end(SUCCESS)
  }

  #fail(told: StatusObject): void {
    const outcome = statusOutcome(told, this.#hasReply, this.#session.loss)
    // A call is told so before its connection is: the next one must not be sent into it.
    if (isOfConnection(outcome)) this.#session.doom()
    // Of a stream that failed, grpc-js may still tell its end: it must not reach the next call.
    this.#session.givenUp(this, outcome)
  }
}

function ignore(): void {}
