import { describe, expect, test } from 'vitest'
import { GcWatch, LoopWatch } from '../../src/load/loop-watch.ts'

/** A watch whose timer fires at these moments, of a thread that runs for a part of the time. */
function watched(momentsMs: readonly number[], coreShare = 1) {
  let nowMs = 0
  const delaysMs: number[] = []
  const stalls: number[][] = []
  const watch = new LoopWatch(
    { now: () => nowMs },
    {
      loopDelay: (_atMs, delayMs) => delaysMs.push(delayMs),
      stall: (...stall) => stalls.push(stall),
    },
    () => coreShare * nowMs,
  )
  watch.start()
  for (const momentMs of momentsMs) {
    nowMs = momentMs
    watch.tick()
  }
  watch.stop()
  return { delaysMs, stalls }
}

describe('the event loop', () => {
  test('that turns has no stall', () => {
    const { delaysMs, stalls } = watched([5, 10.5, 15.5, 20])
    expect(delaysMs).toEqual([0, 0.5, 0, 0])
    expect(stalls).toEqual([])
  })

  test('stood still from when the timer was due until it fired', () => {
    expect(watched([5, 10, 75, 80]).stalls).toEqual([[15, 75, 60]])
  })

  test('that stood still because no core ran it is told from one that was blocked', () => {
    expect(watched([5, 10, 70, 75], 0.1).stalls).toEqual([[15, 70, 6]])
  })

  test('may be a timer’s own lateness behind', () => {
    expect(watched([5, 15, 25]).stalls).toEqual([])
    expect(watched([5, 15.1]).stalls).toHaveLength(1)
  })
})

test('what the garbage collector takes is told', async () => {
  const watch = new GcWatch()
  watch.start()
  const startMs = performance.now()
  let kept: unknown[] = []
  // Until a young generation is full, whatever its size.
  for (let round = 0; round < 200; round++) kept = Array.from({ length: 50_000 }, () => ({ round }))
  expect(kept).toHaveLength(50_000)
  // Node tells of it in a later turn.
  for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate)
  const pauses = watch.stop()
  expect(pauses.length).toBeGreaterThan(0)
  for (const { atMs, durationMs } of pauses) {
    expect(atMs).toBeGreaterThanOrEqual(startMs)
    expect(durationMs).toBeGreaterThan(0)
  }
})
