/** What a gate makes of comparisons: whether a commit may pass. */

import type { Comparison, GateOutcome } from '../result/comparison.ts'
import { type Aspect, aspectText } from './fingerprint.ts'

export interface GateOptions {
  /** What may differ between the two sides. */
  allow: readonly Aspect[]
  /** Too little evidence passes, too. */
  allowInconclusive: boolean
}

export function gateOf(comparisons: readonly Comparison[], options: GateOptions): GateOutcome {
  const regressions = comparisons.flatMap(regressionsOf)
  const doubts = comparisons.flatMap((comparison) => doubtsOf(comparison, options))
  const verdict = regressions.length > 0 ? 'regressed' : doubts.length > 0 ? 'inconclusive' : 'pass'
  return { verdict, reasons: [...regressions, ...doubts] }
}

function regressionsOf({ cases }: Comparison): string[] {
  return cases.flatMap(({ name, metrics }) =>
    metrics
      .filter(({ verdict }) => verdict === 'regressed')
      .map(({ metric }) => `${name}: ${metric} regressed`),
  )
}

/** Why nobody can say that nothing regressed. */
function doubtsOf(comparison: Comparison, { allow, allowInconclusive }: GateOptions): string[] {
  const { cases, differences, unfinished, unmatched } = comparison
  const doubts: string[] = []
  if (cases.every(({ metrics }) => metrics.length === 0)) doubts.push('the two have no case in common')
  const inAll = differences.map((difference) => ({ where: '', difference }))
  const inCases = cases.flatMap((one) =>
    one.differences.map((difference) => ({ where: `${one.name}: `, difference })),
  )
  for (const { where, difference } of [...inAll, ...inCases]) {
    const { what, baseline, candidate } = difference
    if ((allow as readonly string[]).includes(what)) continue
    doubts.push(
      `${where}${aspectText(what)} differ: ${baseline} and ${candidate} (--allow ${what} compares them all the same)`,
    )
  }
  for (const side of unfinished) doubts.push(`the ${side} was ended before it was done`)
  for (const { onlyIn, name } of unmatched) {
    if (onlyIn === 'baseline') doubts.push(`the candidate has no case ${name}`)
  }
  if (allowInconclusive) return doubts
  return [
    ...doubts,
    ...cases.flatMap(({ name, metrics }) =>
      metrics
        .filter(({ verdict }) => verdict === 'inconclusive')
        .map(({ metric, reason }) => `${name}: ${metric} is inconclusive: ${reason ?? 'no reason told'}`),
    ),
  ]
}
