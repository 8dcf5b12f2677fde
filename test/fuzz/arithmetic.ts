/** What a plan comes to: every planned start once, whoever makes it, and as many of them as the rates add up to. */

import fc from 'fast-check'
import { share } from '../../src/agent/share.ts'
import { type OpenLoad, schedule } from '../../src/plan/schedule.ts'
import { type Subject, subject } from './subject.ts'

const base = { warmupMs: 0, durationMs: 1000, calls: null, overflow: 'queue', connections: null } as const
/** No schedule of these has more. */
const MOST_STARTS = 5000

function starts(load: OpenLoad, round = 0, worker = 0, workers = 1): number[] {
  const { next } = schedule(load, { round, worker, workers })
  const all: number[] = []
  for (let plannedMs = next(); plannedMs < Number.POSITIVE_INFINITY; plannedMs = next()) {
    if (all.push(plannedMs) > MOST_STARTS) throw new Error('it does not end')
  }
  return all
}

const rate = fc.double({ min: 0.01, max: 400, noNaN: true })
const length = fc.oneof(fc.integer({ min: 1, max: 3000 }), fc.double({ min: 0.001, max: 3000, noNaN: true }))
const warmupMs = fc.oneof(fc.constant(0), length)
const end = fc.oneof(
  fc.record({ durationMs: length, calls: fc.constant(null) }),
  fc.record({ durationMs: fc.constant(null), calls: fc.integer({ min: 1, max: 200 }) }),
)
const stages = fc.array(fc.record({ ratePerSecond: fc.oneof(fc.constant(0), rate), durationMs: length }), {
  minLength: 1,
  maxLength: 5,
})

const constant = fc
  .record({ ratePerSecond: rate, warmupMs, end })
  .map(({ end: ends, ...rest }) => ({ ...base, ...rest, ...ends, model: 'constant' }) as OpenLoad)
const poisson = fc
  .record({ ratePerSecond: rate, warmupMs, end, seed: fc.nat({ max: 2 ** 32 - 1 }) })
  .map(({ end: ends, ...rest }) => ({ ...base, ...rest, ...ends, model: 'poisson' }) as OpenLoad)
const ramp = fc
  .record({ startRatePerSecond: fc.oneof(fc.constant(0), rate), stages, warmupMs })
  .map((load) => {
    const durationMs = load.stages.reduce((sum, stage) => sum + stage.durationMs, 0)
    return { ...base, ...load, model: 'ramp', durationMs } as OpenLoad
  })
/** What would take the warm-up of one call an hour is no load of a test. */
const anyLoad = fc.oneof(constant, poisson, ramp).filter(({ calls, ...load }) => {
  const slow = 'ratePerSecond' in load && load.ratePerSecond < 0.5
  return !(slow && calls !== null)
})

const shared = subject<[load: OpenLoad, workers: number, round: number]>({
  name: 'every planned start once, over all workers',
  inputs: fc.tuple(anyLoad, fc.integer({ min: 1, max: 9 }), fc.nat({ max: 30 })),
  cost: 4,
  holds([load, workers, round]) {
    const all = starts(load, round)
    const parts = Array.from({ length: workers }, (_, worker) => starts(load, round, worker, workers))
    if (parts.flat().length !== all.length) throw new Error(`${parts.flat().length} of ${all.length}`)
    all.forEach((plannedMs, index) => {
      if (parts[index % workers]![Math.floor(index / workers)] !== plannedMs) throw new Error(`at ${index}`)
    })
    for (const [index, plannedMs] of all.entries()) {
      if (!(plannedMs >= 0 && plannedMs >= (all[index - 1] ?? 0))) throw new Error(`${plannedMs} ms`)
    }
    const measured = all.filter((plannedMs) => plannedMs >= load.warmupMs)
    if (load.calls !== null && measured.length !== load.calls) throw new Error(`${measured.length} calls`)
    const endMs = load.warmupMs + (load.durationMs ?? Number.POSITIVE_INFINITY)
    if (!all.every((plannedMs) => plannedMs < endMs)) throw new Error('one after the end')
  },
})

const seeded = subject<[load: OpenLoad, round: number]>({
  name: 'the same seed, the same arrivals; another round, others',
  inputs: fc.tuple(poisson, fc.nat({ max: 30 })),
  cost: 2,
  holds([load, round]) {
    const once = starts(load, round)
    const again = starts({ ...load }, round)
    const other = starts(load, round + 1)
    if (once.join() !== again.join()) throw new Error('they differ')
    if (once.length > 2 && once.join() === other.join()) throw new Error('a round is like the one before')
  },
})

const counted = subject<OpenLoad>({
  name: 'as many calls as the rate and its ramps add up to',
  inputs: fc.oneof(constant, ramp).filter(({ durationMs }) => durationMs !== null),
  holds(load) {
    const measured = starts(load).filter((plannedMs) => plannedMs >= load.warmupMs).length
    const rates =
      load.model === 'ramp'
        ? load.stages.map(({ ratePerSecond, durationMs }, index) => {
            const from = load.stages[index - 1]?.ratePerSecond ?? load.startRatePerSecond
            return ((from + ratePerSecond) / 2) * (durationMs / 1000)
          })
        : [(load as { ratePerSecond: number }).ratePerSecond * (load.durationMs! / 1000)]
    const expected = rates.reduce((sum, one) => sum + one, 0)
    // The first and the last may fall on either side of the window's ends.
    if (Math.abs(measured - expected) > 1.000_001) throw new Error(`${measured} calls for ${expected}`)
  },
})

const divided = subject<[total: number, workers: number]>({
  name: 'slots and calls, divided among workers',
  inputs: fc.tuple(fc.nat({ max: 1_000_000 }), fc.integer({ min: 1, max: 256 })),
  holds([total, workers]) {
    const parts = Array.from({ length: workers }, (_, worker) => share(total, worker, workers))
    if (parts.reduce((sum, part) => sum + part, 0) !== total) throw new Error(`${parts}`)
    if (Math.max(...parts) - Math.min(...parts) > 1) throw new Error(`${parts}`)
  },
})

export const arithmetic: Subject[] = [shared, seeded, counted, divided]
