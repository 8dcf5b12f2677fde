/** The calls of a connection whose readers make a pause: while there is one, nothing of the connection is read. */
export class Pauses<Carrier extends object> {
  readonly #pausing = new Set<Carrier>()
  readonly #read: (on: boolean) => void

  /** `read`: reads the connection, or stops. */
  constructor(read: (on: boolean) => void) {
    this.#read = read
  }

  get hasAny(): boolean {
    return this.#pausing.size > 0
  }

  set(carrier: Carrier, on: boolean): void {
    const had = this.hasAny
    if (on) this.#pausing.add(carrier)
    else this.#pausing.delete(carrier)
    if (had !== this.hasAny) this.#read(had)
  }
}
