import { Buffer } from 'node:buffer'
import { hasTooManyValues } from '../../dialects/json.ts'
import { type ByteCounts, failure, type Outcome } from '../driver.ts'
import { Pauses } from '../transport/pauses.ts'
import type { Channel, ChannelOwner, Message } from './channel.ts'
import type { Exchange } from './exchange.ts'
import { glimpsedId } from './glimpse.ts'

/** Calls that are in flight at most, as on HTTP/2. */
const MOST_CALLS = 100
/** As much of what is no message as is kept for a person to read. */
const SHOWN_CHARACTERS = 200
/** No further call goes out while more than this waits to be written: calls that are given up leave theirs behind. */
const MOST_WAITING_BYTES = 64 * 1024 * 1024

const DONE = Promise.resolve()

/** A transport of our own for the SDK's client, where messages are texts on one stream: many calls at once. */
export abstract class TextChannel implements Channel {
  readonly statusCode = 0
  readonly retryAfter = undefined
  onmessage?: (message: Message, extra?: unknown) => void
  onerror?: (error: Error) => void
  onclose?: () => void
  protected readonly owner: ChannelOwner
  protected isOver = false
  readonly #pauses = new Pauses<Exchange>((on) => this.read(on))
  #isFull = false

  constructor(owner: ChannelOwner) {
    this.owner = owner
  }

  /** Hands a message on; `written` is called when it is written in full. */
  protected abstract write(text: string, written: () => void): void
  /** Reads what comes, or stops. */
  protected abstract read(on: boolean): void
  /** What waits to be written. */
  protected abstract get waitingBytes(): number
  abstract wireBytes(into: ByteCounts): void
  abstract end(): Promise<void>

  start(): Promise<void> {
    return DONE
  }

  send(message: Message): Promise<void> {
    const exchange = this.owner.sending(message)
    // A server that asks without an end, and reads no answer, gets none.
    if (!exchange && this.waitingBytes > MOST_WAITING_BYTES) return DONE
    const text = JSON.stringify(message)
    if (!exchange) {
      this.write(text, this.#wrote)
      return DONE
    }
    exchange.encoded(Buffer.byteLength(text))
    const { generation } = exchange
    this.write(text, () => {
      if (exchange.generation === generation) exchange.call?.written()
      this.#wrote()
    })
    if (this.waitingBytes > MOST_WAITING_BYTES) this.#isFull = true
    return DONE
  }

  readonly #wrote = (): void => {
    if (!this.#isFull || this.waitingBytes > MOST_WAITING_BYTES / 2) return
    this.#isFull = false
    this.owner.roomAgain()
  }

  /** The session ends what carries it. */
  close(): Promise<void> {
    return DONE
  }

  room(open: number): number {
    return this.isOver || this.#isFull ? 0 : MOST_CALLS - open
  }

  began(): void {}

  settled(): void {}

  pause(exchange: Exchange, on: boolean): void {
    this.#pauses.set(exchange, on)
  }

  abort(): void {}

  forget(): void {}

  /** A whole message is here. */
  protected received(text: string): void {
    // The time is taken before the message is read; whose it is is found by a glance at it.
    const glimpsed = this.owner.exchange(glimpsedId(text))
    glimpsed?.received()
    if (hasTooManyValues(text)) {
      this.lose(failure('response', 'decode', 'too_large', 'a message of more than 4 Mi values'))
      return
    }
    const message = messageOf(text)
    if (!message) {
      this.#refuse(text)
      return
    }
    const exchange = this.owner.exchange(
      message.method === 'notifications/progress' ? message.params?.progressToken : message.id,
    )
    if (message.method === undefined || message.method === 'notifications/progress') {
      if (exchange && exchange !== glimpsed) exchange.received()
    }
    if (this.owner.arrived(message)) return
    this.onmessage?.(message)
    this.owner.read(message)
  }

  /** Nothing comes any more. */
  protected lose(outcome: Outcome, isOrdinary = false): void {
    if (this.isOver) return
    this.isOver = true
    this.owner.lost(outcome, isOrdinary)
    this.onclose?.()
  }

  /** What comes while nothing is asked, as the greeting of a program, harms nobody. */
  #refuse(text: string): void {
    if (!this.owner.isAsked()) return
    const sample = `this is no message of JSON-RPC: ${text.slice(0, SHOWN_CHARACTERS)}`
    this.lose(failure('response', 'mcp.parse', '', sample))
  }
}

function messageOf(text: string): Message | null {
  try {
    const message = JSON.parse(text) as (Message & { jsonrpc?: unknown }) | null
    return message?.jsonrpc === '2.0' ? message : null
  } catch {
    return null
  }
}
