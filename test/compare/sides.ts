/** Results whose rounds are given, for what compares them. */

import { seededRandom } from '../../src/random.ts'
import { initHistograms } from '../../src/record/histogram.ts'
import type { CaseResult, Result, RoundResult } from '../../src/result/document.ts'
import { sampleCase, sampleResult } from '../result/sample.ts'

export interface RoundSpec {
  p50: number
  p99?: number
  throughput?: number
  calls?: number
  errorRate?: number
}

// Samples hold histograms.
await initHistograms()

/** Values around a centre, by a relative deviation, as a machine scatters them; the same for the same seed. */
export function around(centre: number, deviation: number, count: number, seed: number): number[] {
  const random = seededRandom(seed)
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  return Array.from({ length: count }, () => centre * Math.exp(deviation * normal()))
}

let model: CaseResult | null = null

export function caseOfRounds(
  name: string,
  rounds: readonly RoundSpec[],
  change: Partial<CaseResult> = {},
): CaseResult {
  model ??= sampleCase({ name, medians: { request_latency: 1 } })
  const base = { ...model, name, target: name.split(' ', 1)[0]! }
  const { summary, metrics } = base
  const roundOf = ({ p50, p99 = 3 * p50, throughput = 100, calls = 2000, errorRate = 0 }: RoundSpec) =>
    ({
      summary: {
        ...summary,
        calls,
        errors: Math.round(calls * errorRate),
        request_throughput: throughput,
        error_rate: errorRate,
      },
      metrics: { request_latency: { ...metrics.request_latency!, count: calls, p50, p99 } },
    }) satisfies RoundResult
  const told = rounds.map(roundOf)
  const middle = told[Math.floor(told.length / 2)]
  return {
    ...base,
    summary: middle?.summary ?? summary,
    metrics: middle?.metrics ?? {},
    rounds: told,
    verdict: { valid: true, reasons: [] },
    ...change,
  }
}

let whole: Result | null = null

export async function resultOf(cases: CaseResult[], change: Partial<Result> = {}): Promise<Result> {
  whole ??= await sampleResult()
  return { ...whole, scenario: {}, cases, thresholds: [], verdict: { valid: true, reasons: [] }, ...change }
}
