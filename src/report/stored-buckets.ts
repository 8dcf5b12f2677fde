import { type Bucket, bucketsOf, HistogramError } from '../record/histogram.ts'
import type { Distribution } from '../result/document.ts'

/** Empty where there is no histogram, or none that can be read: a damaged one costs its curve and nothing else. */
export function storedBuckets(distribution: Distribution | undefined): Bucket[] {
  if (distribution?.hdr === undefined) return []
  try {
    return bucketsOf(distribution.hdr)
  } catch (error) {
    if (error instanceof HistogramError) return []
    throw error
  }
}
