/** Ends a run where a threshold that says `abort_on_fail` does not hold: what comes after would be for nothing. */

import { baselineOf } from '../compare/baseline-cases.ts'
import type { Plan } from '../plan/plan.ts'
import type { RoundRecord } from '../record/round-record.ts'
import { measured } from '../report/numbers.ts'
import { assembleCase, type RoundEvidence } from '../result/assemble.ts'
import type { CaseResult, Result } from '../result/document.ts'
import { abortingThreshold } from '../result/thresholds.ts'

export class EarlyEnd {
  readonly #plan: Plan
  readonly #baseline: Result | null
  readonly #isAsked: boolean
  readonly #rounds = new Map<number, RoundEvidence[]>()

  constructor(plan: Plan, baseline: Result | null) {
    this.#plan = plan
    this.#baseline = baseline
    this.#isAsked = plan.thresholds.some(({ abortOnFail }) => abortOnFail)
  }

  /** Why the run is to end after this round; null where it goes on. A search's rounds are on their way to a load that is none yet. */
  after(caseIndex: number, records: RoundRecord[]): string | null {
    const { cases, thresholds } = this.#plan
    if (!this.#isAsked || cases[caseIndex]!.load.model === 'search') return null
    const rounds = this.#rounds.get(caseIndex) ?? []
    rounds.push({ records, serverCpuSeconds: null, serverMemoryGrowthBytes: null })
    this.#rounds.set(caseIndex, rounds)
    const soFar = new Map<number, CaseResult>()
    for (const [index, own] of this.#rounds) soFar.set(index, assembleCase(cases[index]!, own))
    const assembled = [...soFar.values()]
    const failed = abortingThreshold(
      thresholds,
      soFar.get(caseIndex)!,
      baselineOf(this.#plan, this.#baseline, assembled),
    )
    if (!failed) return null
    const found = failed.value === null ? '' : `: it measured ${measured(failed.metric, failed.value)}`
    const after = `after ${rounds.length} of ${cases[caseIndex]!.rounds} rounds of ${failed.case}`
    return `the threshold "${failed.says}" did not hold ${after}${found}, and says abort_on_fail`
  }
}
