import type { CallSlot } from '../driver.ts'
import { Pauses } from '../transport/pauses.ts'
import { Exchange } from './exchange.ts'

/** The exchanges of one session: each carries call after call, and is found again by the id of its call. */
export class Exchanges {
  /** Calls under way. */
  open = 0
  readonly #all: Exchange[] = []
  readonly #idle: Exchange[] = []
  readonly #most: number
  readonly #pauses: Pauses<Exchange>

  /** `read`: reads the connection, or stops. */
  constructor(most: number, read: (on: boolean) => void) {
    this.#most = most
    this.#pauses = new Pauses(read)
  }

  get arePaused(): boolean {
    return this.#pauses.hasAny
  }

  begin(call: CallSlot): Exchange {
    const exchange = this.#idle.pop() ?? this.#add()
    exchange.begin(call)
    call.state = exchange
    this.open++
    return exchange
  }

  pause(exchange: Exchange, on: boolean): void {
    exchange.isPaused = on
    this.#pauses.set(exchange, on)
  }

  /** Its call is over. */
  end(exchange: Exchange): void {
    exchange.call = null
    this.open--
    if (exchange.isPaused) this.pause(exchange, false)
  }

  /** Its call is over; it may carry the next one. */
  free(exchange: Exchange): void {
    this.end(exchange)
    this.#idle.push(exchange)
  }

  /** Null where the call of that id is over, or never was. */
  withId(id: number): Exchange | null {
    const exchange = this.#all[id % this.#most]
    return exchange?.call && exchange.id === id ? exchange : null
  }

  /** Those with a call. */
  get calling(): Exchange[] {
    return this.#all.filter(({ call }) => call)
  }

  #add(): Exchange {
    const exchange = new Exchange(this.#all.length, this.#most)
    this.#all.push(exchange)
    return exchange
  }
}
