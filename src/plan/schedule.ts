/**
 * A schedule is the planned start of each call of a round: pure numbers, no clock. Every worker computes the
 * same arrivals and keeps each n-th of them, so the union over the workers is the schedule of one worker alone.
 */

import { seededRandom } from '../random.ts'
import type { Case, Load, Stage } from './plan.ts'

export type OpenLoad = Exclude<Load, { model: 'closed' | 'search' | 'idle' }>

/** A case with a load that can be run: where a rate is searched for, it is this one. */
export type RunnableCase = Case & { load: Exclude<Load, { model: 'search' }> }

/** A case whose sessions make no calls. */
export type IdleCase = Case & { load: Extract<Load, { model: 'idle' }> }

export function isIdle<One extends Pick<Case, 'load'>>(one: One): one is One & Pick<IdleCase, 'load'> {
  return one.load.model === 'idle'
}

/** @throws Error for a search without a rate. */
export function withRate(planned: Case, ratePerSecond: number | null): RunnableCase {
  const { load } = planned
  if (load.model !== 'search') return { ...planned, load }
  if (ratePerSecond === null) throw new Error(`${planned.name}: the rate is not found yet`)
  const { objective, startRatePerSecond, maxRatePerSecond, precision, ...settings } = load
  return { ...planned, load: { ...settings, model: 'constant', ratePerSecond } }
}

export interface ScheduleOptions {
  /** Number of the round; a Poisson round has arrivals of its own. */
  round: number
  /** From 0. */
  worker: number
  workers: number
}

export interface Schedule {
  /**
   * The next planned start in milliseconds from the round's start, never before the previous one. What lies
   * before `warmupMs` is warm-up. Infinity once the round has no more arrivals.
   */
  next(): number
}

/** Planned starts of a load that does not wait for replies. A closed loop has none: a free slot is its plan. */
export function schedule(load: OpenLoad, { round, worker, workers }: ScheduleOptions): Schedule {
  const arrivals = arrivalsOf(load, round)
  const endMs = load.durationMs === null ? Number.POSITIVE_INFINITY : load.warmupMs + load.durationMs
  const callsLimit = load.calls ?? Number.POSITIVE_INFINITY
  let index = 0
  let measured = 0
  let ended = false
  const arrival = () => {
    const plannedMs = arrivals()
    if (plannedMs >= load.warmupMs) measured++
    ended ||= plannedMs >= endMs || measured > callsLimit
    return ended ? Number.POSITIVE_INFINITY : plannedMs
  }
  return {
    next() {
      while (!ended) {
        const plannedMs = arrival()
        if (index++ % workers === worker) return plannedMs
      }
      return Number.POSITIVE_INFINITY
    },
  }
}

/** Every arrival from 0 on, warm-up included, over all workers; Infinity where the rate has run out. */
function arrivalsOf(load: OpenLoad, round: number): () => number {
  switch (load.model) {
    case 'constant':
      return constant(load.ratePerSecond)
    case 'poisson':
      return poisson(load.ratePerSecond, load.seed, round)
    case 'ramp':
      return ramp(load.startRatePerSecond, load.stages, load.warmupMs)
  }
}

function constant(ratePerSecond: number): () => number {
  let index = 0
  // Multiplied, not summed up: a sum of rounded gaps drifts off the rate.
  return () => (index++ * 1000) / ratePerSecond
}

/** Gaps are drawn from the exponential distribution. */
function poisson(ratePerSecond: number, seed: number, round: number): () => number {
  const random = seededRandom(seed + round * 2 ** 32)
  const meanGapMs = 1000 / ratePerSecond
  let plannedMs = 0
  return () => {
    // Two draws make 53 bits; with 32 alone, gaps above 22 mean gaps could not occur.
    const uniform = (Math.floor(random() * 2 ** 21) * 2 ** 32 + random() * 2 ** 32) / 2 ** 53
    plannedMs -= Math.log1p(-uniform) * meanGapMs
    return plannedMs
  }
}

interface Segment {
  startMs: number
  durationMs: number
  /** Arrivals due before the segment begins; not a whole number in general. */
  arrivalsBefore: number
  arrivals: number
  startRatePerMs: number
  /** By how much the rate grows each millisecond. */
  slopePerMs: number
}

/**
 * The rate is a polygon, so the number of arrivals due by a time is its integral, a quadratic function in each
 * stage. The k-th arrival (from 0) stands where that function is k: solved exactly, without steps.
 */
function ramp(startRatePerSecond: number, stages: readonly Stage[], warmupMs: number): () => number {
  const segments = segmentsOf(startRatePerSecond, stages, warmupMs)
  let current = 0
  let index = 0
  return () => {
    for (; current < segments.length; current++) {
      const segment = segments[current]!
      const into = index - segment.arrivalsBefore
      if (into < segment.arrivals) {
        index++
        return segment.startMs + timeToArrive(segment, into)
      }
    }
    return Number.POSITIVE_INFINITY
  }
}

function segmentsOf(startRatePerSecond: number, stages: readonly Stage[], warmupMs: number): Segment[] {
  // A start rate of 0 would leave the connections cold, so the warm-up runs at the first stage's rate.
  const warmupRate = startRatePerSecond || (stages[0]?.ratePerSecond ?? 0)
  const polygon = [{ fromRate: warmupRate, toRate: warmupRate, durationMs: warmupMs }]
  let fromRate = startRatePerSecond
  for (const { ratePerSecond, durationMs } of stages) {
    polygon.push({ fromRate, toRate: ratePerSecond, durationMs })
    fromRate = ratePerSecond
  }
  let startMs = 0
  let arrivalsBefore = 0
  return polygon.map(({ fromRate, toRate, durationMs }) => {
    const arrivals = ((fromRate + toRate) / 2 / 1000) * durationMs
    const segment: Segment = {
      startMs,
      durationMs,
      arrivalsBefore,
      arrivals,
      startRatePerMs: fromRate / 1000,
      slopePerMs: durationMs === 0 ? 0 : (toRate - fromRate) / 1000 / durationMs,
    }
    startMs += durationMs
    arrivalsBefore += arrivals
    return segment
  })
}

/** Milliseconds into the segment until `arrivals` of its own are due. */
function timeToArrive({ startRatePerMs, slopePerMs, durationMs }: Segment, arrivals: number): number {
  if (arrivals <= 0) return 0
  // This form of the quadratic's root loses no digits where the slope is nearly 0, nor divides by it.
  const root = Math.sqrt(Math.max(0, startRatePerMs ** 2 + 2 * slopePerMs * arrivals))
  return Math.min(durationMs, (2 * arrivals) / (startRatePerMs + root))
}
