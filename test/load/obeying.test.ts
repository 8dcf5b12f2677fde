/** Load keeps to the waits that a server asks for where the scenario says so; on simulated time. */

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { SUCCESS } from '../../src/drivers/driver.ts'
import type { RetryAfter } from '../../src/drivers/retry-after.ts'
import { isAbsurd, Throttle, waitMs } from '../../src/load/throttle.ts'
import { type Answer, clock, refused, type Simulated, simulate, simulateTime } from './simulated.ts'

const TAKES_MS = 10
const DAY_MS = 24 * 60 * 60 * 1000
const YEAR_MS = 365 * DAY_MS

beforeEach(() => simulateTime())
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

/** Refuses the calls with these numbers, from 1 on, and answers all others. */
function refusing(counts: readonly number[], afterMs: number): Answer {
  return (_atMs, count) => ({
    outcome: counts.includes(count) ? refused({ afterMs }) : SUCCESS,
    takesMs: TAKES_MS,
  })
}

const closed = (concurrency: number, durationMs: number, more = {}) =>
  ({ model: 'closed', concurrency, durationMs, calls: null, ...more }) as const
const constant = (ratePerSecond: number, durationMs: number, more = {}) =>
  ({ model: 'constant', ratePerSecond, durationMs, calls: null, ...more }) as const

const latencies = ({ calls }: Simulated) => calls.map(({ plannedMs, endMs }) => endMs - plannedMs)
/** The longest time in which no call reached the server. */
const longestGapMs = ({ startsMs }: Simulated) =>
  Math.max(...startsMs.slice(1).map((startMs, index) => startMs - startsMs[index]!))

describe('a closed loop', () => {
  test('starts no call before the time has passed, and the wait is in no latency', async () => {
    const seen = await simulate({
      load: closed(1, 2000),
      throttle: new Throttle(),
      answer: refusing([3], 500),
    })
    expect(seen.startsMs.slice(0, 5)).toEqual([0, 10, 20, 530, 540])
    expect(seen.calls[2]).toMatchObject({ ok: false, endMs: 30 })
    expect(seen.calls[3]).toMatchObject({ plannedMs: 530, takenMs: 530, sentMs: 530, endMs: 540 })
    expect(new Set(latencies(seen))).toEqual(new Set([TAKES_MS]))
    expect(seen.waits).toEqual([{ askedMs: 500, isAbsurd: false }])
    expect(seen.dropped).toBe(0)
  })

  test('ignores it where the scenario does not say so, and counts it all the same', async () => {
    const seen = await simulate({ load: closed(1, 200), throttle: null, answer: refusing([3, 5], 500) })
    // A call that failed lets the loop turn once before the next.
    expect(longestGapMs(seen)).toBeLessThanOrEqual(TAKES_MS + 1)
    expect(seen.waits).toEqual([
      { askedMs: 500, isAbsurd: false },
      { askedMs: 500, isAbsurd: false },
    ])
  })

  test('all slots wait, those too whose calls were under way and succeeded', async () => {
    const answer: Answer = (_atMs, count) =>
      count === 1
        ? { outcome: refused({ afterMs: 500 }), takesMs: 5 }
        : { outcome: SUCCESS, takesMs: TAKES_MS }
    const seen = await simulate({ load: closed(4, 1000), throttle: new Throttle(), answer })
    expect(seen.startsMs.slice(0, 8)).toEqual([0, 0, 0, 0, 505, 505, 505, 505])
    expect(seen.calls.filter(({ ok }) => ok).every(({ endMs, plannedMs }) => endMs - plannedMs === 10)).toBe(
      true,
    )
  })

  test('a call that waits for a connection goes on waiting after it, without the time in between', async () => {
    // Three slots, one connection: while one call is refused, two have begun, 10 and 10 ms ago.
    const seen = await simulate({
      load: closed(3, 2000, { connections: 1 }),
      throttle: new Throttle(),
      answer: refusing([1], 500),
    })
    const after = seen.calls.slice(1, 4)
    expect(after.map(({ sentMs }) => sentMs)).toEqual([510, 520, 530])
    expect(after.map(({ plannedMs, endMs }) => endMs - plannedMs)).toEqual([20, 30, 30])
    expect(after.map(({ plannedMs, takenMs }) => takenMs - plannedMs)).toEqual([0, 0, 0])
  })

  test('a longer wait is not taken back by a shorter one that comes later', async () => {
    const answer: Answer = (_atMs, count) => {
      if (count === 1) return { outcome: refused({ afterMs: 400 }), takesMs: 10 }
      return { outcome: count === 2 ? refused({ afterMs: 100 }) : SUCCESS, takesMs: 20 }
    }
    const seen = await simulate({ load: closed(2, 1000), throttle: new Throttle(), answer })
    expect(seen.startsMs.slice(0, 4)).toEqual([0, 0, 410, 410])
  })

  test('the next round of the case keeps to what an earlier one was told', async () => {
    const throttle = new Throttle()
    const first = await simulate({
      load: closed(1, 100),
      throttle,
      answer: refusing([2], 5000),
      followMs: 100,
    })
    expect(first.startsMs).toEqual([0, 10])
    const second = await simulate({ load: closed(1, 6000), throttle, answer: refusing([], 0) })
    expect(second.startsMs[0]).toBe(20 + 5000)
  })

  test('a wait ends with the window: a year of it hangs nothing', async () => {
    const seen = await simulate({
      load: closed(2, 1000),
      throttle: new Throttle(),
      answer: refusing([1], YEAR_MS),
    })
    expect(seen.startsMs).toEqual([0, 0])
    expect(seen.endedMs).toBe(1000)
    expect(seen.waits).toEqual([{ askedMs: YEAR_MS, isAbsurd: true }])
  })

  test('where a number of calls ends the round, nothing waits for longer than it is told to', async () => {
    const seen = await simulate({
      load: { model: 'closed', concurrency: 2, calls: 6 },
      throttle: new Throttle(3000),
      answer: refusing([1], YEAR_MS),
    })
    expect(seen.calls).toHaveLength(6)
    expect(seen.startsMs).toEqual([0, 0, 3010, 3010, 3020, 3020])
  })

  test('each of a round’s calls is made once, those that had begun when the wait came among them', async () => {
    const seen = await simulate({
      load: { model: 'closed', concurrency: 3, calls: 7, connections: 1 },
      throttle: new Throttle(),
      answer: refusing([1, 4], 500),
    })
    expect(seen.calls).toHaveLength(7)
    expect(seen.startsMs).toHaveLength(7)
    expect(seen.dropped).toBe(0)
  })

  test('a run that the user ends while all wait is over at once', async () => {
    const seen = await simulate({
      load: closed(3, 60_000, { connections: 1 }),
      throttle: new Throttle(),
      answer: refusing([1], YEAR_MS),
      running: (round) => setTimeout(() => round.stop(), 1000),
    })
    expect(seen.endedMs).toBe(1000)
    // Two calls had begun, and waited for the connection.
    expect(seen.dropped).toBe(2)
  })

  test('cold connections: none is opened before the time has passed', async () => {
    const seen = await simulate({
      load: closed(2, 1000),
      target: { connection: 'cold' },
      throttle: new Throttle(),
      answer: refusing([1], 500),
    })
    expect(seen.connectionsMs.slice(0, 4)).toEqual([0, 0, 510, 510])
  })
})

describe('an open loop', () => {
  test('arrivals keep their planned start, so the wait is in their latency and not in their dispatch', async () => {
    const seen = await simulate({
      load: constant(20, 1000),
      throttle: new Throttle(),
      answer: refusing([3], 300),
    })
    const planned = seen.calls.map(({ plannedMs }) => plannedMs).sort((a, b) => a - b)
    expect(planned).toEqual(Array.from({ length: 20 }, (_, index) => index * 50))
    // Refused at 110, until 410: those of 150, 200, 250, 300, 350 and 400 wait.
    const held = seen.calls.filter(({ plannedMs }) => plannedMs > 110 && plannedMs < 410)
    expect(held).toHaveLength(6)
    // Four connections stand, and what they leave waits for them.
    expect(held.map(({ sentMs }) => sentMs)).toEqual([410, 410, 410, 410, 420, 420])
    expect(held.every(({ takenMs, plannedMs }) => takenMs - plannedMs <= 2)).toBe(true)
    expect(held.every(({ endMs, sentMs }) => endMs - sentMs === TAKES_MS)).toBe(true)
    expect(seen.dropped).toBe(0)
  })

  test('overflow: drop gives up what falls due meanwhile', async () => {
    const seen = await simulate({
      load: constant(20, 1000, { overflow: 'drop' }),
      throttle: new Throttle(),
      answer: refusing([3], 300),
    })
    expect(seen.dropped).toBe(6)
    expect(seen.calls).toHaveLength(14)
    expect(Math.max(...latencies(seen))).toBeLessThanOrEqual(TAKES_MS + 2)
  })

  test('overflow: abort ends the case', async () => {
    const seen = await simulate({
      load: constant(20, 1000, { overflow: 'abort' }),
      throttle: new Throttle(),
      answer: refusing([3], 300),
    })
    expect(seen.overflowed).toBe(true)
    expect(seen.calls).toHaveLength(3)
    expect(seen.endedMs).toBeLessThan(200)
  })

  test('what still waits when the window ends was due and never sent', async () => {
    const seen = await simulate({
      load: constant(20, 1000),
      throttle: new Throttle(),
      answer: refusing([3], YEAR_MS),
    })
    expect(seen.calls).toHaveLength(3)
    expect(seen.dropped).toBe(17)
    expect(seen.endedMs).toBe(1000)
  })

  test('a call that waits for longer than its timeout has failed', async () => {
    const seen = await simulate({
      load: constant(20, 1000),
      timeouts: { totalMs: 100 },
      throttle: new Throttle(),
      answer: refusing([3], 500),
    })
    const held = seen.calls.filter(({ plannedMs }) => plannedMs > 110 && plannedMs < 500)
    expect(held.every(({ ok, sentMs }) => !ok && Number.isNaN(sentMs))).toBe(true)
    expect(held.length).toBeGreaterThan(5)
  })
})

describe('a connection that is refused', () => {
  const refusesUntil =
    (untilMs: number, afterMs: number): Answer =>
    (atMs) => ({ outcome: atMs < untilMs ? refused({ afterMs }) : SUCCESS, takesMs: 0 })

  test('is not opened again before the time has passed, nor are others', async () => {
    const seen = await simulate({
      load: closed(3, 2000),
      throttle: new Throttle(),
      connect: refusesUntil(100, 500),
      answer: refusing([], 0),
    })
    expect(seen.connectionsMs).toEqual([0, 500, 500, 500])
    expect(seen.calls[0]).toMatchObject({ plannedMs: 500, sentMs: 500, endMs: 510 })
    expect(seen.waits).toEqual([{ askedMs: 500, isAbsurd: false }])
  })

  test('is tried again soon where the scenario does not say so', async () => {
    const seen = await simulate({
      load: closed(3, 2000),
      throttle: null,
      connect: refusesUntil(100, 500),
      answer: refusing([], 0),
    })
    expect(seen.connectionsMs.length).toBeGreaterThan(6)
    expect(seen.startsMs[0]).toBeLessThan(300)
  })

  test('stops none of the calls on those that stand', async () => {
    const connect: Answer = (_atMs, count) => ({
      outcome: count > 1 ? refused({ afterMs: 500 }) : SUCCESS,
      takesMs: 0,
    })
    const seen = await simulate({
      load: closed(2, 400),
      throttle: new Throttle(),
      connect,
      answer: refusing([], 0),
    })
    expect(seen.connectionsMs).toEqual([0, 0])
    expect(longestGapMs(seen)).toBe(TAKES_MS)
    // Those of the round's preparation count, too: they are why it has one connection.
    expect(seen.waits).toEqual([{ askedMs: 500, isAbsurd: false }])
  })

  test('is not tried by the next round either', async () => {
    const throttle = new Throttle()
    const connect = refusesUntil(1000, 5000)
    await simulate({ load: closed(1, 100), throttle, connect, answer: refusing([], 0), followMs: 1000 })
    const second = await simulate({ load: closed(1, 6000), throttle, connect, answer: refusing([], 0) })
    expect(second.connectionsMs[0]).toBe(5000)
  })
})

describe('what a wait comes to', () => {
  test.each<[string, RetryAfter, number, boolean]>([
    ['a time', { afterMs: 1500 }, 1500, false],
    ['none', { afterMs: 0 }, 0, false],
    ['a moment', { atMs: 5000 }, 4000, false],
    ['a moment that has passed', { atMs: 500 }, 0, false],
    ['what nobody can read', { afterMs: Number.NaN }, Number.NaN, true],
    ['a day', { afterMs: DAY_MS }, DAY_MS, false],
    ['more than a day', { afterMs: DAY_MS + 1 }, DAY_MS + 1, true],
    ['more than a number can hold', { afterMs: Number.POSITIVE_INFINITY }, Number.POSITIVE_INFINITY, true],
  ])('%s', (_what, told, askedMs, absurd) => {
    expect(waitMs(told, 1000)).toEqual(askedMs)
    expect(isAbsurd(askedMs)).toBe(absurd)
  })

  test('what cannot be read is no reason to wait', async () => {
    const seen = await simulate({
      load: closed(1, 200),
      throttle: new Throttle(),
      answer: refusing([2, 3], Number.NaN),
    })
    expect(longestGapMs(seen)).toBeLessThanOrEqual(TAKES_MS + 1)
    expect(seen.waits).toEqual([
      { askedMs: Number.NaN, isAbsurd: true },
      { askedMs: Number.NaN, isAbsurd: true },
    ])
  })

  test('a date without the server’s own time is held against the calendar', async () => {
    const atMs = Date.now() + 700
    const seen = await simulate({
      load: closed(1, 2000),
      throttle: new Throttle(),
      answer: (_atMs, count) => ({ outcome: count === 1 ? refused({ atMs }) : SUCCESS, takesMs: TAKES_MS }),
    })
    expect(seen.startsMs.slice(0, 2)).toEqual([0, 700])
  })

  test('no wait is kept for longer than a day', () => {
    const throttle = new Throttle()
    throttle.call(YEAR_MS, clock.now())
    throttle.connection(Number.POSITIVE_INFINITY, clock.now())
    expect(throttle.callsWaitMs(clock.now())).toBe(DAY_MS)
    expect(throttle.connectionsWaitMs(clock.now())).toBe(DAY_MS)
  })
})
