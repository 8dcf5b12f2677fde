/** What was claimed, held against what was measured. docs/claims.md tells how. */

import type { Claim, ClaimedNumber } from '../plan/plan.ts'
import type { ClaimResult } from '../result/claim.ts'
import type { CaseResult } from '../result/document.ts'
import { readingOf } from '../result/reading.ts'
import { measure } from '../result/thresholds.ts'

type Measured = ClaimResult['measured'][number]
type Standing = 'inside' | 'at the edge' | 'outside'

const ONLY_LEAST = 'of some only a lower bound is known'

export function evaluateClaims(claims: readonly Claim[], cases: readonly CaseResult[]): ClaimResult[] {
  return claims.map((claim): ClaimResult => {
    const { says, place } = claim
    const said = { says, ...(place !== undefined && { place }) }
    if ('cannot' in claim) {
      return { ...said, measured: [], verdict: 'cannot be measured', reason: claim.cannot }
    }
    const { metric, statistic, expect, because } = claim
    const measured = claim.pairs.map((pair) => measuredOf(claim, pair, cases))
    const known = measured.filter(({ value }) => value !== null)
    const unknown = [...new Set(measured.flatMap(({ reason }) => reason ?? []))]
    const standings = known.map((one) => standing(one, claim))
    const verdict = verdictOf(standings, unknown.length > 0)
    const why = [
      ...(verdict !== 'holds' && verdict !== 'cannot be measured' && because !== undefined ? [because] : []),
      ...(known.some(({ at_least }, index) => at_least && standings[index] === 'at the edge')
        ? [ONLY_LEAST]
        : []),
      ...unknown,
    ]
    return {
      ...said,
      metric: statistic === null ? metric : `${metric}.${statistic}`,
      expect,
      measured,
      verdict,
      ...(why.length > 0 && { reason: why.join('; ') }),
    }
  })
}

function verdictOf(standings: readonly Standing[], isSomeUnknown: boolean): ClaimResult['verdict'] {
  if (standings.length === 0) return 'cannot be measured'
  if (standings.every((one) => one === 'outside')) return 'does not hold'
  return standings.every((one) => one === 'inside') && !isSomeUnknown ? 'holds' : 'partly'
}

/** Where the rounds disagree about a number, it stands at the edge of what was expected. */
function standing({ value, at_least: atLeast, rounds }: Measured, { low, high }: ClaimedNumber): Standing {
  const isInside = (one: number) => (low === null || one >= low) && (high === null || one <= high)
  if (atLeast) {
    if (high !== null && value! > high) return 'outside'
    return high === null && isInside(value!) ? 'inside' : 'at the edge'
  }
  const told = [value!, ...(rounds ? [rounds.low, rounds.high] : [])]
  if (told.every(isInside)) return 'inside'
  // A number that lies within, or rounds on either side of the range, were not outside of it each time.
  const isCrossed = rounds && rounds.low <= (high ?? rounds.low) && rounds.high >= (low ?? rounds.high)
  return isInside(value!) || isCrossed ? 'at the edge' : 'outside'
}

function measuredOf(
  claim: ClaimedNumber,
  pair: ClaimedNumber['pairs'][number],
  cases: readonly CaseResult[],
): Measured {
  const named = { case: pair.of, ...(pair.over !== null && { over: pair.over }) }
  const sides = [pair.of, ...(pair.over === null ? [] : [pair.over])].map((name) =>
    sideOf(claim, name, cases),
  )
  const refused = sides.find((side) => 'reason' in side)
  if (refused) return { ...named, value: null, reason: refused.reason }
  const [of, over] = sides as Told[]
  if (!over) return { ...named, ...summaryOf(of!.value, of!.rounds), ...(of!.atLeast && { at_least: true }) }
  if (over.value <= 0)
    return { ...named, value: null, reason: `${pair.over}: the value is 0, which has no multiple` }
  if (over.atLeast) return { ...named, value: null, reason: `${pair.over}: only a lower bound is known` }
  const ratios = of!.rounds.flatMap((value, index) => {
    const beneath = over.rounds[index]
    return value !== null && beneath ? [value / beneath] : []
  })
  return { ...named, ...summaryOf(of!.value / over.value, ratios), ...(of!.atLeast && { at_least: true }) }
}

function summaryOf(value: number, rounds: readonly (number | null)[]): Pick<Measured, 'value' | 'rounds'> {
  const told = rounds.filter((one) => one !== null)
  return {
    value,
    ...(told.length > 1 && { rounds: { low: Math.min(...told), high: Math.max(...told) } }),
  }
}

interface Told {
  value: number
  atLeast: boolean
  rounds: (number | null)[]
}

function sideOf(
  { metric, statistic }: ClaimedNumber,
  name: string,
  cases: readonly CaseResult[],
): Told | { reason: string } {
  const result = cases.find((one) => one.name === name)
  if (!result) return { reason: `${name} did not run` }
  if (!result.verdict.valid) {
    return { reason: `${name} is invalid: ${result.verdict.reasons.join('; ') || 'no reason told'}` }
  }
  const measured = measure({ metric, statistic }, result)
  if ('missing' in measured) return { reason: `${name}: ${measured.missing}` }
  return { ...measured, rounds: result.rounds.map((round) => readingOf(round, metric, statistic)) }
}
