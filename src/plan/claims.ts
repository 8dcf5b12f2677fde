/** Which cases a claim is about. */

import { parseExpectation } from '../scenario/expectation.ts'
import { parseMetric, quantityOf, RATIO } from '../scenario/limit.ts'
import type { Scenario } from '../scenario/load.ts'
import type { Problem } from '../scenario/problem.ts'
import { suggest } from '../values/suggestion.ts'
import { facetsOf } from './case-names.ts'
import type { Case, Claim, ClaimedNumber } from './plan.ts'
import { type CaseGroups, hasMetric } from './thresholds.ts'

type ClaimSpec = NonNullable<Scenario['spec']['claims']>[number]

export function resolveClaims({ spec, source }: Scenario, groups: CaseGroups, problems: Problem[]): Claim[] {
  return (spec.claims ?? []).flatMap((claim, index): Claim[] => {
    const { says, place, because, cannot } = claim
    const words = { says, ...(place !== undefined && { place }), ...(because !== undefined && { because }) }
    if (cannot !== undefined) return [{ ...words, cannot }]
    const found = claimedNumber(claim, groups)
    if (!('message' in found)) return [{ ...words, ...found }]
    problems.push(source.problem(['claims', index, ...found.at], found.message, found.cure))
    return []
  })
}

interface Fault {
  at: string[]
  message: string
  cure: string
}

function claimedNumber(claim: ClaimSpec, groups: CaseGroups): ClaimedNumber | Fault {
  const { metric, statistic } = parseMetric(claim.metric!)!
  const casesOf = (side: 'of' | 'over'): readonly Case[] | Fault => {
    const name = claim[side]!
    const group = groups.find(name)
    if (!group) {
      const message = `there is no target or case \`${name.slice(0, 64)}\``
      return { at: [side], message, cure: suggest(name, groups.names, 'targets and cases') }
    }
    return chosen(group, claim, metric.name, side)
  }
  const of = casesOf('of')
  if ('message' in of) return of
  const over = claim.over === undefined ? null : casesOf('over')
  if (over && 'message' in over) return over
  const pairs = over ? alike(of, over) : of.map(({ name }) => ({ of: name, over: null }))
  if (pairs.length === 0) {
    const message = 'no case of the one is like a case of the other in payload and load'
    return { at: ['over'], message, cure: 'Name two cases, or add those that differ in their target alone.' }
  }
  const quantity = over ? RATIO : quantityOf(metric.unit)
  const range = parseExpectation(claim.expect!, quantity)
  if (!('value' in range)) return { at: ['expect'], ...range }
  return { metric: metric.name, statistic, expect: claim.expect!, ...range.value, pairs }
}

function chosen(
  group: readonly Case[],
  { where = {} }: ClaimSpec,
  metric: string,
  side: string,
): readonly Case[] | Fault {
  const measured = group.filter((one) => hasMetric(one, metric))
  if (measured.length === 0) {
    return { at: [side], message: `none of its calls has ${metric}`, cure: 'Name cases that have it.' }
  }
  let left = measured
  for (const [key, wanted] of Object.entries(where)) {
    const labels = left.map((one) => facetsOf(one).get(key))
    left = left.filter((_, index) => labels[index] === wanted)
    if (left.length > 0) continue
    const known = [...new Set(labels.filter((label) => label !== undefined))]
    const cure =
      known.length > 0
        ? `There is ${known.join(', ')}.`
        : suggest(key, [...new Set(measured.flatMap((one) => [...facetsOf(one).keys()]))], 'keys')
    return { at: ['where', key], message: `no case of \`${side}\` has this \`${key}\``, cure }
  }
  return left
}

/** Two that are alone are meant for each other, whatever they differ in. */
function alike(of: readonly Case[], over: readonly Case[]): ClaimedNumber['pairs'] {
  if (of.length === 1 && over.length === 1) return [{ of: of[0]!.name, over: over[0]!.name }]
  const beneath = Map.groupBy(over, likeness)
  return of.flatMap((one) => {
    const found = beneath.get(likeness(one))?.find(({ name }) => name !== one.name)
    return found ? [{ of: one.name, over: found.name }] : []
  })
}

/** Equal for cases that differ in their target alone. */
function likeness(one: Case): string {
  return JSON.stringify([...facetsOf(one)].filter(([key]) => !/^target(\.|$)/.test(key)))
}
