import { beforeAll, describe, expect, test } from 'vitest'
import { initHistograms } from '../../src/record/histogram.ts'
import { ProgressTracker } from '../../src/report/progress/tracker.ts'
import { plan, SECOND_OF_CALLS } from './progress-plan.ts'

beforeAll(initHistograms)

describe('the tracker', () => {
  test('counts down what is planned, rounds interleaved', () => {
    const tracker = new ProgressTracker(plan({}, {}))
    expect(tracker.state(0)).toBeNull()
    tracker.round(0, 0, 0)
    expect(tracker.state(0)).toMatchObject({ fraction: 0, leftMs: 20_000, stage: 'warm-up' })
    expect(tracker.state(2000)).toMatchObject({ fraction: 0.1, leftMs: 18_000, stage: 'measuring' })
    tracker.round(1, 0, 5000)
    expect(tracker.state(5000)).toMatchObject({ caseIndex: 1, roundIndex: 0, fraction: 0.25, leftMs: 15_000 })
    tracker.round(0, 1, 10_000)
    expect(tracker.state(10_000)).toMatchObject({ caseIndex: 0, roundIndex: 1, fraction: 0.5 })
    tracker.round(1, 1, 15_000)
    expect(tracker.state(21_000)).toMatchObject({ fraction: 1, leftMs: 0, stage: 'finishing' })
    tracker.close()
  })

  test('knows no end where calls are counted, until a round has shown how long one takes', () => {
    const tracker = new ProgressTracker(plan({ durationMs: null, calls: 1000 }, {}))
    tracker.round(0, 0, 0)
    expect(tracker.state(1000)).toMatchObject({ leftMs: null, fraction: 0 })
    tracker.round(1, 0, 7000)
    expect(tracker.state(7000)).toMatchObject({ leftMs: 17_000 })
    tracker.close()
  })

  test('names a floor, counts none of its calls, and leaves the round before as long as it was', () => {
    const tracker = new ProgressTracker(plan({ durationMs: null, calls: 1000 }, {}))
    tracker.floor(0, 0)
    expect(tracker.state(500)).toMatchObject({ stage: 'floor', caseIndex: 0, fraction: 0 })
    tracker.take([SECOND_OF_CALLS], 1000)
    tracker.round(0, 0, 1000)
    expect(tracker.state(1000)).toMatchObject({ errors: 0, p50Ms: null, stage: 'warm-up' })
    tracker.floor(1, 8000)
    expect(tracker.state(9000)).toMatchObject({ stage: 'floor', caseIndex: 1, caseName: 'case 1' })
    tracker.round(1, 0, 10_000)
    // The first case's second round takes as long as its first, 7 s; the floor between them is no part of it.
    expect(tracker.state(10_000)).toMatchObject({ leftMs: 17_000 })
    tracker.close()
  })

  test('adds up the stages of a ramp', () => {
    const stages = [
      { ratePerSecond: 1, durationMs: 2000 },
      { ratePerSecond: 9, durationMs: 3000 },
    ]
    const tracker = new ProgressTracker(
      plan({ model: 'ramp', durationMs: null, startRatePerSecond: 1, stages }),
    )
    tracker.round(0, 0, 0)
    expect(tracker.state(0)).toMatchObject({ leftMs: 12_000 })
    tracker.close()
  })

  test('tells the rate of the last moments, this round’s latency, and all errors', () => {
    const tracker = new ProgressTracker(plan({}))
    tracker.round(0, 0, 0)
    for (let second = 1; second <= 4; second++)
      tracker.take([SECOND_OF_CALLS, SECOND_OF_CALLS], second * 1000)
    expect(tracker.state(4000)).toMatchObject({ ratePerSecond: 200, errors: 8 })
    expect(tracker.state(4000)!.p99Ms).toBeCloseTo(2, 2)
    for (let second = 5; second <= 8; second++)
      tracker.take([{ ...SECOND_OF_CALLS, calls: 10 }], second * 1000)
    expect(tracker.state(8000)!.ratePerSecond).toBe(10)
    tracker.round(0, 1, 9000)
    expect(tracker.state(9000)).toMatchObject({ ratePerSecond: 0, errors: 12, p50Ms: null })
    tracker.close()
  })
})
