import { describe, expect, test } from 'vitest'
import type { Case, Plan } from '../../src/plan/plan.ts'
import { roundOrder } from '../../src/plan/round-order.ts'

const caseOf = (target: string, size: number) =>
  ({ target: { name: target }, payload: { byteCount: size }, load: { model: 'closed' } }) as unknown as Case

const cases = [1, 2, 3].flatMap((size) => ['old', 'other', 'new'].map((target) => caseOf(target, size)))
const PLAN = { cases, seed: 1, compare: { baseline: 'old', candidate: 'new' } } as unknown as Plan

describe('the order of a round', () => {
  test('is that of the plan, where nothing is compared', () => {
    const { compare: _, ...plan } = PLAN
    expect(roundOrder(plan as Plan, 7)).toEqual([...cases.keys()])
  })

  test('has every case once, and the two sides of a pair next to each other', () => {
    for (let round = 0; round < 100; round++) {
      const order = roundOrder(PLAN, round)
      expect([...order].sort((a, b) => a - b)).toEqual([...cases.keys()])
      for (const [old, candidate] of [
        [0, 2],
        [3, 5],
        [6, 8],
      ] as const) {
        expect(Math.abs(order.indexOf(old) - order.indexOf(candidate))).toBe(1)
      }
    }
  })

  test('lets chance say which side goes first, and a seed say it again', () => {
    const first = (round: number, seed = 1) => {
      const order = roundOrder({ ...PLAN, seed }, round)
      return order.indexOf(0) < order.indexOf(2)
    }
    const rounds = Array.from({ length: 1000 }, (_, round) => round)
    const share = rounds.filter((round) => first(round)).length / rounds.length
    expect(share).toBeGreaterThan(0.45)
    expect(share).toBeLessThan(0.55)
    expect(rounds.map((round) => first(round))).toEqual(rounds.map((round) => first(round)))
    expect(rounds.some((round) => first(round) !== first(round, 2))).toBe(true)
  })
})
