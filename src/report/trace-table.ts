/** Where to look in a server's traces: the calls that it was told of, and that were worth a look. */

import type { CaseResult, TracedCallResult } from '../result/document.ts'
import { clean } from './clean.ts'
import { duration, whole } from './numbers.ts'
import { type Cell, plain, type Table, textColumn } from './page.ts'

const MOST_SHOWN = 20

export function traceTable(cases: readonly CaseResult[]): Table | null {
  const traced = cases.flatMap(({ name, traces }) =>
    traces ? [{ name, calls: [...traces.slowest, ...traces.failed] }] : [],
  )
  const count = traced.reduce((total, { calls }) => total + calls.length, 0)
  if (count === 0) return null
  // Each case has its share, or the slowest one would leave no room for the others.
  const share = Math.max(1, Math.floor(MOST_SHOWN / traced.length))
  const rows = traced
    .flatMap(({ name, calls }) => calls.slice(0, share).map((call) => row(name, call)))
    .slice(0, MOST_SHOWN)
  const left = count - rows.length
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

function row(name: string, call: TracedCallResult): Cell[] {
  return [
    plain(clean(name)),
    plain(duration(call.latency_ms)),
    call.class === undefined ? plain('ok') : { text: clean(call.class), tone: 'bad' },
    plain(clean(call.start_time)),
    plain(call.trace_id),
  ]
}
