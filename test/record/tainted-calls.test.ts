import { expect, test } from 'vitest'
import { TaintedCalls } from '../../src/record/tainted-calls.ts'

test.each<[string, [planned: number, ended: number], number]>([
  ['ended before the stall', [0, 99], 0],
  ['ended in the turn in which the stall was', [0, 120], 1],
  ['fell due in the stall and ended before it was noticed', [110, 155], 1],
  ['fell due after the stall', [151, 155], 0],
])('a call that %s', (_when, [planned, ended], count) => {
  const tainted = new TaintedCalls()
  tainted.ended(planned, ended)
  tainted.stall(100, 150)
  expect(tainted.count).toBe(count)
})

test.each<[string, number, number]>([
  ['before the stall', 50, 1],
  ['in the stall', 120, 1],
  ['after it', 151, 0],
])('a call that fell due %s and ends later', (_when, planned, count) => {
  const tainted = new TaintedCalls()
  tainted.stall(100, 150)
  tainted.ended(planned, 400)
  expect(tainted.count).toBe(count)
})

test('a call that two stalls touched counts once', () => {
  const tainted = new TaintedCalls()
  tainted.ended(0, 140)
  tainted.stall(100, 130)
  tainted.stall(135, 150)
  expect(tainted.count).toBe(1)
})

test('of more calls than are remembered, the last ones count', () => {
  const tainted = new TaintedCalls()
  for (let call = 0; call < 10_000; call++) tainted.ended(0, 120)
  tainted.stall(100, 150)
  expect(tainted.count).toBeGreaterThanOrEqual(4096)
})
