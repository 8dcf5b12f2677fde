/** A result as metrics of OpenTelemetry. */

import { type Metric, ROUND_METRICS, type RoundMetric, TIMING_METRICS } from '../../record/metrics.ts'
import type {
  CaseResult,
  Distribution,
  ErrorCount,
  Result,
  Summary,
  TracedCallResult,
} from '../../result/document.ts'
import { exponentialOf } from './exponential.ts'
import {
  type AnyValue,
  DELTA,
  type ExponentialHistogramDataPoint,
  type KeyValue,
  type NumberDataPoint,
  type OtlpMetric,
  type OtlpRequest,
} from './messages.ts'

const SCOPE = 'infer-bench'
/** So many have some megabytes, far below what receivers take at once. */
const MOST_CASES_IN_REQUEST = 100
const MS_PER_S = 1000
/** Bytes of a trace's id that stand before those of the span. */
const SPAN_AT = 8

type Attributes = Readonly<Record<string, string | number | null | undefined>>

/** In the Unified Code for Units of Measure, with what a number of it has to be divided by. */
const UNITS: Readonly<Record<Metric['unit'], { unit: string; divisor: number }>> = {
  ms: { unit: 's', divisor: MS_PER_S },
  'per second': { unit: '1/s', divisor: 1 },
  share: { unit: '1', divisor: 1 },
  ratio: { unit: '1', divisor: 1 },
  bytes: { unit: 'By', divisor: 1 },
}

interface SummaryNumber {
  key: keyof Summary
  name: string
  unit: string
  description: string
}

const counted = (key: keyof Summary, noun: string, description: string): SummaryNumber => ({
  key,
  name: key,
  unit: `{${noun}}`,
  description,
})

/** Numbers of a summary that are no metrics of their own. */
const COUNTS: readonly SummaryNumber[] = [
  counted('calls', 'call', 'Calls that ended, with or without an error, after the warm-up.'),
  counted('errors', 'call', 'Calls that failed.'),
  counted('interrupted', 'call', 'Calls that were still open when the drain ended.'),
  counted('dropped', 'call', 'Arrivals that were due and never sent.'),
  counted('missed', 'call', 'Those of them that the load thread never turned to.'),
  counted('tainted', 'call', 'Successful calls that were under way while their load thread stood still.'),
  counted('throttled', 'refusal', 'Refusals that asked for a wait.'),
  counted('absurd_waits', 'refusal', 'Those of them whose wait nobody could keep.'),
  counted('connections', 'connection', 'Connections opened, those of the warm-up included.'),
  counted('resumed', 'connection', 'Those of them that resumed a TLS session.'),
  counted('sessions', 'session', 'Sessions of an idle load that stood at the end.'),
  counted('sessions_lost', 'session', 'Those that did not.'),
  { key: 'requested_rate', name: 'requested_rate', unit: '1/s', description: 'The rate that was asked for.' },
  {
    key: 'duration_s',
    name: 'duration',
    unit: 's',
    description: 'From the end of the warm-up until the last measured call had ended.',
  },
]

/**
 * What is sent of a result: more than one request where it has very many cases. `resource` is what else is known of where
 * it comes from, and goes before what the result itself tells. Throws `HistogramError` for a result that is damaged.
 */
export function otlpRequests(result: Result, resource: Readonly<Record<string, string>>): OtlpRequest[] {
  const attributes = attributesOf({ ...resourceOf(result), ...resource })
  const scope = { name: SCOPE, version: result.environment.tool }
  const requests: OtlpRequest[] = []
  for (let from = 0; from < result.cases.length; from += MOST_CASES_IN_REQUEST) {
    const metrics = metricsOf(result, result.cases.slice(from, from + MOST_CASES_IN_REQUEST))
    requests.push({
      resource_metrics: [{ resource: { attributes }, scope_metrics: [{ scope, metrics }] }],
    })
  }
  return requests
}

/** Names of OpenTelemetry's conventions where there are some. */
function resourceOf({ run_id: runId, name, environment }: Result): Attributes {
  const { server } = environment
  return {
    'service.name': 'infer-bench',
    'service.version': environment.tool,
    'service.instance.id': runId,
    'process.runtime.name': 'nodejs',
    'process.runtime.version': environment.node,
    'os.description': `${environment.os} ${environment.kernel}`,
    'os.version': environment.kernel,
    'host.cpu.model.name': environment.cpu,
    'infer_bench.host.cores': environment.cores,
    'infer_bench.workers': environment.workers,
    'infer_bench.run_id': runId,
    'infer_bench.scenario': name,
    ...(server && {
      'infer_bench.server.name': server.name,
      'infer_bench.server.version': server.version,
      'infer_bench.server.provider': server.provider,
    }),
  }
}

function metricsOf(result: Result, cases: readonly CaseResult[]): OtlpMetric[] {
  return [
    ...TIMING_METRICS.map((metric) =>
      histogramMetric(
        metric.name,
        metric.definition,
        cases.flatMap((one) => {
          const measured = one.metrics[metric.name]
          const calls = metric.name === 'request_latency' ? one.traces?.slowest : []
          return measured ? histogramPoint(result, caseAttributes(result, one), measured, calls) : []
        }),
      ),
    ),
    histogramMetric(
      'time_to_failure',
      'planned start -> failure, for each kind of error.',
      cases.flatMap((one) => one.errors.flatMap((error) => failurePoint(result, one, error))),
    ),
    ...ROUND_METRICS.map((metric) => roundMetric(result, metric, cases)),
    ...COUNTS.map(({ key, name, unit, description }) =>
      gauge(
        { name, unit, description },
        pointsOf(result, cases, ({ summary }) => numberIn(summary, key)),
      ),
    ),
    gauge(
      {
        name: 'valid',
        unit: '1',
        description: 'Whether the numbers of the case can be trusted: 1 or 0.',
      },
      pointsOf(result, cases, ({ verdict }) => (verdict.valid ? 1 : 0)),
    ),
  ].filter(hasPoints)
}

function roundMetric(result: Result, { name, unit, definition }: RoundMetric, cases: readonly CaseResult[]) {
  const sent = UNITS[unit]
  const points = pointsOf(result, cases, ({ summary }) => {
    const value = numberIn(summary, name as keyof Summary)
    return value === null ? null : value / sent.divisor
  })
  return gauge({ name, unit: sent.unit, description: definition }, points)
}

function numberIn(summary: Summary, key: keyof Summary): number | null {
  return summary[key] ?? null
}

function pointsOf(
  result: Result,
  cases: readonly CaseResult[],
  numberOf: (one: CaseResult) => number | null,
): NumberDataPoint[] {
  return cases.flatMap((one) => {
    const value = numberOf(one)
    if (value === null) return []
    return {
      attributes: attributesOf(caseAttributes(result, one)),
      time_unix_nano: unixNano(result.end_time),
      as_double: value,
    }
  })
}

function failurePoint(result: Result, one: CaseResult, error: ErrorCount): ExponentialHistogramDataPoint[] {
  if (!error.time_to_failure) return []
  const attributes = {
    ...caseAttributes(result, one),
    'error.type': error.class,
    'error.phase': error.phase,
    'error.code': error.code,
  }
  const calls = one.traces?.failed.filter((call) => call.class === error.class)
  return histogramPoint(result, attributes, error.time_to_failure, calls)
}

function histogramPoint(
  result: Result,
  attributes: Attributes,
  measured: Distribution,
  calls: readonly TracedCallResult[] = [],
): ExponentialHistogramDataPoint[] {
  const histogram = exponentialOf(measured)
  if (!histogram) return []
  return [
    {
      attributes: attributesOf(attributes),
      start_time_unix_nano: unixNano(result.start_time),
      time_unix_nano: unixNano(result.end_time),
      count: histogram.count,
      sum: histogram.sumS,
      scale: histogram.scale,
      zero_count: histogram.zeroCount,
      positive: { offset: histogram.offset, bucket_counts: histogram.bucketCounts },
      min: histogram.minS,
      max: histogram.maxS,
      ...(calls.length > 0 && { exemplars: calls.map(exemplarOf) }),
    },
  ]
}

/** The call's span is the second half of its trace's id, as the server was told. */
function exemplarOf({ trace_id: traceId, latency_ms: latencyMs, start_time: startTime }: TracedCallResult) {
  const bytes = Buffer.from(traceId, 'hex')
  return {
    time_unix_nano: unixNano(startTime, latencyMs),
    as_double: latencyMs / MS_PER_S,
    span_id: bytes.subarray(SPAN_AT),
    trace_id: bytes,
  }
}

function histogramMetric(
  name: string,
  description: string,
  points: ExponentialHistogramDataPoint[],
): OtlpMetric {
  return {
    name: `infer_bench.${name}`,
    description,
    unit: UNITS.ms.unit,
    exponential_histogram: { data_points: points, aggregation_temporality: DELTA },
  }
}

function gauge(
  row: Pick<OtlpMetric, 'name' | 'unit' | 'description'>,
  points: NumberDataPoint[],
): OtlpMetric {
  return { ...row, name: `infer_bench.${row.name}`, gauge: { data_points: points } }
}

function hasPoints({ gauge, exponential_histogram: histogram }: OtlpMetric): boolean {
  return (gauge ?? histogram)!.data_points.length > 0
}

/** What tells a case's numbers from those of others, in this run and in later ones. */
function caseAttributes({ region }: Result, one: CaseResult): Attributes {
  const labels = Object.entries(one.labels).map(([key, value]) => [`label.${key}`, value])
  return {
    case: one.name,
    target: one.target,
    interface: one.interface,
    api: one.api,
    region,
    ...Object.fromEntries(labels),
  }
}

function attributesOf(attributes: Attributes): KeyValue[] {
  return Object.entries(attributes).flatMap(([key, value]) =>
    value === null || value === undefined ? [] : { key, value: anyValue(value) },
  )
}

function anyValue(value: string | number): AnyValue {
  // A receiver refuses a request with a text that is no UTF-8.
  if (typeof value === 'string') return { string_value: value.toWellFormed() }
  return Number.isSafeInteger(value) ? { int_value: value } : { double_value: value }
}

/** A double cannot hold so many nanoseconds. */
function unixNano(time: string, laterMs = 0): string {
  return `${Math.round(Date.parse(time) + laterMs)}000000`
}
