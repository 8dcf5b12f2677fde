import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../src/random.ts'
import { driftOf } from '../../src/result/steadiness.ts'

/** A round of slices whose medians scatter by a tenth around their centre. */
function round(centreMs: number, seed: number, { slices = 20, calls = 50 } = {}) {
  const random = seededRandom(seed)
  return {
    timeline: {
      slice_s: 0.1,
      slices: Array.from({ length: slices }, () => {
        const p50 = centreMs * (0.95 + 0.1 * random())
        return { calls, errors: 0, p50, p99: 2 * p50 }
      }),
    },
  }
}

describe('a case is steady', () => {
  test('however its slices scatter: at most one of 100 is called a drift', () => {
    let called = 0
    for (let seed = 0; seed < 500; seed += 2) if (driftOf([round(10, seed), round(10, seed + 1)])) called++
    expect(called).toBeLessThanOrEqual(5)
  })

  test.each([
    ['where a change is too small to matter', [round(10, 1), round(10.2, 2)]],
    ['where its rounds are too short to tell', [round(10, 1, { slices: 5 }), round(20, 2, { slices: 5 })]],
    ['where its slices hold too few calls', [round(10, 1, { calls: 4 }), round(20, 2, { calls: 4 })]],
    ['where it has no rounds', []],
    ['where an older version recorded it', [{}, {}]],
  ])('%s', (_when, rounds) => {
    expect(driftOf(rounds)).toBeNull()
  })
})

describe('a case drifts', () => {
  test('where its last round is slower than its first, whatever lies between', () => {
    const drift = driftOf([round(10, 1), round(50, 2), round(13, 3)])!
    expect(drift.change).toBeCloseTo(0.3, 1)
    expect(drift.low).toBeLessThan(0.3)
    expect(drift.high).toBeGreaterThan(0.3)
  })

  test('where its last round is faster', () => {
    expect(driftOf([round(10, 1), round(8, 3)])!.change).toBeCloseTo(-0.2, 1)
  })

  test('where its only round is slower in its second half', () => {
    const slices = [round(10, 1, { slices: 10 }), round(14, 2, { slices: 10 })].flatMap(
      ({ timeline }) => timeline.slices,
    )
    expect(driftOf([{ timeline: { slice_s: 0.1, slices } }])!.change).toBeCloseTo(0.4, 1)
  })
})
