/** First in, first out, without the cost of `Array.shift` on a long queue. */
export class Queue<Item> {
  #items: (Item | undefined)[] = []
  #head = 0

  get length(): number {
    return this.#items.length - this.#head
  }

  push(item: Item): void {
    this.#items.push(item)
  }

  shift(): Item | undefined {
    if (this.#head === this.#items.length) return undefined
    const item = this.#items[this.#head]
    this.#items[this.#head++] = undefined
    // Cutting off the used front once it is half of the array keeps a shift at constant cost on average.
    if (this.#head >= 1024 && this.#head * 2 >= this.#items.length) this.#clearFront()
    return item
  }

  #clearFront(): void {
    this.#items = this.#items.slice(this.#head)
    this.#head = 0
  }
}
