/** The cells of the matrix: each a measured number, or the reason why there is none. */

import type { Statistic } from '../../record/metrics.ts'
import type { CaseResult, Summary } from '../../result/document.ts'
import { isLowerBound } from '../../result/thresholds.ts'
import { clean } from '../clean.ts'
import { duration, percent, significant, whole } from '../numbers.ts'
import type { MatrixCell, MatrixRow } from './matrix.ts'

/** Above this share of what the closed loop reached, a rate is not well below it: calls begin to wait for each other. */
const WELL_BELOW = 0.5
/** With fewer values, a p99 is made of less than ten of them. */
const FEWEST_FOR_P99 = 1000
/** The bundled model that computes nothing: what its chunks take is the interface's alone. */
const ECHO = 'echo'

function empty(note: string): MatrixCell {
  return { value: null, atLeast: false, valid: true, notes: [note] }
}

/** A number of a case, with what a reader must know of the case. */
function told(result: CaseResult, value: number, atLeast: boolean, notes: readonly string[]): MatrixCell {
  const { verdict, summary } = result
  const name = clean(result.name)
  const reasons = verdict.reasons.map(clean).join('; ') || 'no reason told'
  return {
    value,
    atLeast,
    valid: verdict.valid,
    notes: [
      ...(verdict.valid ? [] : [`${name} is invalid: ${reasons}`]),
      ...(summary.errors > 0 ? [`${name}: ${percent(summary.error_rate ?? 1)} of its calls failed`] : []),
      ...notes,
    ],
  }
}

function failed({ name, summary }: CaseResult): string | null {
  return summary.calls === summary.errors ? `no call of ${clean(name)} succeeded` : null
}

function statistic(
  result: CaseResult,
  metric: string,
  name: Statistic,
  { without, notes = [] }: { without?: string; notes?: readonly string[] } = {},
): MatrixCell {
  const found = result.metrics[metric]
  if (!found || found.count === 0) {
    return empty(without ?? failed(result) ?? absence(result, metric))
  }
  const atLeast = (found.at_least?.includes(name) ?? false) || isLowerBound(result, metric)
  const few =
    name === 'p99' && found.count < FEWEST_FOR_P99
      ? [`p99 of only ${whole(found.count)} values (${clean(result.name)})`]
      : []
  return told(result, found[name], atLeast, [...notes, ...few])
}

function absence({ absent, name }: CaseResult, metric: string): string {
  return `${clean(name)}: ${clean(absent[metric] ?? `${metric} was not measured`)}`
}

export function noLatencyCase(): MatrixCell {
  return empty(
    'needs a case at a steady rate (load: { model: constant, rate: … }), below what a closed loop reaches',
  )
}

/** What a call costs without inference. */
export function callTime(steady: CaseResult, closed: CaseResult | null, name: 'p50' | 'p99'): MatrixCell {
  const service = steady.metrics.service_time
  // The number that there is would not compare with its neighbours, but who reads wants to know it.
  const without =
    service && service.count > 0 && !steady.metrics.overhead_time
      ? `${absence(steady, 'overhead_time')}; with inference: service time p50 ${duration(service.p50)}, p99 ${duration(service.p99)}`
      : undefined
  return statistic(steady, 'overhead_time', name, {
    ...(without && { without }),
    notes: rateNotes(steady, closed),
  })
}

/** What a chunk of a stream costs: the gap before it. */
export function chunkTime(
  steady: CaseResult,
  closed: CaseResult | null,
  name: 'p50' | 'p99',
  model: string | null,
): MatrixCell {
  const computed =
    model === ECHO
      ? []
      : [
          `the gaps of ${clean(steady.name)} hold the computing of ${model === null ? 'its model' : `the model ${clean(model)}`}`,
        ]
  return statistic(steady, 'inter_chunk_latency', name, {
    notes: [...computed, ...rateNotes(steady, closed)],
  })
}

function rateNotes(steady: CaseResult, closed: CaseResult | null): string[] {
  const { requested_rate: rate } = steady.summary
  const reached = closed?.summary.request_throughput
  if (rate === null) return []
  if (!closed || !reached) {
    return [
      `${clean(steady.name)}: without a closed loop nobody knows how far below the limit ${significant(rate)}/s is`,
    ]
  }
  const share = rate / reached
  if (share <= WELL_BELOW) return []
  return [
    `${clean(steady.name)}: its rate is ${percent(share)} of what ${clean(closed.name)} reached, so calls may have waited for each other`,
  ]
}

export function handshake(result: CaseResult | null): MatrixCell {
  return result ? statistic(result, 'handshake', 'p50') : empty('no case')
}

export function throughput(
  closed: CaseResult | null,
  name: 'request_throughput' | 'throughput_per_core',
): MatrixCell {
  if (!closed) return empty('needs a closed loop (load: { model: closed, concurrency: … })')
  if (name === 'throughput_per_core' && closed.summary[name] === null) {
    return empty(`${clean(closed.name)}: the server’s CPU time is not known`)
  }
  return ratio(closed, name)
}

/** A number of the summary. */
export function ratio(result: CaseResult | null, name: keyof Summary): MatrixCell {
  if (!result) return empty('no case')
  const value = result.summary[name]
  const none = failed(result)
  if (none !== null) return empty(none)
  if (value === null || value === undefined) return empty(`${clean(result.name)}: ${name} is not known`)
  return told(result, value, isLowerBound(result, name), [])
}

/** What the interface adds to the server’s own time. */
export function overheadTime(steady: CaseResult | null, per: MatrixRow['per']): MatrixCell {
  if (per === 'chunk')
    return empty(
      'of a stream, the time between chunks is the cost: there is no server time to compare it with',
    )
  if (!steady) return noLatencyCase()
  const { overhead_time: overhead, server_queue: queue, server_compute: compute } = steady.metrics
  const ownMs = (queue?.p50 ?? 0) + (compute?.p50 ?? 0)
  if (!overhead || ownMs <= 0) return empty(failed(steady) ?? absence(steady, 'overhead_time'))
  return told(steady, overhead.p50 / ownMs, false, [])
}
