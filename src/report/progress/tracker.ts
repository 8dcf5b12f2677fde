import type { Plan } from '../../plan/plan.ts'
import { destroy, type Histogram, newHistogram, percentileMs, recordMs } from '../../record/histogram.ts'
import type { ProgressState } from './lines.ts'

/** What happened in one load thread since it was last asked. */
export interface LiveDelta {
  calls: number
  errors: number
  latenciesMs: Float32Array
}

/** How far back the current rate looks. */
const RATE_WINDOW_MS = 2000

/** Follows a run from what is told of it; the histogram module must be loaded. All times of one clock. */
export class ProgressTracker {
  readonly #plan: Plan
  readonly #latencies: Histogram = newHistogram()
  /** Case index to how long its rounds took, where the plan does not tell. */
  readonly #took = new Map<number, number>()
  #caseIndex = 0
  #roundIndex = 0
  #triedRate: number | null = null
  #roundStartMs: number | null = null
  /** The case whose floor is measured just now. */
  #floorOf: number | null = null
  #calls = 0
  #errors = 0
  #counted: { atMs: number; calls: number }[] = []

  constructor(plan: Plan) {
    this.#plan = plan
  }

  floor(caseIndex: number, nowMs: number): void {
    this.#endRound(nowMs)
    this.#floorOf = caseIndex
  }

  round(caseIndex: number, roundIndex: number, nowMs: number, triedRate: number | null = null): void {
    this.#floorOf = null
    this.#endRound(nowMs)
    this.#caseIndex = caseIndex
    this.#roundIndex = roundIndex
    this.#triedRate = triedRate
    this.#roundStartMs = nowMs
    this.#latencies.reset()
    this.#counted = [{ atMs: nowMs, calls: this.#calls }]
  }

  take(deltas: readonly LiveDelta[], nowMs: number): void {
    if (this.#floorOf !== null) return
    for (const { calls, errors, latenciesMs } of deltas) {
      this.#calls += calls
      this.#errors += errors
      for (const latencyMs of latenciesMs) recordMs(this.#latencies, latencyMs)
    }
    this.#counted.push({ atMs: nowMs, calls: this.#calls })
    while (this.#counted.length > 2 && this.#counted[1]!.atMs <= nowMs - RATE_WINDOW_MS) this.#counted.shift()
  }

  /** Null before the first round. */
  state(nowMs: number): ProgressState | null {
    if (this.#floorOf !== null) return this.#floorState(this.#floorOf)
    const planned = this.#plan.cases[this.#caseIndex]
    if (this.#roundStartMs === null || !planned) return null
    const elapsedMs = nowMs - this.#roundStartMs
    const lengthMs = this.#lengthMs(this.#caseIndex)
    const some = this.#latencies.totalCount > 0
    return {
      caseName: planned.name,
      caseIndex: this.#caseIndex,
      roundIndex: this.#roundIndex,
      caseCount: this.#plan.cases.length,
      roundCount: planned.rounds,
      triedRate: this.#triedRate,
      stage: stageAt(elapsedMs, planned.load.warmupMs, plannedMs(planned.load)),
      ...(this.#triedRate === null ? this.#whole(elapsedMs, lengthMs) : { fraction: 0, leftMs: null }),
      ratePerSecond: this.#ratePerSecond(),
      errors: this.#errors,
      p50Ms: some ? percentileMs(this.#latencies, 50) : null,
      p99Ms: some ? percentileMs(this.#latencies, 99) : null,
    }
  }

  #endRound(nowMs: number): void {
    if (this.#roundStartMs !== null) this.#took.set(this.#caseIndex, nowMs - this.#roundStartMs)
    this.#roundStartMs = null
  }

  /** Floors are measured before the first rounds of their cases. */
  #floorState(caseIndex: number): ProgressState {
    const { name, rounds } = this.#plan.cases[caseIndex]!
    const lengthMs = this.#lengthMs(this.#caseIndex)
    return {
      caseName: name,
      caseIndex,
      roundIndex: 0,
      caseCount: this.#plan.cases.length,
      roundCount: rounds,
      triedRate: null,
      stage: 'floor',
      fraction: caseIndex === 0 ? 0 : this.#whole(lengthMs ?? 0, lengthMs).fraction,
      leftMs: null,
      ratePerSecond: 0,
      errors: this.#errors,
      p50Ms: null,
      p99Ms: null,
    }
  }

  close(): void {
    destroy(this.#latencies)
  }

  #whole(elapsedMs: number, lengthMs: number | null): Pick<ProgressState, 'fraction' | 'leftMs'> {
    let before = 0
    let beforeMs = 0
    let after = 0
    let afterMs: number | null = lengthMs === null ? null : Math.max(0, lengthMs - elapsedMs)
    for (const [caseIndex, { rounds }] of this.#plan.cases.entries()) {
      // Rounds are interleaved: each case runs its first before any runs its second.
      const begun = Math.min(rounds, this.#roundIndex + (caseIndex <= this.#caseIndex ? 1 : 0))
      const ended = caseIndex === this.#caseIndex ? begun - 1 : begun
      const oneMs = this.#lengthMs(caseIndex)
      before += ended
      after += rounds - begun
      beforeMs += ended * (oneMs ?? 0)
      if (rounds > begun)
        afterMs = afterMs === null || oneMs === null ? null : afterMs + (rounds - begun) * oneMs
    }
    if (lengthMs === null || afterMs === null) {
      return { fraction: before / (before + 1 + after), leftMs: null }
    }
    const doneMs = beforeMs + Math.min(elapsedMs, lengthMs)
    return { fraction: doneMs / Math.max(1, doneMs + afterMs), leftMs: afterMs }
  }

  /** Of one round, warm-up included. */
  #lengthMs(caseIndex: number): number | null {
    return plannedMs(this.#plan.cases[caseIndex]!.load) ?? this.#took.get(caseIndex) ?? null
  }

  #ratePerSecond(): number {
    const first = this.#counted[0]!
    const last = this.#counted.at(-1)!
    return last.atMs > first.atMs ? ((last.calls - first.calls) * 1000) / (last.atMs - first.atMs) : 0
  }
}

function plannedMs(load: Plan['cases'][number]['load']): number | null {
  if (load.durationMs !== null) return load.warmupMs + load.durationMs
  if (load.model !== 'ramp') return null
  return load.warmupMs + load.stages.reduce((sum, { durationMs }) => sum + durationMs, 0)
}

function stageAt(elapsedMs: number, warmupMs: number, lengthMs: number | null): ProgressState['stage'] {
  if (elapsedMs < warmupMs) return 'warm-up'
  return lengthMs !== null && elapsedMs >= lengthMs ? 'finishing' : 'measuring'
}
