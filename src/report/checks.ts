/** What a CI system is told of a run or a comparison: everything that can fail, one by one. */

import type { ComparedMetric, Comparison, GateOutcome } from '../result/comparison.ts'
import type { CaseResult, Result, ThresholdResult } from '../result/document.ts'
import { nothingSucceeded } from '../result/verdict.ts'
import { clean } from './clean.ts'
import { changeText, rangeText } from './comparison-page.ts'
import { measured } from './numbers.ts'

/** `failure`: what was measured is not good enough. `error`: it cannot be told. `skipped`: too little to tell, and nobody insists. */
type Outcome = 'pass' | 'failure' | 'error' | 'skipped'

export interface Check {
  /** A case, or what stands for all of them. */
  scope: string
  name: string
  outcome: Outcome
  /** Why it is no pass, on one line; empty where it is one. */
  message: string
}

const RUN = 'the run'

export function isBad({ outcome }: Check): boolean {
  return outcome === 'failure' || outcome === 'error'
}

export function checksOf(result: Result): Check[] {
  const { cases, thresholds, comparison } = result
  return [
    endCheck(result),
    ...cases.flatMap((one) => [callsCheck(one), trustCheck(one)]),
    ...thresholds.map(thresholdCheck),
    ...(comparison ? comparisonChecks(comparison) : []),
  ]
}

/** `outcome`: of a gate that looks at several comparisons. */
export function checksOfComparisons(
  comparisons: readonly Comparison[],
  outcome: GateOutcome | null,
): Check[] {
  return [...comparisons.flatMap(comparisonChecks), ...(outcome ? [gateCheck(outcome)] : [])]
}

function check(scope: string, name: string, outcome: Outcome, message: string): Check {
  return {
    scope: clean(scope),
    name: clean(name),
    outcome,
    message: outcome === 'pass' ? '' : clean(message),
  }
}

function endCheck({ cancelled, incomplete }: Result): Check {
  const name = 'runs to its end'
  if (incomplete) return check(RUN, name, 'error', incomplete.reason)
  return check(RUN, name, cancelled ? 'error' : 'pass', 'it was interrupted')
}

function trustCheck({ name, verdict }: CaseResult): Check {
  const reasons = verdict.reasons.length > 0 ? verdict.reasons : ['no reason told']
  return check(name, 'its numbers can be trusted', verdict.valid ? 'pass' : 'error', reasons.join('; '))
}

function callsCheck(one: CaseResult): Check {
  const first = one.errors[0]
  const why = first ? `: ${first.class}, ${first.sample}` : ''
  return check(one.name, 'calls succeed', nothingSucceeded(one) ? 'error' : 'pass', `none did${why}`)
}

function thresholdCheck(threshold: ThresholdResult): Check {
  const { says, metric, value, passed, reason, at_least: atLeast } = threshold
  const found = value === null ? '' : `measured ${atLeast ? '>= ' : ''}${measured(metric, value)}`
  const message = [found, reason ?? ''].filter((part) => part !== '').join('; ')
  return check(threshold.case, says, passed ? 'pass' : 'failure', message)
}

function comparisonChecks({ cases, gate }: Comparison): Check[] {
  return [
    ...cases.flatMap(({ name, metrics }) => metrics.map((metric) => changeCheck(name, metric))),
    ...(gate ? [gateCheck(gate)] : []),
  ]
}

const OUTCOMES: Readonly<Record<ComparedMetric['verdict'], Outcome>> = {
  regressed: 'failure',
  inconclusive: 'skipped',
  improved: 'pass',
  unchanged: 'pass',
}

function changeCheck(scope: string, compared: ComparedMetric): Check {
  const { metric, verdict, change, reason } = compared
  const found = change && `${changeText(compared, change.estimate, true)} (${rangeText(compared, change)})`
  const message = [verdict, found ?? '', reason ?? ''].filter((part) => part !== '').join(': ')
  return check(scope, `${metric} beside the baseline`, OUTCOMES[verdict], message)
}

const GATE_OUTCOMES: Readonly<Record<GateOutcome['verdict'], Outcome>> = {
  pass: 'pass',
  regressed: 'failure',
  inconclusive: 'error',
}

function gateCheck({ verdict, reasons }: GateOutcome): Check {
  return check('gate', 'the candidate may pass', GATE_OUTCOMES[verdict], `${verdict}: ${reasons.join('; ')}`)
}
