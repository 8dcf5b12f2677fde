/** What of a plan is run, and how long that takes. */

import { ScenarioError, UsageError } from '../scenario/problem.ts'
import { suggest } from '../values/suggestion.ts'
import type { Claim, Load, Plan } from './plan.ts'

const MOST_CASES_UNASKED = 1000
/** A guess at how long one call takes, for loads that end by their number of calls. */
const GUESSED_CALL_MS = 10
/** How many rates a search tries: a dozen doublings, and as many steps between two of them. */
const GUESSED_STEPS = 20

/** @throws ScenarioError for a plan that nobody would have written on purpose, unless `yes`. */
export function checkPlanSize(plan: Plan, yes: boolean): void {
  if (yes || plan.cases.length <= MOST_CASES_UNASKED) return
  const count = plan.cases.length.toLocaleString('en-US')
  const hours = Math.ceil(estimateMs(plan) / 3_600_000)
  throw new ScenarioError([
    {
      source: plan.name,
      place: null,
      message: `the plan has ${count} cases, and would take about ${hours} ${hours === 1 ? 'hour' : 'hours'}`,
      cure: 'Vary fewer keys at once, or say --yes.',
    },
  ])
}

/**
 * The plan with the cases whose name has one of the patterns in it, whatever the letters' case; a pattern that
 * is a whole name means that case alone. No patterns: the whole plan. @throws UsageError for a pattern without a case.
 */
export function onlyCases(plan: Plan, patterns: readonly string[]): Plan {
  if (patterns.length === 0) return plan
  const names = plan.cases.map(({ name }) => name)
  const chosen = new Set<string>()
  for (const pattern of patterns) {
    const whole = names.filter((name) => name === pattern)
    const found = whole.length > 0 ? whole : names.filter((name) => contains(name, pattern))
    if (found.length === 0)
      throw new UsageError(`--only ${pattern}: no such case. ${suggest(pattern, names, 'cases')}`)
    for (const name of found) chosen.add(name)
  }
  const cases = plan.cases.filter(({ name }) => chosen.has(name))
  const thresholds = plan.thresholds
    .map((threshold) => ({ ...threshold, cases: threshold.cases.filter((name) => chosen.has(name)) }))
    .filter((threshold) => threshold.cases.length > 0)
  return { ...plan, cases, thresholds, ...(plan.claims && { claims: plan.claims.flatMap(ofChosen(chosen)) }) }
}

/** Claims about cases that are not run have nothing to say. */
function ofChosen(chosen: ReadonlySet<string>): (claim: Claim) => Claim[] {
  return (claim) => {
    if ('cannot' in claim) return [claim]
    const pairs = claim.pairs.filter(({ of, over }) => chosen.has(of) && (over === null || chosen.has(over)))
    return pairs.length > 0 ? [{ ...claim, pairs }] : []
  }
}

function contains(name: string, pattern: string): boolean {
  return name.toLowerCase().includes(pattern.toLowerCase())
}

/** Planned time of all rounds, without connecting and draining. A guess where calls end the rounds of a closed loop. */
export function estimateMs(plan: Plan): number {
  return plan.cases.reduce((sum, { load, rounds }) => {
    const steps = load.model === 'search' ? GUESSED_STEPS : 0
    return sum + (steps + rounds) * (load.warmupMs + windowMs(load))
  }, 0)
}

function windowMs(load: Load): number {
  if (load.durationMs !== null) return load.durationMs
  const calls = load.calls ?? 0
  switch (load.model) {
    case 'closed':
      return (calls / load.concurrency) * GUESSED_CALL_MS
    case 'constant':
    case 'poisson':
      return (calls / load.ratePerSecond) * 1000
    case 'search':
    case 'idle':
      return 0
    case 'ramp':
      return load.stages.reduce((sum, { durationMs }) => sum + durationMs, 0)
  }
}
