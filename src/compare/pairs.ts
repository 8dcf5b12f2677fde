/** Which case of the one side belongs to which of the other. */

import type { Comparison } from '../result/comparison.ts'
import type { CaseResult, Result } from '../result/document.ts'
import { plannedCase } from './fingerprint.ts'

export interface Pair {
  name: string
  baseline: { result: Result; one: CaseResult }
  candidate: { result: Result; one: CaseResult }
}

interface Paired {
  pairs: Pair[]
  unmatched: Comparison['unmatched']
}

/** Cases of two runs that have the same name. */
export function pairedByName(baseline: Result, candidate: Result): Paired {
  const before = new Map(baseline.cases.map((one) => [one.name, one]))
  const after = new Map(candidate.cases.map((one) => [one.name, one]))
  return paired(before, after, baseline, candidate)
}

/** Cases of two targets in one run that are alike in all but the target. */
export function pairedByTarget(result: Result, targets: { baseline: string; candidate: string }): Paired {
  const of = (target: string) =>
    new Map(
      result.cases.filter((one) => one.target === target).map((one) => [likeness(result, one), one] as const),
    )
  return paired(of(targets.baseline), of(targets.candidate), result, result)
}

/** What a case is besides its target, as a person would say it: its labels; where it has none, its load. */
function likeness(result: Result, { name, target, labels, load }: CaseResult): string {
  const told = Object.entries(labels).map(([key, value]) => `${key} ${value}`)
  const rest = name.startsWith(target) ? name.slice(target.length).trim() : ''
  const payload = plannedCase(result, name)?.payload ?? {}
  return rest || told.join(', ') || JSON.stringify([load, payload])
}

function paired(
  before: ReadonlyMap<string, CaseResult>,
  after: ReadonlyMap<string, CaseResult>,
  baseline: Result,
  candidate: Result,
): Paired {
  const pairs = [...before].flatMap(([name, one]) => {
    const other = after.get(name)
    return other
      ? { name, baseline: { result: baseline, one }, candidate: { result: candidate, one: other } }
      : []
  })
  const missing = (from: ReadonlyMap<string, CaseResult>, other: ReadonlyMap<string, CaseResult>) =>
    [...from.keys()].filter((name) => !other.has(name))
  return {
    pairs,
    unmatched: [
      ...missing(before, after).map((name) => ({ onlyIn: 'baseline' as const, name })),
      ...missing(after, before).map((name) => ({ onlyIn: 'candidate' as const, name })),
    ],
  }
}
