/**
 * A seeded source of numbers, uniform in [0, 1) with 32 bits: the same seed gives the same numbers on every
 * machine, so that a payload or an arrival can be made again. It is sfc32 (Chris Doty-Humphrey, PractRand),
 * whose state of 128 bits is filled from the seed. Not for secrets.
 */
export function seededRandom(seed: number): () => number {
  let a = 0
  // A double may hold more than 32 bits of seed: both halves count.
  let b = seed | 0
  let c = Math.floor(seed / 2 ** 32) | 0
  let counter = 1
  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return (sum >>> 0) / 2 ** 32
  }
  // The first numbers of neighbouring seeds are alike until the state is mixed.
  for (let round = 0; round < 15; round++) next()
  return next
}
