import type { Plan } from '../../src/plan/plan.ts'
import type { LiveDelta } from '../../src/report/progress/tracker.ts'

/** As much of a plan as progress reads: a case for each load, two rounds of it. */
export function plan(...loads: Partial<Plan['cases'][number]['load']>[]): Plan {
  const cases = loads.map((load, index) => ({
    name: `case ${index}`,
    rounds: 2,
    load: { model: 'closed', concurrency: 1, warmupMs: 1000, durationMs: 4000, calls: null, ...load },
  }))
  return { name: 'plan', cases } as unknown as Plan
}

/** What a load thread tells after a second: 99 calls of 2 ms, and one that failed. */
export const SECOND_OF_CALLS: LiveDelta = {
  calls: 100,
  errors: 1,
  latenciesMs: Float32Array.from({ length: 99 }, () => 2),
}
