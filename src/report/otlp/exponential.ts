/** Stored histograms as the exponential ones of OpenTelemetry, whose buckets grow by a power of a root of two. */

import { type Bucket, bucketsOf, NS_PER_MS } from '../../record/histogram.ts'
import type { Distribution } from '../../result/document.ts'

/** What OpenTelemetry's own SDKs keep at most, and what receivers are therefore made for. */
const MOST_BUCKETS = 160
/**
 * The finest scale whose buckets (0.14 % wide) are no narrower than those that were stored (0.1 %): a finer one would
 * tell of a precision that nobody measured.
 */
const FINEST_SCALE = 9
const NS_PER_S = 1e9
const MS_PER_S = 1000

export interface ExponentialHistogram {
  /** A bucket's upper end is 2 ** (2 ** -scale) times its lower one. */
  scale: number
  /** The index of the first bucket; one of index i holds values above base ** i, up to base ** (i + 1). */
  offset: number
  bucketCounts: number[]
  /** Values of less than half a nanosecond. */
  zeroCount: number
  count: number
  sumS: number
  minS: number
  maxS: number
}

/** Null where the result keeps no histogram of it. Throws `HistogramError` for one that is damaged. */
export function exponentialOf({ hdr, mean, min, max }: Distribution): ExponentialHistogram | null {
  if (hdr === undefined) return null
  const buckets = bucketsOf(hdr)
  const count = buckets.reduce((total, bucket) => total + bucket.count, 0)
  if (count === 0) return null
  const isZero = ({ toNs }: Bucket) => toNs === 0
  const zeroCount = buckets.find(isZero)?.count ?? 0
  return {
    ...indexed(
      buckets.filter((bucket) => !isZero(bucket)),
      max * NS_PER_MS,
    ),
    zeroCount,
    count,
    sumS: (mean / MS_PER_S) * count,
    minS: min / MS_PER_S,
    maxS: max / MS_PER_S,
  }
}

/**
 * Each value stands where percentiles tell it: at the upper end of its bucket, or at the largest value that there was. So
 * a percentile that is read from these buckets differs from the result's own by the width of one of them at most.
 */
function indexed(
  buckets: readonly Bucket[],
  maxNs: number,
): Pick<ExponentialHistogram, 'scale' | 'offset' | 'bucketCounts'> {
  const finest = buckets.map(({ toNs, count }) => ({
    index: indexOf(Math.min(toNs, Math.max(maxNs, 1)) / NS_PER_S),
    count,
  }))
  const first = finest[0]?.index
  const last = finest.at(-1)?.index
  if (first === undefined || last === undefined) return { scale: FINEST_SCALE, offset: 0, bucketCounts: [] }
  let coarser = 0
  while ((last >> coarser) - (first >> coarser) >= MOST_BUCKETS) coarser++
  const offset = first >> coarser
  const bucketCounts = Array.from({ length: (last >> coarser) - offset + 1 }, () => 0)
  for (const { index, count } of finest) bucketCounts[(index >> coarser) - offset]! += count
  return { scale: FINEST_SCALE - coarser, offset, bucketCounts }
}

function indexOf(valueS: number): number {
  return Math.ceil(Math.log2(valueS) * 2 ** FINEST_SCALE) - 1
}
