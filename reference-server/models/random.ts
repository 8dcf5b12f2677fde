/**
 * A seeded stream of weights: the same seed gives the same numbers on every machine and in every version, which
 * is what makes a model "the same model" wherever it is built. The generator is Mulberry32 (T. Ettinger, public
 * domain): 32 bits of state, ample for weights, which need to be well spread and not to be secret.
 */
export class Weights {
  private state: number

  constructor(seed: number) {
    this.state = seed >>> 0
  }

  /** `count` numbers, evenly spread, with mean 0 and the given standard deviation. */
  draw(count: number, deviation: number): Float32Array<ArrayBuffer> {
    // An even spread over [-a, a] has the standard deviation a / sqrt(3).
    const reach = deviation * Math.sqrt(3)
    const values = new Float32Array(count)
    for (let i = 0; i < count; i++) values[i] = (this.next() * 2 - 1) * reach
    return values
  }

  private next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
