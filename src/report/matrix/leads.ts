/** What each row of a matrix is best for, by its numbers: what it is first in among the rows that compare with it. */

import type { MatrixColumn, MatrixRow } from './matrix.ts'

interface Lead {
  column: MatrixColumn
  lowest: boolean
  /** What somebody wants who looks at this column first. */
  wants: string
}

const LEADS: readonly Lead[] = [
  { column: 'latency_p50', lowest: true, wants: 'low latency' },
  { column: 'latency_p99', lowest: true, wants: 'steady latency' },
  { column: 'handshake_p50', lowest: true, wants: 'clients that come and go' },
  { column: 'throughput_per_core', lowest: false, wants: 'calls per core' },
  { column: 'overhead_bytes', lowest: true, wants: 'few bytes' },
]

/** Rows as near to the best as this share are as good. */
const AS_GOOD_SHARE = 0.05

/** For each row, in order. Rows are held against those that count the same thing: calls, or chunks. */
export function leadsOf(rows: readonly Omit<MatrixRow, 'bestFor'>[]): string[][] {
  return rows.map((row) => {
    const rivals = rows.filter(({ per }) => per === row.per)
    return LEADS.filter((lead) => leads(row, rivals, lead)).map(({ wants }) => wants)
  })
}

function leads(
  row: Omit<MatrixRow, 'bestFor'>,
  rivals: readonly Omit<MatrixRow, 'bestFor'>[],
  { column, lowest }: Lead,
): boolean {
  const trusted = rivals.flatMap(({ cells }) => {
    const { value, valid } = cells[column]
    return value !== null && valid ? [value] : []
  })
  const { value, valid } = row.cells[column]
  if (value === null || !valid || trusted.length < 2) return false
  return lowest
    ? value <= Math.min(...trusted) * (1 + AS_GOOD_SHARE)
    : value >= Math.max(...trusted) * (1 - AS_GOOD_SHARE)
}
