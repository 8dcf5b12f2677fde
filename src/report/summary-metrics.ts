import { concernsLoad, METRICS, type Metric } from '../record/metrics.ts'
import type { CaseResult, Summary } from '../result/document.ts'
import { wasIdle } from '../result/idle.ts'
import { isLowerBound } from '../result/thresholds.ts'

interface SummaryMetric {
  metric: Metric
  value: number
  atLeast: boolean
}

/** The numbers of a case that are no distributions, by their rows. One that is absent is left out. */
export function summaryMetrics(result: CaseResult): SummaryMetric[] {
  // Sessions that make no calls have no throughput of 0.
  const concerning = METRICS.filter(
    (metric) => metric.scope === 'round' && concernsLoad(metric, wasIdle(result)),
  )
  return concerning.flatMap((metric): SummaryMetric[] => {
    const value = result.summary[metric.name as keyof Summary]
    return value == null ? [] : [{ metric, value, atLeast: isLowerBound(result, metric.name) }]
  })
}
