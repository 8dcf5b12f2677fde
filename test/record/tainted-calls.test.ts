import { expect, test } from 'vitest'
import { TaintedCalls } from '../../src/record/tainted-calls.ts'

test.each<[string, [planned: number, ended: number], number]>([
  ['ended before the stall', [0, 99], 0],
  ['ended in the turn in which the stall was', [0, 120], 1],
  ['fell due in the stall and ended before it was noticed', [110, 155], 1],
  ['fell due after the stall', [151, 155], 0],
])('a call that %s', (_when, [planned, ended], count) => {
  const calls = new TaintedCalls()
  calls.ended(planned, planned, ended)
  calls.stall(100, 150)
  expect(calls).toMatchObject({ tainted: count, delayed: count })
})

test.each<[string, [planned: number, taken: number, ended: number], number, number]>([
  ['was under way before the stall, and long after it', [50, 50, 400], 1, 0],
  ['was under way before the stall, and was read right after it', [50, 50, 151], 1, 1],
  ['fell due in the stall', [120, 151, 400], 1, 1],
  ['fell due after it', [151, 151, 400], 0, 0],
])(
  'a call that %s and ends once the stall was noticed',
  (_when, [planned, taken, ended], tainted, delayed) => {
    const calls = new TaintedCalls()
    calls.stall(100, 150)
    calls.ended(planned, taken, ended)
    expect(calls).toMatchObject({ tainted, delayed })
  },
)

test('a call that two stalls touched counts once', () => {
  const calls = new TaintedCalls()
  calls.ended(0, 0, 140)
  calls.stall(100, 130)
  calls.stall(135, 150)
  expect(calls).toMatchObject({ tainted: 1, delayed: 1 })
})

test('a call that one stall sent late is delayed, though another one came after it', () => {
  const calls = new TaintedCalls()
  calls.stall(100, 150)
  calls.stall(200, 210)
  calls.ended(120, 151, 400)
  expect(calls).toMatchObject({ tainted: 1, delayed: 1 })
})

test('of more calls than are remembered, the last ones count', () => {
  const calls = new TaintedCalls()
  for (let call = 0; call < 10_000; call++) calls.ended(0, 0, 120)
  calls.stall(100, 150)
  expect(calls.tainted).toBeGreaterThanOrEqual(4096)
})
