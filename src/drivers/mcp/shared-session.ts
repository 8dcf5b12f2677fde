/** A session to go on with. */
export interface Joined {
  sessionId: string
  version: string | undefined
}

/** A session that all connections of a load thread go on with, once the first one has begun it. */
export class SharedSession {
  #id: string | null = null
  #version: string | undefined
  #users = 0
  #beginning: { done: Promise<void>; settle(): void } | null = null

  /** The session to go on with. Null: there is none, and the caller begins it and calls `began`. */
  async join(): Promise<Joined | null> {
    while (this.#beginning) await this.#beginning.done
    if (this.#id !== null) {
      this.#users++
      return { sessionId: this.#id, version: this.#version }
    }
    const { promise: done, resolve: settle } = Promise.withResolvers<void>()
    this.#beginning = { done, settle }
    return null
  }

  /** Whoever was told to begin it has done so; undefined: it could not, or the server knows no sessions. */
  began(sessionId: string | undefined, version: string | undefined): void {
    if (sessionId !== undefined) {
      this.#id = sessionId
      this.#version = version
      this.#users = 1
    }
    this.#beginning?.settle()
    this.#beginning = null
  }

  /** One connection less. True where it was the last one, and the session ends with it. */
  leave(sessionId: string): boolean {
    if (sessionId !== this.#id) return true
    this.#users--
    if (this.#users > 0) return false
    this.#id = null
    return true
  }

  /** The server does not know it any more. */
  forget(sessionId: string): void {
    if (sessionId === this.#id) this.#id = null
  }
}
