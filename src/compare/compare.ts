/**
 * Two results, or two targets of one run, compared: per case and metric the change from round to round, with a
 * confidence interval and a verdict. docs/comparing.md tells the method and its limits.
 */

import type { Change, ComparedCase, ComparedMetric, Comparison } from '../result/comparison.ts'
import type { CaseResult, Result, RoundResult } from '../result/document.ts'
import { readingOf } from '../result/reading.ts'
import { isLowerBound } from '../result/thresholds.ts'
import { fewestValues, pairedShift, unpairedShift } from '../shift.ts'
import { caseDifferences, runDifferences } from './fingerprint.ts'
import { concernsPair, fewestCalls, type Gate, gateName, isDifference } from './gates.ts'
import { type Pair, pairedByName, pairedByTarget } from './pairs.ts'

export interface CompareOptions {
  gates: readonly Gate[]
  /** Rounds that either side must have. */
  fewestRounds: number
}

/** So surely do all intervals of a comparison hold what is true, each of them by its share of the rest (Bonferroni). */
const CONFIDENCE = 0.95

/** Two runs, at different times. */
export function compareResults(baseline: Result, candidate: Result, options: CompareOptions): Comparison {
  const { pairs, unmatched } = pairedByName(baseline, candidate)
  return {
    baseline: baseline.name,
    candidate: candidate.name,
    isSideBySide: false,
    confidence: CONFIDENCE,
    cases: compareCases(pairs, false, options),
    differences: runDifferences(baseline, candidate),
    unfinished: [
      ...(baseline.cancelled ? ['baseline' as const] : []),
      ...(candidate.cancelled ? ['candidate' as const] : []),
    ],
    unmatched,
  }
}

/** Two targets of one run, whose rounds were run in turns. */
export function compareTargets(
  result: Result,
  targets: { baseline: string; candidate: string },
  options: CompareOptions,
): Comparison {
  const { pairs, unmatched } = pairedByTarget(result, targets)
  return {
    ...targets,
    isSideBySide: true,
    confidence: CONFIDENCE,
    cases: compareCases(pairs, true, options),
    differences: [],
    unfinished: result.cancelled ? ['baseline', 'candidate'] : [],
    unmatched,
  }
}

function compareCases(pairs: readonly Pair[], isPaired: boolean, options: CompareOptions): ComparedCase[] {
  const prepared = pairs.map((pair) => ({
    pair,
    gates: options.gates
      .filter((gate) => concernsPair(gate, pair))
      .map((gate) => prepare(gate, pair, isPaired, options)),
  }))
  // Only what there is evidence for takes part in the correction: the rest claims nothing.
  const count = prepared.reduce(
    (sum, { gates }) => sum + gates.filter(({ reason }) => reason === null).length,
    0,
  )
  const confidence = 1 - (1 - CONFIDENCE) / Math.max(1, count)
  return prepared.map(({ pair: { name, baseline, candidate }, gates }) => ({
    name,
    baseline: baseline.one.name,
    candidate: candidate.one.name,
    metrics: gates.map((gate) => judge(gate, isPaired, confidence, count)),
    differences: caseDifferences(baseline, candidate),
  }))
}

/** A gate with what each round gives for it, or with why that tells nothing. */
interface Prepared {
  gate: Gate
  baseline: number | null
  candidate: number | null
  before: number[]
  after: number[]
  isBound: { baseline: boolean; candidate: boolean }
  reason: string | null
}

function prepare(
  gate: Gate,
  { baseline, candidate }: Pair,
  isPaired: boolean,
  { fewestRounds }: CompareOptions,
): Prepared {
  const values = [baseline.one, candidate.one].map(({ rounds }) =>
    rounds.map((round) => gateReading(round, gate)),
  ) as [(number | null)[], (number | null)[]]
  const [before, after] = (isPaired ? wholePairs(...values) : values).map((side) =>
    side.filter((value) => value !== null),
  ) as [number[], number[]]
  return {
    gate,
    baseline: gateReading(baseline.one, gate),
    candidate: gateReading(candidate.one, gate),
    before,
    after,
    isBound: { baseline: isLeast(baseline.one, gate), candidate: isLeast(candidate.one, gate) },
    reason:
      notToCompare('baseline', baseline.one, gate) ??
      notToCompare('candidate', candidate.one, gate) ??
      tooLittle(gate, before, after, fewestRounds),
  }
}

function judge(
  { gate, baseline, candidate, before, after, isBound, reason }: Prepared,
  isPaired: boolean,
  confidence: number,
  count: number,
): ComparedMetric {
  const told: Omit<ComparedMetric, 'change' | 'verdict' | 'reason'> = {
    metric: gateName(gate),
    baseline,
    candidate,
    smallest: gate.smallest,
    rounds: [before.length, after.length],
  }
  const inconclusive = (why: string, change: Change | null = null): ComparedMetric => ({
    ...told,
    change,
    verdict: 'inconclusive',
    reason: why,
  })
  if (reason !== null) return inconclusive(reason)
  const change = changeOf(gate, before, after, isPaired, confidence)
  if (!change) {
    const fewest = fewestValues(confidence, isPaired)
    return inconclusive(`${count} comparisons at once need ${fewest} rounds a side`)
  }
  // On the scale of ratios a rate that falls by a half counts as much as one that doubles.
  const scale = isDifference(gate) ? (value: number) => value : Math.log1p
  const limit = scale(gate.smallest)
  const [isUp, isDown] = [scale(change.low) > limit, scale(change.high) < -limit]
  const isSame = scale(change.low) >= -limit && scale(change.high) <= limit
  if (!isUp && !isDown && !isSame) {
    return inconclusive('its rounds differ too much to tell: more or longer rounds would', change)
  }
  // A value that is only known to be at least as much as it says: what moves with it cannot be claimed.
  if (isBound.candidate && !isUp) return inconclusive('only a lower bound of the candidate is known', change)
  if (isBound.baseline && !isDown) return inconclusive('only a lower bound of the baseline is known', change)
  const isWorse = gate.metric.direction === 'higher is better' ? isDown : isUp
  return { ...told, change, verdict: isSame ? 'unchanged' : isWorse ? 'regressed' : 'improved', reason: null }
}

function changeOf(
  gate: Gate,
  before: readonly number[],
  after: readonly number[],
  isPaired: boolean,
  confidence: number,
): Change | null {
  const shiftOf = isPaired ? pairedShift : unpairedShift
  if (isDifference(gate)) return shiftOf(before, after, confidence)
  if (before.every((value) => value === 0) && after.every((value) => value === 0)) {
    return { estimate: 0, low: 0, high: 0 }
  }
  const shift = shiftOf(before.map(Math.log), after.map(Math.log), confidence)
  return (
    shift && {
      estimate: Math.expm1(shift.estimate),
      low: Math.expm1(shift.low),
      high: Math.expm1(shift.high),
    }
  )
}

function tooLittle(
  gate: Gate,
  before: readonly number[],
  after: readonly number[],
  fewestRounds: number,
): string | null {
  const rounds = Math.min(before.length, after.length)
  if (rounds < fewestRounds) return `${rounds} of the ${fewestRounds} rounds that are asked for`
  const all = [...before, ...after]
  const isAllZero = all.every((value) => value === 0)
  if (!isDifference(gate) && !isAllZero && all.some((value) => !(value > 0))) {
    return 'some of its rounds are 0, and a ratio to 0 says nothing'
  }
  return null
}

/** Why what a case measured of a metric cannot be held against another; null where it can. */
function notToCompare(side: string, one: CaseResult, gate: Gate): string | null {
  const { verdict, absent, summary, rounds } = one
  const name = gate.metric.name
  // The error rate of a case without a success is its message.
  if (!verdict.valid && gate.metric.name !== 'error_rate') {
    return `the ${side} is invalid: ${verdict.reasons.join('; ') || 'no reason told'}`
  }
  if (gateReading(one, gate) === null) {
    const why = Object.hasOwn(absent, name) ? absent[name] : 'it was not measured'
    return `absent in the ${side}: ${why}`
  }
  const fewest = fewestCalls(gate)
  const few = rounds.filter((round) => round.summary.calls - round.summary.errors < fewest).length
  if (gate.statistic !== null && few > 0 && summary.calls > 0) {
    return `a round of the ${side} has fewer than the ${fewest} calls that ${gate.statistic.replace('_', '.')} asks for`
  }
  return null
}

/** Calls were still open when a round ended, or the client was the limit. */
function isLeast(one: CaseResult, { metric: { name }, statistic }: Gate): boolean {
  const distribution = Object.hasOwn(one.metrics, name) ? one.metrics[name] : undefined
  return isLowerBound(one, name) || (distribution?.at_least?.some((which) => which === statistic) ?? false)
}

/** A round whose neighbour on the other side tells nothing has nothing to be compared with. */
function wholePairs(
  before: readonly (number | null)[],
  after: readonly (number | null)[],
): [(number | null)[], (number | null)[]] {
  const whole = before.flatMap((value, index) => {
    const other = after[index] ?? null
    return value === null || other === null ? [] : [[value, other] as const]
  })
  return [whole.map(([value]) => value), whole.map(([, other]) => other)]
}

function gateReading(part: Pick<RoundResult, 'summary' | 'metrics'>, gate: Gate): number | null {
  return readingOf(part, gate.metric.name, gate.statistic)
}
