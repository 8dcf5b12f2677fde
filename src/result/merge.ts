import {
  add,
  atLeast,
  decode,
  destroy,
  encode,
  type Histogram,
  HistogramError,
  momentsMs,
  newHistogram,
  percentileMs,
} from '../record/histogram.ts'
import { PERCENTILES } from '../record/metrics.ts'
import type { Distribution } from './document.ts'

/**
 * What a round stores of a histogram: its statistics. `openCount` calls had not ended, and count as slower
 * than all. Null for an empty histogram: a metric without a value is absent, never 0.
 */
export function distribution(histogram: Histogram, openCount = 0): Distribution | null {
  const count = histogram.totalCount
  if (count === 0) return null
  const { meanMs, stddevMs, maxMs } = momentsMs(histogram)
  const percentiles = Object.fromEntries(
    Object.entries(PERCENTILES).map(([name, percentile]) => [
      name,
      wholeNs(percentileMs(histogram, percentile)),
    ]),
  ) as Record<keyof typeof PERCENTILES, number>
  const moved = atLeast(histogram, openCount)
  return {
    unit: 'ms',
    count,
    min: wholeNs(percentileMs(histogram, 0)),
    mean: wholeNs(meanMs),
    max: wholeNs(maxMs),
    stddev: wholeNs(stddevMs),
    ...percentiles,
    ...(moved.length > 0 && { at_least: moved }),
  }
}

/** What a case stores: the statistics, and the histogram they came from. */
export function storedDistribution(histogram: Histogram, openCount = 0): Distribution | null {
  const statistics = distribution(histogram, openCount)
  return statistics && { ...statistics, hdr: encode(histogram) }
}

/**
 * One distribution of all the values in several, from their stored histograms: as if one histogram had
 * recorded them all. Null where there is nothing to merge. Throws `HistogramError` for a part without a
 * histogram, with a damaged one, or with one that contradicts its count.
 */
export function mergeDistributions(parts: readonly Distribution[], openCount = 0): Distribution | null {
  const sum = newHistogram()
  try {
    for (const part of parts) addPart(sum, part)
    return storedDistribution(sum, openCount)
  } finally {
    destroy(sum)
  }
}

function addPart(sum: Histogram, part: Distribution): void {
  if (part.hdr === undefined) throw new HistogramError('a distribution without its histogram')
  const histogram = decode(part.hdr)
  try {
    if (histogram.totalCount !== part.count) {
      throw new HistogramError(
        `the histogram holds ${histogram.totalCount} values, its count says ${part.count}`,
      )
    }
    add(sum, histogram)
  } finally {
    destroy(histogram)
  }
}

/** Means and deviations come with digits that a nanosecond clock did not measure. */
function wholeNs(durationMs: number): number {
  return Math.round(durationMs * 1e6) / 1e6
}
