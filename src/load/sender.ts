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
    call.sentMessage(call.sentMs)
    this.#goOn(call, false)
  }

  /** The call's connection has room again. */
  writable(call: Call): void {
    this.#goOn(call, true)
  }

  /** Sends what is due, and comes back for the rest. `waited`: for room on the connection. */
  #goOn(call: Call, waited: boolean): void {
    const { count, intervalMs } = this.#messages
    const session = call.connection?.session as StreamingSession | undefined
    // The server may have ended the call already.
    if (!call.active || !session) return
    while (call.messagesSent < count) {
      const nowMs = this.#clock.now()
      const dueMs = intervalMs === 0 ? nowMs : call.sentMs + call.messagesSent * intervalMs
      if (dueMs > nowMs) {
        this.#comeBack(call, dueMs - nowMs)
        return
      }
      // A server that reads too slowly must not make its own latency look short; a late timer is not its fault.
      call.sentMessage(waited ? dueMs : nowMs)
      if (!session.send(call)) return
      if (!call.active) return
    }
    // Once, even where room is told again after the last message.
    if (call.hasFinished) return
    call.hasFinished = true
    session.finish(call)
  }

  #comeBack(call: Call, afterMs: number): void {
    const { generation } = call
    setTimeout(() => {
      if (call.generation === generation) this.#goOn(call, false)
    }, afterMs)
  }
}
