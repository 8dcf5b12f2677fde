import { percentileMs } from '../record/histogram.ts'
import { mergeTimelines, type Timeline } from '../record/timeline.ts'
import type { RoundResult } from './document.ts'
import { mergeHistograms } from './merge.ts'

/** What a result keeps of how latency went over a round. Throws `HistogramError` where a part is damaged. */
export function timelineOf(workers: readonly Timeline[]): NonNullable<RoundResult['timeline']> {
  const { sliceMs, slices } = mergeTimelines(workers)
  return {
    slice_s: sliceMs / 1000,
    slices: slices.map(({ calls, errors, latency, gaps }) => {
      const { p50, p99 } = told(latency)
      const gap = told(gaps)
      return { calls, errors, p50, p99, ...(gaps !== null && { gap_p50: gap.p50, gap_p99: gap.p99 }) }
    }),
  }
}

function told(encoded: string | null): { p50: number | null; p99: number | null } {
  if (encoded === null) return { p50: null, p99: null }
  return mergeHistograms([encoded], (histogram) => ({
    p50: percentileMs(histogram, 50),
    p99: percentileMs(histogram, 99),
  }))
}
