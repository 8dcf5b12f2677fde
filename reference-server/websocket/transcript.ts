import { HttpError } from '../http/errors.ts'
import type { Generation } from './generation.ts'

/** The generations of a session that may have something to tell, now or again, within a bound of memory. */
export class Transcript {
  /** The oldest first. */
  readonly #generations = new Map<string, Generation>()
  readonly #limitBytes: number
  readonly #keepMs: number
  #heldBytes = 0

  /** @param keepMs How long what was sent is kept, so that it can be sent again. */
  constructor(limitBytes: number, keepMs: number) {
    this.#limitBytes = limitBytes
    this.#keepMs = keepMs
  }

  get ids(): string[] {
    return [...this.#generations.keys()]
  }

  get all(): Iterable<Generation> {
    return this.#generations.values()
  }

  /** Takes the place of an older one of the same id. */
  add(generation: Generation): void {
    const older = this.#generations.get(generation.id)
    if (older) this.delete(older)
    this.#generations.set(generation.id, generation)
    this.#heldBytes += generation.heldBytes
  }

  addToken(generation: Generation, text: string): void {
    this.#heldBytes += generation.add(text)
  }

  delete(generation: Generation): void {
    this.#generations.delete(generation.id)
    this.#heldBytes -= generation.heldBytes
  }

  /** @throws HttpError 404 */
  get(id: string): Generation {
    const generation = this.#generations.get(id)
    if (generation) return generation
    throw new HttpError(404, 'call_not_found', `this session holds no generation ${JSON.stringify(id)}`)
  }

  /** Whether something is on its way to a client that waits for it. */
  get isSending(): boolean {
    return [...this.#generations.values()].some(({ isTold, isFlowing }) => isFlowing && !isTold)
  }

  /** Call after sending what there was of a generation. */
  afterSending(generation: Generation): void {
    if (this.#keepMs > 0) return
    if (generation.isTold) this.delete(generation)
    else this.#heldBytes -= generation.forgetSent(true)
  }

  /** Forgets what is kept for longer than it should be. */
  expire(nowMs: number): void {
    for (const generation of this.#generations.values()) {
      if (generation.isTold && generation.endedBefore(nowMs - this.#keepMs)) this.delete(generation)
    }
  }

  /** Forgets what was sent while that is needed for the limit. @returns False when it does not suffice. */
  makeRoom(): boolean {
    if (this.#heldBytes <= this.#limitBytes) return true
    for (const generation of this.#generations.values()) {
      if (generation.isTold) this.delete(generation)
      if (this.#heldBytes <= this.#limitBytes) return true
    }
    for (const generation of this.#generations.values()) {
      let freedBytes: number
      do {
        freedBytes = generation.forgetSent(false)
        this.#heldBytes -= freedBytes
        if (this.#heldBytes <= this.#limitBytes) return true
      } while (freedBytes > 0)
    }
    return false
  }
}
