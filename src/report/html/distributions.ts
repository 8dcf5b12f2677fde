/** What charts read of the distributions that a result stores. */

import { type Bucket, bucketsOf, HistogramError } from '../../record/histogram.ts'
import type { CaseResult, Distribution } from '../../result/document.ts'

export function own({ metrics }: Pick<CaseResult, 'metrics'>, name: string): Distribution | undefined {
  return Object.hasOwn(metrics, name) ? metrics[name] : undefined
}

/** Empty where there is no histogram, or none that can be read: a damaged one costs its curve and nothing else. */
export function readBuckets(distribution: Distribution | undefined): Bucket[] {
  if (distribution?.hdr === undefined) return []
  try {
    return bucketsOf(distribution.hdr)
  } catch (error) {
    if (error instanceof HistogramError) return []
    throw error
  }
}

/** The digits that a histogram tells, and one more. */
export function rounded(value: number): number {
  return Number(value.toPrecision(5))
}
