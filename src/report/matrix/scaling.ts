/** What more calls at once bring: throughput at each concurrency over what one call at a time reaches. */

import type { CaseResult } from '../../result/document.ts'
import { significant } from '../numbers.ts'
import { ratio } from './cells.ts'
import type { MatrixCell } from './matrix.ts'

export interface Scaling extends MatrixCell {
  /** In a word; null where there is no number. */
  word: ScalingWord | null
  /** From the lowest concurrency, whose factor is 1, to the highest. */
  steps: { concurrency: number; factor: number }[]
}

type ScalingWord = 'linear' | 'good' | 'some' | 'none' | 'falls'

/** Of what so many times the calls would bring at best. */
const LINEAR_SHARE = 0.7
const GOOD_FACTOR = 3
const SOME_FACTOR = 1.5
const NONE_FACTOR = 0.9

/** The words and their limits, for people. */
export const SCALING_WORDS = `linear: ${LINEAR_SHARE * 100}% of as many times the calls; good: ${GOOD_FACTOR} times and more; some: ${SOME_FACTOR} times and more; none; falls: less than ${NONE_FACTOR} times`

/** @param closed The cases of a row whose load is a closed loop over connections that stay. */
export function scalingOf(closed: readonly CaseResult[]): Scaling {
  const byConcurrency = new Map<number, CaseResult>()
  for (const result of closed) {
    const { concurrency } = result.load
    if (typeof concurrency !== 'number' || concurrency < 1) continue
    const other = byConcurrency.get(concurrency)
    if (!other || (!other.verdict.valid && result.verdict.valid)) byConcurrency.set(concurrency, result)
  }
  const levels = [...byConcurrency.keys()].sort((a, b) => a - b)
  const told = levels.map((level) => ({
    level,
    cell: ratio(byConcurrency.get(level)!, 'request_throughput'),
  }))
  const known = told.filter(({ cell }) => cell.value !== null && cell.value > 0)
  const notes = [...new Set(told.flatMap(({ cell }) => cell.notes))]
  const [first] = known
  const last = known.at(-1)
  if (!first || !last || first === last) {
    const asks =
      'needs closed loops of several concurrencies (load: { model: closed, concurrency: 1 }, 8, 64)'
    return { value: null, atLeast: false, valid: true, notes: [asks, ...notes], word: null, steps: [] }
  }
  const factor = last.cell.value! / first.cell.value!
  // Where the client was the limit of the many calls, the server might have scaled further.
  const atLeast = last.cell.atLeast && !first.cell.atLeast
  return {
    value: factor,
    atLeast,
    valid: known.every(({ cell }) => cell.valid),
    notes: [...notes, ...(atLeast ? ['the client was the limit: the server may scale further'] : [])],
    word: wordOf(factor, last.level / first.level),
    steps: known.map(({ level, cell }) => ({ concurrency: level, factor: cell.value! / first.cell.value! })),
  }
}

function wordOf(factor: number, timesTheCalls: number): ScalingWord {
  if (factor >= LINEAR_SHARE * timesTheCalls) return 'linear'
  if (factor >= GOOD_FACTOR) return 'good'
  if (factor >= SOME_FACTOR) return 'some'
  return factor >= NONE_FACTOR ? 'none' : 'falls'
}

/** E.g. `good 8: ×2.81, 64: ×3.20`. Empty where there is no number. */
export function scalingText({ word, steps, atLeast }: Scaling): string {
  if (word === null) return ''
  const [, ...more] = steps
  const factors = more.map(
    ({ concurrency, factor }, index) =>
      `${concurrency}: ${atLeast && index === more.length - 1 ? '>=' : ''}×${significant(factor)}`,
  )
  return `${word} ${factors.join(', ')}`
}
