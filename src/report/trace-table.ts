/** Where to look in a server's traces: the calls that it was told of, and that were worth a look. */

import type { CaseResult } from '../result/document.ts'
import { clean } from './clean.ts'
import { duration, whole } from './numbers.ts'
import { type Cell, plain, type Table, textColumn } from './page.ts'

/** Of each kind, over all cases. */
const MOST_SHOWN = 15

export function traceTable(cases: readonly CaseResult[]): Table | null {
  const callsOf = (kind: 'slowest' | 'failed') =>
    cases
      .flatMap(({ name, traces }) => (traces?.[kind] ?? []).map((call) => ({ name, ...call })))
      .sort((left, right) => right.latency_ms - left.latency_ms)
  const slowest = callsOf('slowest')
  const failed = callsOf('failed')
  const shown = [...slowest.slice(0, MOST_SHOWN), ...failed.slice(0, MOST_SHOWN)]
  if (shown.length === 0) return null
  const left = slowest.length + failed.length - shown.length
  const rows = shown.map(({ name, latency_ms: latencyMs, trace_id: traceId, ...call }): Cell[] => [
    plain(clean(name)),
    plain(duration(latencyMs)),
    call.class === undefined ? plain('ok') : { text: clean(call.class), tone: 'bad' },
    plain(clean(call.start_time)),
    plain(traceId),
  ])
  return {
    title: `Slowest calls: trace ids${left > 0 ? ` (${whole(left)} more are in the result)` : ''}`,
    columns: [
      textColumn('case'),
      textColumn('latency', 0, 'right'),
      textColumn('ended', 2),
      textColumn('planned at', 3),
      textColumn('trace'),
    ],
    rows,
  }
}
