/** What a ranking for one purpose consists of. */

import type { MatrixColumn } from '../matrix/matrix.ts'
import { PICKED, type PickName, type Purpose } from './purposes.ts'

/** One interface, ranked. */
export interface Placing {
  title: string
  /** How many times worse than the first, in all numbers together; null where it is placed by what it can do alone. */
  factor: number | null
  /** The numbers that it is ranked by. */
  numbers: { column: MatrixColumn; value: number; isBest: boolean }[]
}

export interface LeftOut {
  title: string
  why: string
}

export interface Ranking {
  kind: Purpose['kinds'][number]
  placings: Placing[]
  /** Numbers that matter and that fewer than two of them have, so that they rank nobody. */
  without: MatrixColumn[]
}

export interface Advice {
  purpose: string
  picks: readonly PickName[]
  /** The best first; one list for calls and one for streams where both are asked for. */
  rankings: Ranking[]
  leftOut: LeftOut[]
  /** True where each ranking begins with one of the picks; null where there is none. */
  agrees: boolean | null
}

export function agreement(rankings: Advice['rankings'], picks: readonly PickName[]): boolean | null {
  const firsts = rankings.flatMap(({ placings }) => placings[0] ?? [])
  if (firsts.length === 0) return null
  const meant = picks.flatMap((pick) => PICKED[pick])
  return firsts.every(({ title }) => meant.includes(title))
}
