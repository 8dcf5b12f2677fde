import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import type { Limits } from '../limits.ts'
import type { WebSocketOptions } from './options.ts'

/** Tokens wait in their generation while more than this waits in the socket. */
const tokenRoomBytes = 128 * 1024
/**
 * Nothing is read while more than this waits in the socket. Tokens alone never come here, so that a client
 * that reads them slowly can still cancel them.
 */
const replyRoomBytes = 1024 * 1024

/** Close codes of RFC 6455, section 7.4, and one of our own. */
export const closeCodes = {
  normal: 1000,
  goingAway: 1001,
  unsupportedData: 1003,
  tryAgainLater: 1013,
  takenOver: 4000,
} as const

/** How often a connection is to be checked, so that what it waits for is found little later than it comes. */
export function checkPeriodMs({ pingMs, idleMs }: WebSocketOptions, { stallMs }: Limits): number {
  return Math.min(1_000, Math.max(10, Math.min(pingMs, idleMs, stallMs) / 4))
}

/** A net.Socket or a TLS socket, as the upgrade of a request hands it over. */
type CountingSocket = Duplex & { bytesRead: number }

/** One WebSocket: sends within bounds, and tells one that lives from one that does not. */
export class Connection {
  /** Whether the client agreed to text messages only. */
  readonly textOnly: boolean
  readonly #ws: WebSocket
  readonly #socket: CountingSocket
  readonly #options: WebSocketOptions
  readonly #stallMs: number
  readonly #onSent = (): void => this.#sent()
  #onMessage: (bytes: Buffer, isBinary: boolean) => void = () => {}
  #onRoom: () => void = () => {}
  #isFull = false
  #isClosing = false
  /** The client's messages in flight, in bytes, may hold up reading, too. */
  #isLoaded = false
  #sentCount = 0
  #seenSentCount = 0
  #sentMs: number
  #seenBytesRead = 0
  #heardMs: number
  #isPinged = false
  #wasUsed = false
  #activeMs: number

  constructor(ws: WebSocket, socket: Duplex, options: WebSocketOptions, limits: Limits) {
    this.#ws = ws
    this.#socket = socket as CountingSocket
    this.#options = options
    this.#stallMs = limits.stallMs
    this.textOnly = ws.protocol === 'infer-bench.json'
    this.#heardMs = this.#sentMs = this.#activeMs = performance.now()
    // Every error closes the connection, and that is told by `close`.
    ws.on('error', () => {})
    ws.on('message', (bytes: Buffer, isBinary: boolean) => {
      this.#wasUsed = true
      if (!this.#isClosing) this.#onMessage(bytes, isBinary)
    })
  }

  /**
   * Takes the place of whoever listened before.
   * @param onRoom Called when `hasRoom` has become true again.
   */
  listen(onMessage: (bytes: Buffer, isBinary: boolean) => void, onRoom: () => void): void {
    this.#onMessage = onMessage
    this.#onRoom = onRoom
  }

  /** Called once, with the client's close code, or 1005 or 1006 if it sent none. */
  onceClosed(onClosed: (code: number) => void): void {
    this.#ws.once('close', (code: number) => {
      this.#isClosing = true
      onClosed(code)
    })
  }

  /** False while a token should wait. */
  get hasRoom(): boolean {
    return !this.#isFull && !this.#isClosing
  }

  /** What was sent and waits in the socket, in bytes. */
  get waitingBytes(): number {
    return this.#ws.bufferedAmount
  }

  /** A string as a text message, bytes as a binary one. */
  send(message: string | Buffer): void {
    if (this.#isClosing) return
    this.#ws.send(message, this.#onSent)
    if (this.#isFull || this.#ws.bufferedAmount <= tokenRoomBytes) {
      if (this.#ws.bufferedAmount > replyRoomBytes) this.#pace()
      return
    }
    this.#isFull = true
    this.#sentMs = performance.now()
    this.#pace()
  }

  /** Whether what the client has sent already is so much that no more should be read for now. */
  set isLoaded(isLoaded: boolean) {
    if (isLoaded === this.#isLoaded) return
    this.#isLoaded = isLoaded
    this.#pace()
  }

  /** Begins to close. What the client sends from now on is not listened to any more. */
  close(code: number, reason: string): void {
    if (this.#isClosing) return
    this.#isClosing = true
    this.#ws.resume()
    this.#ws.close(code, reason)
  }

  terminate(): void {
    this.#ws.terminate()
  }

  /** @param isBusy Whether the session has calls, which keep it from being idle. */
  check(nowMs: number, isBusy: boolean): void {
    if (this.#isClosing) return
    if (isBusy || this.#wasUsed) this.#activeMs = nowMs
    this.#wasUsed = false
    if (!this.#isFull || this.#sentCount !== this.#seenSentCount) {
      this.#seenSentCount = this.#sentCount
      this.#sentMs = nowMs
    }
    if (nowMs - this.#activeMs > this.#options.idleMs) this.close(closeCodes.normal, 'idle')
    // Who has read nothing for so long would not read a close frame.
    else if (nowMs - this.#sentMs > this.#stallMs) this.terminate()
    else this.#checkLife(nowMs)
  }

  #checkLife(nowMs: number): void {
    const { pingMs } = this.#options
    // Bytes tell what messages cannot: that a large one is on its way.
    if (this.#socket.bytesRead !== this.#seenBytesRead || this.#ws.isPaused) {
      this.#seenBytesRead = this.#socket.bytesRead
      this.#heardMs = nowMs
      this.#isPinged = false
    } else if (!this.#isPinged && nowMs - this.#heardMs > pingMs) {
      this.#isPinged = true
      this.#ws.ping()
    } else if (nowMs - this.#heardMs > 2 * pingMs) {
      this.terminate()
    }
  }

  #sent(): void {
    this.#sentCount++
    if (!this.#isFull) return
    this.#pace()
    if (this.#ws.bufferedAmount > tokenRoomBytes / 2) return
    this.#isFull = false
    if (!this.#isClosing) this.#onRoom()
  }

  #pace(): void {
    if (this.#isClosing) return
    if (this.#isLoaded || this.#ws.bufferedAmount > replyRoomBytes) this.#ws.pause()
    else if (this.#ws.isPaused) this.#ws.resume()
  }
}
