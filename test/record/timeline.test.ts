import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { initHistograms } from '../../src/record/histogram.ts'
import { mergeTimelines, TimelineRecorder } from '../../src/record/timeline.ts'
import { timelineOf } from '../../src/result/timeline.ts'

beforeAll(initHistograms)

type Moment = readonly [plannedMs: number, latencyMs: number, failed: boolean]

function recorded(moments: readonly Moment[], toMs = Number.POSITIVE_INFINITY) {
  const recorder = new TimelineRecorder()
  recorder.window(0, toMs)
  for (const moment of moments) recorder.call(...moment)
  return recorder.finish()
}

test('a round of known length has twenty slices', () => {
  const moments = Array.from({ length: 200 }, (_, index): Moment => [index * 5, index < 100 ? 2 : 8, false])
  const { slice_s: sliceS, slices } = timelineOf([recorded(moments, 1000)])
  expect(sliceS).toBe(0.05)
  expect(slices).toHaveLength(20)
  expect(slices.map(({ calls }) => calls)).toEqual(Array(20).fill(10))
  expect(Math.round(slices[9]!.p50!)).toBe(2)
  expect(Math.round(slices[10]!.p50!)).toBe(8)
})

test('a slice without a success has no latency', () => {
  const { slices } = timelineOf([
    recorded(
      [
        [10, 1, true],
        [70, 3, false],
      ],
      1000,
    ),
  ])
  expect(slices).toMatchObject([
    { calls: 1, errors: 1, p50: null, p99: null },
    { calls: 1, errors: 0 },
  ])
  expect(slices[1]!.p50).toBeCloseTo(3, 2)
})

test('the gaps of streams are told where their calls fell due, and of nothing else', () => {
  const recorder = new TimelineRecorder()
  recorder.window(0, 1000)
  const gaps = Float64Array.from([1, 2, 3, 99])
  recorder.call(10, 20, false)
  recorder.gaps(10, gaps, 3)
  recorder.call(70, 20, false)
  recorder.gaps(70, gaps, 0)
  const { slices } = timelineOf([recorder.finish()])
  expect(slices[0]!.gap_p50).toBeCloseTo(2, 2)
  expect(slices[0]!.gap_p99).toBeCloseTo(3, 2)
  expect(slices[1]).not.toHaveProperty('gap_p50')
})

test('gaps of all workers and of slices that were doubled are counted together', () => {
  const recorded = (gapMs: number) => {
    const recorder = new TimelineRecorder()
    recorder.window(0, Number.POSITIVE_INFINITY)
    // Forty slices of 25 ms are too few for the last of them.
    for (const plannedMs of [0, 30, 5000]) {
      recorder.call(plannedMs, 1, false)
      recorder.gaps(plannedMs, Float64Array.from([gapMs]), 1)
    }
    return recorder.finish()
  }
  const { slices } = timelineOf([recorded(1), recorded(9)])
  expect(slices[0]).toMatchObject({ calls: 4 })
  expect(slices[0]!.gap_p50).toBeCloseTo(1, 2)
  expect(slices[0]!.gap_p99).toBeCloseTo(9, 2)
})

test('the end of a run that is cut short changes no slice', () => {
  const recorder = new TimelineRecorder()
  recorder.window(0, 1000)
  recorder.call(10, 1, false)
  recorder.window(0, 20)
  recorder.call(15, 1, false)
  expect(recorder.finish()).toMatchObject({ sliceMs: 50, slices: [{ calls: 2 }] })
})

const moments = fc.array(
  fc.tuple(
    fc.double({ min: 0, max: 20_000, noNaN: true }),
    fc.double({ min: 0.001, max: 1000, noNaN: true }),
    fc.boolean(),
  ),
  { maxLength: 200 },
)

test('however long a round takes, and however many workers share it, every call is in one slice', () => {
  fc.assert(
    fc.property(fc.array(moments, { minLength: 1, maxLength: 4 }), (workers) => {
      const parts = workers.map((worker) => recorded([...worker].sort((a, b) => a[0] - b[0])))
      const merged = mergeTimelines(parts)
      const all = workers.flat()
      expect(merged.slices.length).toBeLessThanOrEqual(40)
      expect(merged.slices.reduce((sum, { calls }) => sum + calls, 0)).toBe(all.length)
      expect(merged.slices.reduce((sum, { errors }) => sum + errors, 0)).toBe(
        all.filter(([, , failed]) => failed).length,
      )
      for (const [index, { calls }] of merged.slices.entries()) {
        const within = all.filter(([plannedMs]) => Math.floor(plannedMs / merged.sliceMs) === index)
        expect(calls).toBe(within.length)
      }
    }),
    { numRuns: 30 },
  )
})
