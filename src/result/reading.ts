import type { CaseResult, RoundResult, Summary } from './document.ts'

/** A number of a round, or of a case as a whole; null where it was not measured. `statistic`: null for a number of the summary. */
export function readingOf(
  { summary, metrics }: Pick<RoundResult | CaseResult, 'summary' | 'metrics'>,
  name: string,
  statistic: string | null,
): number | null {
  // Names come from files: `constructor` is no metric.
  if (statistic === null)
    return Object.hasOwn(summary, name) ? (summary[name as keyof Summary] ?? null) : null
  const distribution = Object.hasOwn(metrics, name) ? metrics[name] : undefined
  const value: unknown =
    distribution && Object.hasOwn(distribution, statistic) && distribution[statistic as 'p50']
  return typeof value === 'number' ? value : null
}
