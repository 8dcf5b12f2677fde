/** The case that a threshold such as `<= baseline + 5%` is held against. */

import type { Plan } from '../plan/plan.ts'
import type { CaseResult, Result } from '../result/document.ts'
import type { BaselineOf } from '../result/thresholds.ts'
import { counterparts } from './pairs.ts'

/** Of the stored result where there is one; else, side by side, of the other target. A case of the baseline's own is its own. */
export function baselineOf(plan: Plan, stored: Result | null, cases: readonly CaseResult[]): BaselineOf {
  if (stored) return (name) => stored.cases.find((one) => one.name === name)
  const { compare } = plan
  if (!compare) return () => undefined
  const names = counterparts({ cases: [...cases], scenario: plan }, compare)
  const named = (name: string) => cases.find((one) => one.name === name)
  return (name) => {
    const own = named(name)
    return own?.target === compare.baseline ? own : named(names.get(name) ?? '')
  }
}
