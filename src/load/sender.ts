import type { StreamingSession } from '../drivers/driver.ts'
import type { Call } from './call.ts'
import type { Clock } from './clock.ts'

/** What a call sends whose client streams. */
export interface Messages {
  count: number
  /** From one message to the next, counted from the first; 0: as fast as the connection takes them. */
  intervalMs: number
}

/** Sends the messages of calls that have several, and then says that no more will come. */
export class Sender {
  readonly #clock: Clock
  readonly #messages: Messages

  constructor(clock: Clock, messages: Messages) {
    this.#clock = clock
    this.#messages = messages
  }

  /** The call has sent its first message. */
  started(call: Call): void {
    call.messagesSent = 1
    this.#goOn(call)
  }

  /** The call's connection has room again. */
  writable(call: Call): void {
    this.#goOn(call)
  }

  /** Sends what is due, and comes back for the rest. */
  #goOn(call: Call): void {
    const { count, intervalMs } = this.#messages
    const session = call.connection?.session as StreamingSession | undefined
    // The server may have ended the call already.
    if (!call.active || !session) return
    while (call.messagesSent < count) {
      const aheadMs = intervalMs === 0 ? 0 : this.#aheadMs(call)
      if (aheadMs > 0) {
        this.#comeBack(call, aheadMs)
        return
      }
      call.messagesSent++
      if (!session.send(call)) return
      if (!call.active) return
    }
    // Once, even where room is told again after the last message.
    if (call.messagesSent === count) {
      call.messagesSent++
      session.finish(call)
    }
  }

  #aheadMs(call: Call): number {
    return call.sentMs + call.messagesSent * this.#messages.intervalMs - this.#clock.now()
  }

  #comeBack(call: Call, afterMs: number): void {
    const { generation } = call
    setTimeout(() => {
      if (call.generation === generation) this.#goOn(call)
    }, afterMs)
  }
}
