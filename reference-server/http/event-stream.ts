import type { Timing } from '../runtime/runtime.ts'
import type { Exchange } from './exchange.ts'
import { serverTiming } from './server-timing.ts'

/** What holding a token back costs beside its characters. */
const tokenOverheadBytes = 16

/**
 * A reply as server-sent events, one per token. It opens with its first event: until then an error can
 * still be told by status. While the client does not read, tokens are held back as bare text, framed only
 * when there is room, and given up on when there are too many.
 */
export class EventStream {
  readonly #exchange: Exchange
  readonly #frame: (text: string) => string
  readonly #onOverflow: () => void
  readonly #wantsTrailers: boolean
  #opened = false
  #blocked = false
  #held: string[] = []
  #heldBytes = 0
  #onDrained: (() => void) | null = null

  /**
   * @param frame Makes the whole event of one token's text.
   * @param onOverflow Called once the reader is so slow that its generation should be given up.
   */
  constructor(exchange: Exchange, frame: (text: string) => string, onOverflow: () => void) {
    this.#exchange = exchange
    this.#frame = frame
    this.#onOverflow = onOverflow
    const { te } = exchange.request.headers
    // RFC 9110, section 6.5.1: trailers only for those who say that they take them.
    this.#wantsTrailers = typeof te === 'string' && /\btrailers\b/i.test(te)
  }

  /** Opens the reply, with a first event if there is one to send before the first token. */
  open(firstEvent: string | null): void {
    if (this.#opened || this.#exchange.closed) return
    this.#opened = true
    const { response, service, isHttp2 } = this.#exchange
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
      ...(this.#wantsTrailers && { trailer: 'server-timing' }),
      ...(service.stopping && !isHttp2 && { connection: 'close' }),
    })
    response.on('drain', () => this.#onDrain())
    if (firstEvent !== null) this.#write(firstEvent)
  }

  token(text: string): void {
    if (this.#exchange.closed) return
    if (!this.#blocked) {
      this.#write(this.#frame(text))
      return
    }
    this.#held.push(text)
    this.#heldBytes += text.length + tokenOverheadBytes
    if (this.#heldBytes > this.#exchange.service.limits.streamBufferBytes) this.#onOverflow()
  }

  /** Sends the last events once all tokens are out. Resolves when they were handed over or the client left. */
  async end(lastEvents: string, timing: Timing | null): Promise<void> {
    const { response } = this.#exchange
    if (this.#held.length > 0 && !this.#exchange.closed) {
      await new Promise<void>((resolve) => {
        this.#onDrained = resolve
        response.once('close', resolve)
      })
    }
    if (this.#exchange.closed) return
    if (timing && this.#wantsTrailers) response.addTrailers({ 'server-timing': serverTiming(timing) })
    // On HTTP/2, Node 26 drops what waits to be written when end() is given an empty string.
    if (lastEvents === '') response.end()
    else response.end(lastEvents)
  }

  #write(event: string): void {
    this.#blocked = !this.#exchange.response.write(event)
  }

  #onDrain(): void {
    this.#blocked = false
    let sent = 0
    while (sent < this.#held.length && !this.#blocked && !this.#exchange.closed) {
      const text = this.#held[sent++]!
      this.#heldBytes -= text.length + tokenOverheadBytes
      this.#write(this.#frame(text))
    }
    this.#held.splice(0, sent)
    if (this.#held.length === 0) this.#onDrained?.()
  }
}
