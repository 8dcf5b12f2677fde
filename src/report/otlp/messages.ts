/**
 * The messages of OpenTelemetry's protocol that metrics are sent in, by the names and numbers of its .proto files: what of
 * them is used here. https://github.com/open-telemetry/opentelemetry-proto
 */

import protobuf from 'protobufjs/light.js'

const field = (type: string, id: number) => ({ type, id })
const list = (type: string, id: number) => ({ rule: 'repeated', type, id })
/** Fields of which one is set. Without it protobufjs leaves out what is 0. */
const either = (...oneof: string[]) => ({ oneof })

const SCHEMA = {
  nested: {
    AnyValue: {
      oneofs: { value: either('string_value', 'bool_value', 'int_value', 'double_value') },
      fields: {
        string_value: field('string', 1),
        bool_value: field('bool', 2),
        int_value: field('int64', 3),
        double_value: field('double', 4),
      },
    },
    KeyValue: { fields: { key: field('string', 1), value: field('AnyValue', 2) } },
    Resource: { fields: { attributes: list('KeyValue', 1) } },
    InstrumentationScope: { fields: { name: field('string', 1), version: field('string', 2) } },
    NumberDataPoint: {
      fields: {
        attributes: list('KeyValue', 7),
        time_unix_nano: field('fixed64', 3),
        as_double: field('double', 4),
      },
      oneofs: { value: either('as_double') },
    },
    Gauge: { fields: { data_points: list('NumberDataPoint', 1) } },
    Buckets: { fields: { offset: field('sint32', 1), bucket_counts: list('uint64', 2) } },
    ExponentialHistogramDataPoint: {
      oneofs: { _sum: either('sum'), _min: either('min'), _max: either('max') },
      fields: {
        attributes: list('KeyValue', 1),
        start_time_unix_nano: field('fixed64', 2),
        time_unix_nano: field('fixed64', 3),
        count: field('fixed64', 4),
        sum: field('double', 5),
        scale: field('sint32', 6),
        zero_count: field('fixed64', 7),
        positive: field('Buckets', 8),
        exemplars: list('Exemplar', 11),
        min: field('double', 12),
        max: field('double', 13),
      },
    },
    Exemplar: {
      oneofs: { value: either('as_double') },
      fields: {
        time_unix_nano: field('fixed64', 2),
        as_double: field('double', 3),
        span_id: field('bytes', 4),
        trace_id: field('bytes', 5),
      },
    },
    ExponentialHistogram: {
      fields: {
        data_points: list('ExponentialHistogramDataPoint', 1),
        aggregation_temporality: field('uint32', 2),
      },
    },
    Metric: {
      oneofs: { data: either('gauge', 'exponential_histogram') },
      fields: {
        name: field('string', 1),
        description: field('string', 2),
        unit: field('string', 3),
        gauge: field('Gauge', 5),
        exponential_histogram: field('ExponentialHistogram', 10),
      },
    },
    ScopeMetrics: { fields: { scope: field('InstrumentationScope', 1), metrics: list('Metric', 2) } },
    ResourceMetrics: { fields: { resource: field('Resource', 1), scope_metrics: list('ScopeMetrics', 2) } },
    ExportMetricsServiceRequest: { fields: { resource_metrics: list('ResourceMetrics', 1) } },
    ExportMetricsPartialSuccess: {
      fields: { rejected_data_points: field('int64', 1), error_message: field('string', 2) },
    },
    ExportMetricsServiceResponse: { fields: { partial_success: field('ExportMetricsPartialSuccess', 1) } },
    /** `google.rpc.Status`, which refusals are told in. */
    Status: { fields: { code: field('int32', 1), message: field('string', 2) } },
  },
}

const ROOT = protobuf.Root.fromJSON(SCHEMA)

/** What an attribute can be. */
export type AnyValue = { string_value: string } | { double_value: number } | { int_value: number }

export interface KeyValue {
  key: string
  value: AnyValue
}

/** 64-bit integers that a double cannot hold are decimal texts. */
export interface NumberDataPoint {
  attributes: KeyValue[]
  time_unix_nano: string
  as_double: number
}

export interface ExponentialHistogramDataPoint {
  attributes: KeyValue[]
  start_time_unix_nano: string
  time_unix_nano: string
  count: number
  sum: number
  scale: number
  zero_count: number
  positive: { offset: number; bucket_counts: number[] }
  min: number
  max: number
  /** Calls whose traces can be looked at. */
  exemplars?: { time_unix_nano: string; as_double: number; span_id: Uint8Array; trace_id: Uint8Array }[]
}

/** What was counted since the start time, not since the process began. */
export const DELTA = 1

export interface OtlpMetric {
  name: string
  description: string
  /** In the Unified Code for Units of Measure. */
  unit: string
  gauge?: { data_points: NumberDataPoint[] }
  exponential_histogram?: {
    data_points: ExponentialHistogramDataPoint[]
    aggregation_temporality: typeof DELTA
  }
}

export interface OtlpRequest {
  resource_metrics: {
    resource: { attributes: KeyValue[] }
    scope_metrics: { scope: { name: string; version: string }; metrics: OtlpMetric[] }[]
  }[]
}

export function encodeRequest(request: OtlpRequest): Uint8Array {
  const type = ROOT.lookupType('ExportMetricsServiceRequest')
  return type.encode(type.fromObject(request)).finish()
}

/** What a receiver did not take, and why; 0 and an empty text where it took everything. Throws for other bytes. */
export function decodeResponse(bytes: Uint8Array): { rejected: number; message: string } {
  const type = ROOT.lookupType('ExportMetricsServiceResponse')
  const { partial_success: partial } = type.toObject(type.decode(bytes), { longs: Number }) as {
    partial_success?: { rejected_data_points?: number; error_message?: string }
  }
  return { rejected: partial?.rejected_data_points ?? 0, message: partial?.error_message ?? '' }
}

/** Why a receiver refused everything. Throws for other bytes. */
export function decodeStatus(bytes: Uint8Array): string {
  const type = ROOT.lookupType('Status')
  return (type.toObject(type.decode(bytes)) as { message?: string }).message ?? ''
}
