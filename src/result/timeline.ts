import { percentileMs } from '../record/histogram.ts'
import { mergeTimelines, type Timeline } from '../record/timeline.ts'
import type { RoundResult } from './document.ts'
import { mergeHistograms } from './merge.ts'

/** What a result keeps of how latency went over a round. Throws `HistogramError` where a part is damaged. */
export function timelineOf(workers: readonly Timeline[]): NonNullable<RoundResult['timeline']> {
  const { sliceMs, slices } = mergeTimelines(workers)
  return {
    slice_s: sliceMs / 1000,
    slices: slices.map(({ calls, errors, latency }) => ({
      calls,
      errors,
      ...(latency === null
        ? { p50: null, p99: null }
        : mergeHistograms([latency], (histogram) => ({
            p50: percentileMs(histogram, 50),
            p99: percentileMs(histogram, 99),
          }))),
    })),
  }
}
