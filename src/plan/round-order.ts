import { seededRandom } from '../random.ts'
import type { Plan } from './plan.ts'

/**
 * The order in which the cases take their turn in a round, as their indexes. Where two targets are compared, their
 * cases that are otherwise alike follow each other, and which of them goes first is left to chance, round by round:
 * whatever the machine does, it does to either of them as often.
 */
export function roundOrder({ cases, compare, seed }: Plan, roundIndex: number): number[] {
  const indexes = [...cases.keys()]
  if (!compare) return indexes
  // A double holds both, and each round has numbers of its own.
  const random = seededRandom(seed * 2 ** 20 + roundIndex)
  const sides = [compare.baseline, compare.candidate]
  const alike = Map.groupBy(indexes, (index) => {
    const { target, payload, load } = cases[index]!
    return sides.includes(target.name) ? JSON.stringify([payload, load]) : `alone ${index}`
  })
  return shuffled([...alike.values()], random).flatMap((group) => shuffled(group, random))
}

/** Fisher and Yates. */
function shuffled<Item>(items: readonly Item[], random: () => number): Item[] {
  const mixed = [...items]
  for (let last = mixed.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1))
    ;[mixed[last], mixed[other]] = [mixed[other]!, mixed[last]!]
  }
  return mixed
}
