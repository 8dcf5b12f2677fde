import type { ReportView } from '../plan/plan.ts'
import type { CaseResult, Result } from '../result/document.ts'
import { adviceOf } from './advice/advice.ts'
import { escapeInvisible } from './clean.ts'
import { type MatrixCell, type MatrixRoles, matrixOf } from './matrix/matrix.ts'
import type { Style } from './table.ts'

/**
 * Each result's whole document, one after the other, as `run` stores it: what is printed for one result can be
 * read back. The matrix and the advice are documents of their own, which are not read back.
 */
export function jsonReport(results: readonly Result[], _style?: Style, view: ReportView = 'cases'): string {
  const documents = results.map((result) => {
    if (view === 'matrix') return matrixDocument(result)
    return view === 'advice' ? adviceDocument(result) : result
  })
  return documents.map((document) => `${escapeInvisible(JSON.stringify(document, null, 2))}\n`).join('')
}

function matrixDocument(result: Result) {
  const { run_id, name, start_time, environment, verdict } = result
  const { rows, missing } = matrixOf(result)
  return {
    run_id,
    name,
    start_time,
    environment,
    verdict,
    rows: rows.map(({ title, variant, per, state, cells, concurrency, bestFor, roles }) => ({
      interface: title,
      ...(variant !== '' && { variant }),
      latency_per: per,
      state,
      latency_p50_ms: number(cells.latency_p50),
      latency_p99_ms: number(cells.latency_p99),
      handshake_p50_ms: number(cells.handshake_p50),
      throughput_per_s: number(cells.throughput),
      throughput_per_core_per_s: number(cells.throughput_per_core),
      overhead_bytes_ratio: number(cells.overhead_bytes),
      overhead_time_ratio: number(cells.overhead_time),
      concurrency: { ...number(concurrency), word: concurrency.word, steps: concurrency.steps },
      best_for: bestFor,
      cases: casesOf(roles),
    })),
    missing,
  }
}

function adviceDocument(result: Result) {
  const { run_id, name, start_time, environment, verdict } = result
  const tables = Object.entries(adviceOf(result)).map(([title, rows]) => ({
    title,
    rows: rows.map(({ purpose, picks, rankings, leftOut, agrees }) => ({
      purpose,
      rankings,
      left_out: leftOut,
      overview: picks,
      agrees,
    })),
  }))
  return { run_id, name, start_time, environment, verdict, tables }
}

function number({ value, atLeast, valid, notes }: MatrixCell) {
  return { value, ...(atLeast && { at_least: true }), valid, notes }
}

function casesOf({ steady, closed, handshake }: MatrixRoles) {
  const name = (found: CaseResult | null) => found?.name ?? null
  return { latency: name(steady), throughput: name(closed), handshake: name(handshake) }
}
