/** For so much of a second calls may come at once, before they are told to wait. */
const burstS = 0.1
const msPerSecond = 1000

/** The server takes no more calls for now; the client may try again after a time. */
export class RateLimitError extends Error {
  readonly waitMs: number

  constructor(perSecond: number, waitMs: number) {
    super(`this server takes ${perSecond} calls a second; try again in ${waitMs} ms`)
    this.name = 'RateLimitError'
    this.waitMs = waitMs
  }
}

/** A token bucket, shared by all interfaces: it fills at the rate, and every call takes one out. */
export class RateLimit {
  readonly #perSecond: number
  readonly #most: number
  readonly #now: () => number
  #tokens: number
  #filledMs: number

  /** @param now In ms; for tests. */
  constructor(perSecond: number, now = () => performance.now()) {
    this.#perSecond = perSecond
    this.#most = Math.max(1, perSecond * burstS)
    this.#tokens = this.#most
    this.#now = now
    this.#filledMs = now()
  }

  /** @throws RateLimitError when there is no token, with the time until there is one. */
  take(): void {
    const nowMs = this.#now()
    const grown = ((nowMs - this.#filledMs) / msPerSecond) * this.#perSecond
    this.#tokens = Math.min(this.#most, this.#tokens + grown)
    this.#filledMs = nowMs
    if (this.#tokens < 1) {
      const waitMs = ((1 - this.#tokens) / this.#perSecond) * msPerSecond
      throw new RateLimitError(this.#perSecond, Math.ceil(waitMs))
    }
    this.#tokens--
  }
}
