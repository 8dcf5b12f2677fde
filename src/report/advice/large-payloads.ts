/** Which interface, in which encoding, carries a large tensor soonest: no row of a matrix is about one. */

import type { CaseResult, Result } from '../../result/document.ts'
import { matrixTitleOf } from '../matrix/matrix.ts'
import { plannedCases } from '../matrix/plan.ts'
import { type Advice, agreement, type Placing } from './ranking.ts'

const LARGE_BYTES = 1_000_000

interface Large {
  title: string
  name: string
  result: CaseResult
  byteCount: number
}

/** Null where fewer than two interfaces or encodings were measured with the same large payload. */
export function largePayloads(result: Result): Advice | null {
  const planned = plannedCases(result)
  const large = result.cases.flatMap((one): Large[] => {
    const { byteCount, encoding, connection } = planned(one)
    const title = matrixTitleOf(one)
    const latency = one.metrics.request_latency
    if (byteCount === null || byteCount < LARGE_BYTES || connection !== 'reused') return []
    if (!title || !latency || latency.count === 0 || !one.verdict.valid) return []
    const name = one.interface === 'rest' ? `REST, ${encoding}` : title
    return [{ title, name, result: one, byteCount }]
  })
  // Other sizes and other loads would compare what differs in more than the interface.
  const groups = Map.groupBy(large, ({ byteCount, result: { load } }) =>
    JSON.stringify([byteCount, load.model, load.concurrency, load.ratePerSecond]),
  )
  const group = [...groups.values()].sort((a, b) => names(b) - names(a))[0]
  if (!group || names(group) < 2) return null
  const bestMs = Math.min(...group.map(latencyOf))
  const placings = [...Map.groupBy(group, ({ name }) => name)]
    .map(([name, same]): Placing & { title: string } => {
      const fastest = same.reduce((a, b) => (latencyOf(b) < latencyOf(a) ? b : a))
      const bytes = fastest.result.summary.overhead_bytes
      return {
        title: name,
        factor: latencyOf(fastest) / bestMs,
        numbers: [
          { column: 'latency_p50', value: latencyOf(fastest), isBest: latencyOf(fastest) === bestMs },
          ...(bytes === null ? [] : [{ column: 'overhead_bytes' as const, value: bytes, isBest: false }]),
        ],
      }
    })
    .sort((a, b) => a.factor! - b.factor!)
  const rankings: Advice['rankings'] = [{ kind: 'call', placings, without: [] }]
  const picks = ['gRPC'] as const
  const size = planned(group[0]!.result).payload
  return { purpose: `A tensor of ${size}`, picks, rankings, leftOut: [], agrees: agreement(rankings, picks) }
}

function names(group: readonly Large[]): number {
  return new Set(group.map(({ name }) => name)).size
}

function latencyOf({ result }: Large): number {
  return result.metrics.request_latency!.p50
}
