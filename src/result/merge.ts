import {
  add,
  atLeast,
  decode,
  destroy,
  encode,
  type Histogram,
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
 * What `tell` says of all the values in several encoded histograms, as if one had recorded them all. Throws
 * `HistogramError` for a part that is damaged.
 */
export function mergeHistograms<Told>(parts: readonly string[], tell: (sum: Histogram) => Told): Told {
  const sum = newHistogram()
  try {
    for (const part of parts) {
      const histogram = decode(part)
      try {
        add(sum, histogram)
      } finally {
        destroy(histogram)
      }
    }
    return tell(sum)
  } finally {
    destroy(sum)
  }
}

/** Means and deviations come with digits that a nanosecond clock did not measure. */
function wholeNs(durationMs: number): number {
  return Math.round(durationMs * 1e6) / 1e6
}
