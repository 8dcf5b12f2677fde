import type { CaseResult, Result } from '../result/document.ts'
import { escapeInvisible } from './clean.ts'

/** A list of result documents, always, without their encoded histograms: those stay in the stored files. */
export function jsonReport(results: readonly Result[]): string {
  const readable = results.map((result) => ({ ...result, cases: result.cases.map(withoutHistograms) }))
  return `${escapeInvisible(JSON.stringify(readable, null, 2))}\n`
}

function withoutHistograms(result: CaseResult): CaseResult {
  return {
    ...result,
    metrics: Object.fromEntries(
      Object.entries(result.metrics).map(([name, { hdr: _, ...statistics }]) => [name, statistics]),
    ),
    errors: result.errors.map(({ time_to_failure: time, ...error }) => {
      if (!time) return error
      const { hdr: _, ...statistics } = time
      return { ...error, time_to_failure: statistics }
    }),
  }
}
