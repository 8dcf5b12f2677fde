/** What charts read of a stored distribution. */

import { type Bucket, NS_PER_MS } from '../../record/histogram.ts'
import type { Distribution } from '../../result/document.ts'
import { storedBuckets } from '../stored-buckets.ts'

export interface Recorded {
  /** From the smallest values on. */
  buckets: readonly Bucket[]
  total: number
}

/** Null where nothing was recorded, or where what is stored is damaged. */
export function recordedOf(distribution: Distribution | undefined): Recorded | null {
  const buckets = storedBuckets(distribution)
  const total = buckets.reduce((sum, { count }) => sum + count, 0)
  return total > 0 ? { buckets, total } : null
}

/** In ms, at each of the shares (0 to 1), which ascend. */
export function valuesAt({ buckets, total }: Recorded, shares: readonly number[]): number[] {
  let index = 0
  let counted = buckets[0]!.count
  return shares.map((share) => {
    // As the statistics of a result take it: a whole rank is not to become the next one by rounding.
    const rank = Math.max(1, Math.ceil(share * total - 1e-9))
    while (counted < rank && index < buckets.length - 1) counted += buckets[++index]!.count
    return buckets[index]!.toNs / NS_PER_MS
  })
}
