import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type OpenLoad, schedule } from '../../src/plan/schedule.ts'

const base = { warmupMs: 0, durationMs: 1000, calls: null, overflow: 'queue', connections: null } as const

function starts(load: OpenLoad, { round = 0, worker = 0, workers = 1 } = {}): number[] {
  const { next } = schedule(load, { round, worker, workers })
  const all: number[] = []
  for (let plannedMs = next(); plannedMs < Number.POSITIVE_INFINITY; plannedMs = next()) all.push(plannedMs)
  return all
}

const rate = fc.double({ min: 0.5, max: 400, noNaN: true })
const durationMs = fc.integer({ min: 1, max: 3000 })
const warmupMs = fc.integer({ min: 0, max: 1000 })
const end = fc.oneof(
  fc.record({ durationMs, calls: fc.constant(null) }),
  fc.record({ durationMs: fc.constant(null), calls: fc.integer({ min: 1, max: 200 }) }),
)
const stages = fc.array(fc.record({ ratePerSecond: fc.oneof(fc.constant(0), rate), durationMs }), {
  minLength: 1,
  maxLength: 5,
})
const openLoad: fc.Arbitrary<OpenLoad> = fc.oneof(
  fc
    .record({ ratePerSecond: rate, warmupMs, end })
    .map(({ end: ends, ...rest }): OpenLoad => ({ ...base, ...rest, ...ends, model: 'constant' })),
  fc
    .record({ ratePerSecond: rate, warmupMs, end, seed: fc.nat() })
    .map(({ end: ends, ...rest }): OpenLoad => ({ ...base, ...rest, ...ends, model: 'poisson' })),
  fc.record({ startRatePerSecond: fc.oneof(fc.constant(0), rate), stages, warmupMs }).map(
    (load): OpenLoad => ({
      ...base,
      ...load,
      model: 'ramp',
      durationMs: load.stages.reduce((sum, stage) => sum + stage.durationMs, 0),
    }),
  ),
)

describe('every schedule', () => {
  test('gives each planned start to exactly one worker, however many there are', () => {
    fc.assert(
      fc.property(openLoad, fc.integer({ min: 1, max: 7 }), fc.nat({ max: 20 }), (load, workers, round) => {
        const shares = Array.from({ length: workers }, (_, worker) =>
          starts(load, { round, worker, workers }),
        )
        const all = starts(load, { round })
        const merged = all.map((_, index) => shares[index % workers]![Math.floor(index / workers)])
        expect(merged).toEqual(all)
        expect(shares.flat()).toHaveLength(all.length)
      }),
    )
  })

  test('ascends, from the start of the warm-up to before the end', () => {
    fc.assert(
      fc.property(openLoad, fc.nat({ max: 20 }), (load, round) => {
        const all = starts(load, { round })
        expect(all).toEqual(all.toSorted((a, b) => a - b))
        expect(all[0] ?? 0).toBeGreaterThanOrEqual(0)
        if (load.durationMs !== null) expect(all.at(-1) ?? 0).toBeLessThan(load.warmupMs + load.durationMs)
      }),
    )
  })

  test('has exactly as many measured calls as were asked for', () => {
    fc.assert(
      fc.property(
        openLoad.filter(({ calls }) => calls !== null),
        fc.nat({ max: 20 }),
        (load, round) => {
          const measured = starts(load, { round }).filter((plannedMs) => plannedMs >= load.warmupMs)
          expect(measured).toHaveLength(load.calls!)
        },
      ),
    )
  })

  test('stays at its end', () => {
    const { next } = schedule(
      { ...base, model: 'constant', ratePerSecond: 2 },
      { round: 0, worker: 0, workers: 1 },
    )
    expect([next(), next(), next(), next()]).toEqual([
      0,
      500,
      Number.POSITIVE_INFINITY,
      Number.POSITIVE_INFINITY,
    ])
  })
})

test.each([
  { ratePerSecond: 4, warmupMs: 0, durationMs: 1000, planned: [0, 250, 500, 750] },
  { ratePerSecond: 4, warmupMs: 500, durationMs: 500, planned: [0, 250, 500, 750] },
  { ratePerSecond: 1 / 6, warmupMs: 0, durationMs: 12_001, planned: [0, 6000, 12_000] },
])('constant: $ratePerSecond/s for $warmupMs + $durationMs ms', ({ planned, ...load }) => {
  expect(starts({ ...base, ...load, model: 'constant' })).toEqual(planned)
})

test('a constant rate does not drift in a long round', () => {
  const all = starts({ ...base, model: 'constant', ratePerSecond: 3, durationMs: 3_600_000 })
  expect(all).toHaveLength(3 * 3600)
  expect(all[3 * 3599]).toBe(3_599_000)
})

describe('Poisson arrivals', () => {
  const load: OpenLoad = { ...base, model: 'poisson', ratePerSecond: 500, durationMs: 40_000, seed: 1 }

  test('are the same for the same seed and round, and others for another', () => {
    expect(starts(load)).toEqual(starts(load))
    expect(starts(load, { round: 1 }).slice(0, 9)).not.toEqual(starts(load).slice(0, 9))
    expect(starts({ ...load, seed: 2 }).slice(0, 9)).not.toEqual(starts(load).slice(0, 9))
  })

  test('come at the rate, at exponential distances that do not depend on each other', () => {
    const all = starts(load)
    const gaps = all.map((plannedMs, index) => plannedMs - (all[index - 1] ?? 0))
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length
    const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length
    const covariance =
      gaps.slice(1).reduce((sum, gap, index) => sum + (gap - mean) * (gaps[index]! - mean), 0) / gaps.length
    // 20,000 gaps: four standard errors of each estimate.
    expect(mean).toBeCloseTo(2, 1)
    expect(Math.sqrt(variance) / mean).toBeGreaterThan(0.96)
    expect(Math.sqrt(variance) / mean).toBeLessThan(1.04)
    expect(Math.abs(covariance / variance)).toBeLessThan(0.03)
    expect(gaps.filter((gap) => gap > 2 * Math.LN2).length / gaps.length).toBeCloseTo(0.5, 1)
  })
})

describe('a ramp', () => {
  const ramp = (
    startRatePerSecond: number,
    ...stages: [ratePerSecond: number, durationMs: number][]
  ): OpenLoad => ({
    ...base,
    model: 'ramp',
    startRatePerSecond,
    stages: stages.map(([ratePerSecond, durationMs]) => ({ ratePerSecond, durationMs })),
    durationMs: stages.reduce((sum, [, durationMs]) => sum + durationMs, 0),
  })

  test('has the k-th start where the integral of its rate is k', () => {
    // From 0 to 8/s in 2 s: the integral is 2t², so the k-th start is at sqrt(k / 2) s.
    expect(starts(ramp(0, [8, 2000]))).toEqual(
      Array.from({ length: 8 }, (_, k) => expect.closeTo(Math.sqrt(k / 2) * 1000, 9)),
    )
  })

  test('holds a constant rate as a constant load does', () => {
    const constant = starts({ ...base, model: 'constant', ratePerSecond: 50, durationMs: 3000 })
    expect(starts(ramp(50, [50, 1000], [50, 2000]))).toEqual(
      constant.map((plannedMs) => expect.closeTo(plannedMs, 9)),
    )
  })

  test('runs backwards as it runs forwards', () => {
    const up = starts(ramp(0, [100, 1000]))
    const down = starts(ramp(100, [0, 1000]))
    expect(up).toHaveLength(50)
    expect(down).toHaveLength(50)
    expect(down[10]).toBeCloseTo(1000 - Math.sqrt(1 - 10 / 50) * 1000, 9)
  })

  test('warms up at its start rate, or at the first stage’s where it starts from nothing', () => {
    const warm = (load: OpenLoad) =>
      starts({ ...load, warmupMs: 1000 }).filter((plannedMs) => plannedMs < 1000)
    expect(warm(ramp(20, [100, 1000]))).toHaveLength(20)
    expect(warm(ramp(0, [100, 1000]))).toHaveLength(100)
  })

  test('may pause', () => {
    const all = starts(ramp(10, [10, 1000], [0, 1], [0, 5000], [10, 1], [10, 1000]))
    expect(all.filter((plannedMs) => plannedMs > 1001 && plannedMs < 6001)).toEqual([])
    expect(all).toHaveLength(21)
  })
})
