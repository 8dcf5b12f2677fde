import { expect, test } from 'vitest'
import { CountingClock } from '../../src/load/clock.ts'
import { Pacer } from '../../src/load/pacer.ts'
import { schedule } from '../../src/plan/schedule.ts'

/** A clock that moves when it is told to, or by a step with every look. */
function handClock(stepMs = 0) {
  let nowMs = 0
  return {
    now: () => {
      nowMs += stepMs
      return nowMs
    },
    set: (value: number) => {
      nowMs = value
    },
  }
}

function listSchedule(plannedMs: number[]) {
  const rest = [...plannedMs]
  return { next: () => rest.shift() ?? Number.POSITIVE_INFINITY }
}

test('arrivals that fell due while the thread was away are all sent, with their planned starts', () => {
  const clock = handClock()
  const due: number[] = []
  let exhausted = false
  const pacer = new Pacer(
    new CountingClock(clock),
    listSchedule([0, 10, 20, 30]),
    (plannedMs) => due.push(plannedMs),
    () => {
      exhausted = true
    },
  )
  clock.set(1025)
  pacer.start(1000)
  expect(due).toEqual([1000, 1010, 1020])
  expect(exhausted).toBe(false)
  pacer.stop()
})

test('an arrival is told the time at which it was turned to, and never comes early', async () => {
  const clock = handClock(0.25)
  const delaysMs: number[] = []
  await new Promise<void>((resolve) => {
    const arrivals = Array.from({ length: 50 }, (_, index) => index * 2)
    new Pacer(
      new CountingClock(clock),
      listSchedule(arrivals),
      (plannedMs, nowMs) => delaysMs.push(nowMs - plannedMs),
      resolve,
    ).start(10)
  })
  expect(delaysMs).toHaveLength(50)
  expect(Math.min(...delaysMs)).toBeGreaterThanOrEqual(0)
})

test('a schedule without arrivals is exhausted at once', () => {
  let exhausted = 0
  const load = {
    model: 'constant',
    ratePerSecond: 10,
    warmupMs: 0,
    durationMs: null,
    calls: 0,
    overflow: 'queue',
    connections: null,
  } as const
  const none = schedule(load, { round: 0, worker: 0, workers: 1 })
  new Pacer(
    new CountingClock(handClock()),
    none,
    () => {},
    () => exhausted++,
  ).start(0)
  expect(exhausted).toBe(1)
})
