import type { Threshold } from '../plan/plan.ts'
import { STATISTICS, type Statistic } from '../record/metrics.ts'
import type { CaseResult, Summary, ThresholdResult } from './document.ts'

/** What a case measured, or why it has nothing to show. */
type Measured = { value: number; atLeast: boolean } | { missing: string }

/**
 * Checks each threshold against each case it names: one row for each pair, in that order. What was not
 * measured, not measured in full, or measured by a generator that could not keep up never passes; the row
 * then says why.
 */
export function evaluateThresholds(
  thresholds: readonly Threshold[],
  cases: readonly CaseResult[],
): ThresholdResult[] {
  return thresholds.flatMap((threshold) =>
    threshold.cases.map((name) =>
      evaluate(
        threshold,
        name,
        cases.find((candidate) => candidate.name === name),
      ),
    ),
  )
}

function evaluate(threshold: Threshold, name: string, result: CaseResult | undefined): ThresholdResult {
  const { says, limit, statistic } = threshold
  const metric = statistic === null ? threshold.metric : `${threshold.metric}.${statistic}`
  const row = { says, case: name, metric, limit }
  const measured = result ? measure(threshold, result) : { missing: 'the case did not run' }
  if ('missing' in measured) return { ...row, value: null, passed: false, reason: measured.missing }
  const { value, atLeast } = measured
  const reason = result && refusal(threshold, result, value, atLeast)
  return {
    ...row,
    value,
    ...(atLeast && { at_least: true }),
    passed: reason === undefined,
    ...(reason !== undefined && reason !== '' && { reason }),
  }
}

/** Why it did not pass; undefined where it did, empty where the value itself tells. */
function refusal(
  { operator, limit }: Threshold,
  { verdict }: CaseResult,
  value: number,
  atLeast: boolean,
): string | undefined {
  if (!verdict.valid) return `the case is invalid: ${verdict.reasons.join('; ') || 'no reason told'}`
  if (!holds(value, operator, limit)) {
    // "More than" a limit that a lower bound has not reached may still be true.
    const mayHold = atLeast && (operator === '>' || operator === '>=')
    return mayHold ? 'only a lower bound is known, and it does not reach the limit' : ''
  }
  const mayFail = atLeast && (operator === '<' || operator === '<=')
  return mayFail ? 'only a lower bound is known: the real value may be above the limit' : undefined
}

function holds(value: number, operator: Threshold['operator'], limit: number): boolean {
  switch (operator) {
    case '<':
      return value < limit
    case '<=':
      return value <= limit
    case '>':
      return value > limit
    case '>=':
      return value >= limit
  }
}

function measure({ metric, statistic }: Threshold, result: CaseResult): Measured {
  if (statistic === null) {
    const value = own(result.summary, metric as keyof Summary) ?? null
    if (value === null) return { missing: missing(metric, result) }
    return { value, atLeast: isLowerBound(result, metric) }
  }
  const distribution = own(result.metrics, metric)
  if (!distribution) return { missing: missing(metric, result) }
  if (!isStatistic(statistic)) return { missing: `${metric} has no statistic ${statistic}` }
  return {
    value: distribution[statistic],
    atLeast: (distribution.at_least?.includes(statistic) ?? false) || isLowerBound(result, metric),
  }
}

/** A note that starts with `>=` says that the generator, not the server, set the limit. */
export function isLowerBound({ verdict }: CaseResult, metric: string): boolean {
  return (verdict.notes && own(verdict.notes, metric)?.startsWith('>=')) ?? false
}

function missing(metric: string, { absent }: CaseResult): string {
  return own(absent, metric) ?? `${metric} was not measured`
}

function isStatistic(name: string): name is Statistic {
  return (STATISTICS as readonly string[]).includes(name)
}

/** Names come from files: `constructor` is no metric. */
function own<T extends object, K extends keyof T>(record: T, key: K): T[K] | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined
}
