/** Gives every taker another name, however alike what they ask for is. */
export class DistinctNames {
  readonly #taken = new Set<string>()

  /** The name itself, or with a number behind it where somebody has it. Letter case alone tells no two names apart. */
  take(name: string): string {
    for (let number = 1; ; number++) {
      const candidate = number === 1 ? name : `${name}-${number}`
      const key = candidate.normalize('NFC').toLowerCase()
      if (this.#taken.has(key)) continue
      this.#taken.add(key)
      return candidate
    }
  }
}
