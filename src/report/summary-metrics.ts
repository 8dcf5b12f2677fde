import { METRICS, type Metric } from '../record/metrics.ts'
import type { CaseResult, Summary } from '../result/document.ts'
import { isLowerBound } from '../result/thresholds.ts'

interface SummaryMetric {
  metric: Metric
  value: number
  atLeast: boolean
}

/** The numbers of a case that are no distributions, by their rows. One that is absent is left out. */
export function summaryMetrics(result: CaseResult): SummaryMetric[] {
  return METRICS.filter(({ scope }) => scope === 'round').flatMap((metric): SummaryMetric[] => {
    const value = result.summary[metric.name as keyof Summary]
    return value == null ? [] : [{ metric, value, atLeast: isLowerBound(result, metric.name) }]
  })
}
