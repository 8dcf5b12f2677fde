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
  const sideOf = (result: Result): Side =>
    new Map(result.cases.map((one) => [one.name, { name: one.name, result, one }]))
  return paired(sideOf(baseline), sideOf(candidate))
}

/** Cases of two targets in one run that are alike in all but the target. */
export function pairedByTarget(result: Result, targets: { baseline: string; candidate: string }): Paired {
  const sideOf = (target: string): Side =>
    new Map(
      result.cases
        .filter((one) => one.target === target)
        .map((one) => {
          const { key, name } = likeness(result, one)
          return [key, { name: name || `${targets.baseline} → ${targets.candidate}`, result, one }]
        }),
    )
  return paired(sideOf(targets.baseline), sideOf(targets.candidate))
}

/** The name of the baseline's case by that of the candidate's. */
export function counterparts(
  result: Pick<Result, 'cases' | 'scenario'>,
  targets: { baseline: string; candidate: string },
): Map<string, string> {
  const of = (target: string) => result.cases.filter((one) => one.target === target)
  const byKey = new Map(of(targets.baseline).map((one) => [likeness(result, one).key, one.name]))
  return new Map(
    of(targets.candidate).flatMap((one) => {
      const name = byKey.get(likeness(result, one).key)
      return name === undefined ? [] : [[one.name, name]]
    }),
  )
}

/** What a case is besides its target: as a person would say it, and where that says nothing, its load and payload. */
function likeness(
  result: Pick<Result, 'scenario'>,
  { name, target, labels, load }: CaseResult,
): { key: string; name: string } {
  const rest = name.startsWith(target) ? name.slice(target.length).trim() : ''
  const told = Object.entries(labels).map(([key, value]) => `${key} ${value}`)
  const said = rest || told.join(', ')
  return { key: said || JSON.stringify([load, plannedCase(result, name)?.payload ?? {}]), name: said }
}

/** Cases by what they have in common with those of the other side. */
type Side = ReadonlyMap<string, { name: string; result: Result; one: CaseResult }>

function paired(before: Side, after: Side): Paired {
  const pairs = [...before].flatMap(([key, baseline]) => {
    const candidate = after.get(key)
    return candidate ? { name: baseline.name, baseline, candidate } : []
  })
  const missing = (from: Side, other: Side) =>
    [...from].filter(([key]) => !other.has(key)).map(([, { one }]) => one.name)
  return {
    pairs,
    unmatched: [
      ...missing(before, after).map((name) => ({ onlyIn: 'baseline' as const, name })),
      ...missing(after, before).map((name) => ({ onlyIn: 'candidate' as const, name })),
    ],
  }
}
