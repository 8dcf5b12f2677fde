import type { Limit, Search, SearchStep } from '../agent/search.ts'
import type { Case } from '../plan/plan.ts'
import { withRate } from '../plan/schedule.ts'
import type { RoundRecord } from '../record/round-record.ts'
import { assembleCase } from './assemble.ts'
import type { SearchResult } from './document.ts'
import { isSaturated } from './verdict.ts'

/** A larger share of failed calls, or of calls that never ended or never started, is no load that a server holds. */
const MOST_FAILED_SHARE = 0.01

/** A step, with what the objective is about in ms; null where no call gave it. */
export interface MeasuredStep extends SearchStep {
  throughput: number | null
  p50: number | null
  p99: number | null
  value: number | null
}

/** Whether the objective of a case's search held at a rate, and what was the limit where it did not. */
export function judgeStep(planned: Case, ratePerSecond: number, records: RoundRecord[]): MeasuredStep {
  const { metric, statistic, below } = searchOf(planned).objective
  const measured = withRate(planned, ratePerSecond)
  const { metrics, summary, verdict } = assembleCase(measured, [
    { records, serverCpuSeconds: null, serverMemoryGrowthBytes: null },
  ])
  const { calls, errors, interrupted, dropped } = summary
  const read = (name: string, which: string) =>
    (metrics[name] as Readonly<Record<string, unknown>> | undefined)?.[which] as number | undefined
  const value = read(metric, statistic) ?? null
  // Lateness of the generator only adds to latency, so an objective that holds in spite of it does hold.
  const orGenerator = (limit: Limit) => (isSaturated(verdict) ? 'generator' : limit)
  const limit = (): Limit | null => {
    if (interrupted + dropped > MOST_FAILED_SHARE * (calls + interrupted + dropped))
      return orGenerator('dropped')
    if (calls === 0 || errors > MOST_FAILED_SHARE * calls) return 'errors'
    return value === null || value > below ? orGenerator('objective') : null
  }
  return {
    ratePerSecond,
    throughput: summary.request_throughput,
    p50: read('request_latency', 'p50') ?? null,
    p99: read('request_latency', 'p99') ?? null,
    value,
    limit: limit(),
  }
}

/** What a result says of a search; the steps by their rate. */
export function searchResult(planned: Case, found: Search<MeasuredStep>): SearchResult {
  return {
    ...searchOf(planned).objective,
    rate: found.ratePerSecond,
    limit: found.limit,
    steps: found.steps
      .map(({ ratePerSecond, ...step }) => ({ rate: ratePerSecond, ...step }))
      .sort((a, b) => a.rate - b.rate),
  }
}

function searchOf({ name, load }: Case) {
  if (load.model !== 'search') throw new Error(`${name}: its rate is given`)
  return load
}
