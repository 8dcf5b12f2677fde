import type { MeasuredFloor } from '../agent/floors.ts'
import { isEnough } from '../plan/floor.ts'
import type { Statistic } from '../record/metrics.ts'
import { assembleRound } from './assemble.ts'
import type { CaseResult, Floor } from './document.ts'

/** A server that does nothing has no gaps between what it says: those of the floor would tell nothing. */
const OF_GAPS = ['inter_chunk_latency', 'inter_token_latency', 'time_per_output_token']
/** Of a value that is less than so many times its floor, half or more is the tool's and the machine's own. */
const CLOSE = 2

/** What a result says of a case's floor. Throws where a record's histogram is damaged. */
export function assembleFloor(measured: MeasuredFloor): Floor {
  const load = { ...measured.planned.load }
  const absent = (reason: string): Floor => ({ load, summary: null, metrics: {}, reason })
  if ('reason' in measured) return absent(measured.reason)
  const { planned, records } = measured
  const { summary, metrics } = assembleRound(planned, {
    records,
    serverCpuSeconds: null,
    serverMemoryGrowthBytes: null,
  })
  const succeeded = summary.calls - summary.errors
  if (!isEnough(succeeded)) {
    const failure = records.flatMap(({ errors }) => errors)[0]?.outcome.sample
    return absent(failure ?? `only ${succeeded} calls ended in ${summary.duration_s.toFixed(2)} s`)
  }
  return { load, summary, metrics: without(metrics, OF_GAPS), reason: null }
}

/** What the metric is with a server that does nothing, in the metric's unit; null where that was not measured. */
export function floorOf(
  { floor }: Pick<CaseResult, 'floor'>,
  metric: string,
  statistic: Statistic,
): number | null {
  const metrics = floor?.metrics ?? {}
  return Object.hasOwn(metrics, metric) ? metrics[metric]![statistic] : null
}

/** True where most of what was measured is there without any server, too. */
export function isCloseToFloor(result: CaseResult, metric: string, statistic: Statistic): boolean {
  const floor = floorOf(result, metric, statistic)
  const found = Object.hasOwn(result.metrics, metric) ? result.metrics[metric]![statistic] : null
  return floor !== null && found !== null && found < CLOSE * floor
}

function without<Value>(values: Record<string, Value>, names: readonly string[]): Record<string, Value> {
  return Object.fromEntries(Object.entries(values).filter(([name]) => !names.includes(name)))
}
