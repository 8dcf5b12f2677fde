import type { Threshold } from '../plan/plan.ts'
import { STATISTICS, type Statistic } from '../record/metrics.ts'
import type { CaseResult, Summary, ThresholdResult } from './document.ts'

/** What a case measured, or why it has nothing to show. */
export type Measured = { value: number; atLeast: boolean } | { missing: string }

/** The case that one is held against; undefined where the baseline has none. */
export type BaselineOf = (name: string) => CaseResult | undefined

/**
 * Checks each threshold against each case it names: one row for each pair, in that order. What was not
 * measured, not measured in full, or measured by a generator that could not keep up never passes; the row
 * then says why.
 */
export function evaluateThresholds(
  thresholds: readonly Threshold[],
  cases: readonly CaseResult[],
  baselineOf: BaselineOf = () => undefined,
): ThresholdResult[] {
  return thresholds.flatMap((threshold) =>
    threshold.cases.map((name) =>
      evaluate(
        threshold,
        name,
        cases.find((candidate) => candidate.name === name),
        baselineOf,
      ),
    ),
  )
}

/** The first threshold that ends a run and that what was measured so far does not hold; undefined where there is none. */
export function abortingThreshold(
  thresholds: readonly Threshold[],
  result: CaseResult,
  baselineOf: BaselineOf,
): ThresholdResult | undefined {
  const own = thresholds
    .filter(({ abortOnFail, cases }) => abortOnFail && cases.includes(result.name))
    .map((threshold) => evaluate(threshold, result.name, result, baselineOf))
  // What is missing or cannot be believed yet may still come.
  return own.find(({ passed, reason }) => !passed && reason === undefined)
}

function evaluate(
  threshold: Threshold,
  name: string,
  result: CaseResult | undefined,
  baselineOf: BaselineOf,
): ThresholdResult {
  const { says, statistic } = threshold
  const metric = statistic === null ? threshold.metric : `${threshold.metric}.${statistic}`
  const bound = boundOf(threshold, name, baselineOf)
  const row = { says, case: name, metric, limit: 'value' in bound ? bound.value : null }
  const measured = result ? measure(threshold, result) : { missing: 'the case did not run' }
  if ('missing' in measured) return { ...row, value: null, passed: false, reason: measured.missing }
  const { value, atLeast } = measured
  if ('missing' in bound) return { ...row, value, passed: false, reason: bound.missing }
  const reason = result && refusal({ ...threshold, limit: bound.value }, result, value, atLeast)
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

/** The limit in the metric's unit, or why there is none. */
function boundOf(threshold: Threshold, name: string, baselineOf: BaselineOf): Measured {
  const { limit, beside } = threshold
  if (beside === undefined) return { value: limit, atLeast: false }
  const baseline = baselineOf(name)
  if (!baseline) return { missing: 'the baseline has no such case' }
  if (!baseline.verdict.valid) return { missing: 'the case of the baseline is invalid' }
  const measured = measure(threshold, baseline)
  if ('missing' in measured) return { missing: `of the baseline: ${measured.missing}` }
  if (measured.atLeast) return { missing: 'of the baseline only a lower bound is known' }
  const { value } = measured
  return { value: beside === 'share' ? value * (1 + limit) : value + limit, atLeast: false }
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

/** What a case measured of a metric; of one that is a single number for a round, `statistic` is null. */
export function measure(
  { metric, statistic }: Pick<Threshold, 'metric' | 'statistic'>,
  result: CaseResult,
): Measured {
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
