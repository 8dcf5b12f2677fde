import type { WebSocket } from 'ws'
import type { CallSlot } from '../driver.ts'

/** A client whose messages wait in more bytes than this is told to wait. */
const ROOM_BYTES = 256 * 1024

/** One call on a connection. Pooled by its session, like the call slots. */
export class Exchange {
  call: CallSlot | null = null
  /** Names the call to the server. Each call of an exchange has one of its own, and its place is always told by it. */
  id: number
  hasReply = false
  /** Its call's reader makes a pause. */
  isPaused = false
  /** The index of the last message of its stream that has come, where messages tell it; -1 for none. */
  last = -1
  readonly #step: number
  /** Messages handed to the library, and handed on by it to the socket, over all calls of this exchange. */
  #sends = 0
  #written = 0
  /** Messages that were handed over before this call's. */
  #before = 0
  #isFull = false
  #ws: WebSocket | null = null

  /** `step`: how many exchanges a connection has, so that no two ever have the same id. */
  constructor(place: number, step: number) {
    this.id = place
    this.#step = step
  }

  begin(call: CallSlot): void {
    this.call = call
    this.id += this.#step
    this.hasReply = false
    this.isPaused = false
    this.last = -1
    this.#before = this.#sends
    this.#isFull = false
  }

  /** Its call goes on over another connection, which knows nothing of what was handed to the one before. */
  moved(): void {
    this.#sends = this.#written = this.#before = 0
    this.#isFull = false
  }

  /** False: the message is taken, and the next one waits for `writable`. */
  send(ws: WebSocket, message: Uint8Array, options: { binary: boolean }): boolean {
    this.#sends++
    this.#ws = ws
    ws.send(message, options, this.#onWritten)
    this.#isFull = ws.bufferedAmount > ROOM_BYTES
    return !this.#isFull
  }

  /** Once per message, in their order; also for one that could not be written any more. */
  readonly #onWritten = (error?: Error | null): void => {
    this.#written++
    const { call } = this
    // A reply may have come before the request was written in full: then this is of the call before.
    if (!call || error || this.#written <= this.#before) return
    if (this.#written === this.#before + 1) call.written()
    if (!this.#isFull || this.#ws!.bufferedAmount > ROOM_BYTES) return
    this.#isFull = false
    call.writable()
  }
}
