import { type Metadata, status } from '@grpc/grpc-js'
import type { Service } from '../service.ts'
import { type AnyCall, CallScope } from './call-scope.ts'
import { StatusError, toStatusError } from './status.ts'

/** The half of a call that replies are written to, whatever its requests are. */
interface ReplyCall<Reply> extends AnyCall {
  on(event: 'cancelled' | 'drain' | 'finish' | 'close', listener: () => void): unknown
  emit(event: 'error', error: Error): boolean
  write(reply: Reply): boolean
  end(trailer?: Metadata): unknown
}

/** What holding a reply back costs beside its text. */
const replyOverheadBytes = 64

/**
 * The replies of one streaming call. While the client does not read, they are held back as bare text and framed only
 * when there is room; a call that holds too many is given up.
 */
export class ReplyStream<Reply> {
  readonly scope: CallScope
  readonly #service: Service
  readonly #call: ReplyCall<Reply>
  #blocked = false
  #held: { frame: (text: string) => Reply; text: string }[] = []
  #heldBytes = 0
  #failure: StatusError | null = null
  #room: PromiseWithResolvers<void> | null = null

  constructor(service: Service, call: ReplyCall<Reply>) {
    this.#service = service
    this.#call = call
    this.scope = new CallScope(service, call)
    call.on('drain', () => this.#onDrain())
    // Only now have all replies been taken by HTTP/2, whose windows are the client's.
    call.on('finish', () => this.scope.finish(this.#failure?.code ?? status.OK))
    call.on('close', () => this.#tellRoom())
  }

  /** Sends the reply that `frame` makes of a text, after those that are held back. */
  send(frame: (text: string) => Reply, text: string): void {
    if (this.#isOver()) return
    if (!this.#blocked) {
      this.#blocked = !this.#call.write(frame(text))
      return
    }
    this.#held.push({ frame, text })
    this.#heldBytes += text.length + replyOverheadBytes
    if (this.#heldBytes > this.#service.limits.streamBufferBytes) {
      this.fail(new StatusError(status.RESOURCE_EXHAUSTED, 'the stream was read too slowly and given up'))
    }
  }

  /** Resolves once the client reads as fast as replies come, or the call is over. */
  async room(): Promise<void> {
    if (!this.#blocked || this.#isOver()) return
    this.#room ??= Promise.withResolvers()
    await this.#room.promise
  }

  /** Ends the call well, once all replies are out. */
  async end(trailer?: Metadata): Promise<void> {
    await this.room()
    if (!this.#isOver()) this.#call.end(trailer)
  }

  /** Ends the call with an error, and gives up what runs for it. */
  fail(error: unknown): void {
    if (this.#isOver()) return
    const known = toStatusError(error)
    if (!known) this.#service.onBug(error)
    this.#failure = known ?? new StatusError(status.INTERNAL, 'the call broke off')
    this.#held = []
    this.scope.abort()
    // This is how grpc-js is told of a status.
    this.#call.emit('error', this.#failure)
    this.#tellRoom()
  }

  #isOver(): boolean {
    return this.scope.over || this.#failure !== null
  }

  #onDrain(): void {
    this.#blocked = false
    let sent = 0
    while (sent < this.#held.length && !this.#blocked && !this.#isOver()) {
      const { frame, text } = this.#held[sent++]!
      this.#heldBytes -= text.length + replyOverheadBytes
      this.#blocked = !this.#call.write(frame(text))
    }
    this.#held.splice(0, sent)
    if (this.#held.length === 0) this.#tellRoom()
  }

  #tellRoom(): void {
    this.#room?.resolve()
    this.#room = null
  }
}
