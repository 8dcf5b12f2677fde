/** A result with cases for the matrix: whole rows, rows that lack something, and an invalid one. From seeded values. */

import type { CaseResult, Result } from '../../src/result/document.ts'
import { runVerdict } from '../../src/result/verdict.ts'
import { sampleCase, sampleResult } from '../result/sample.ts'

const UNARY = { service_time: 0.41, overhead_time: 0.31, server_queue: 0.04, server_compute: 0.06 }

type Spec = Parameters<typeof sampleCase>[0] & {
  model?: string
  connection?: 'cold'
  concurrency?: number
  payload?: string
  revision?: string
}

const SPECS: Spec[] = [
  { name: 'rest 200/s', medians: UNARY, summary: { requested_rate: 200 } },
  {
    name: 'rest ×8',
    medians: { ...UNARY, handshake: 0.4 },
    summary: { request_throughput: 2181, throughput_per_core: 3485, overhead_bytes: 4.47 },
    verdict: { valid: true, reasons: [], notes: { request_throughput: '>= (client limit)' } },
  },
  {
    name: 'rest ×1',
    concurrency: 1,
    medians: UNARY,
    summary: { request_throughput: 702, throughput_per_core: 2911 },
  },
  {
    name: 'rest ×64',
    concurrency: 64,
    medians: UNARY,
    summary: { request_throughput: 2102, throughput_per_core: 3501 },
  },
  {
    name: 'rest cold',
    target: 'rest-cold',
    connection: 'cold',
    medians: { handshake: 0.325 },
    callCount: 60,
  },
  {
    name: 'grpc 900/s',
    target: 'grpc',
    interface: 'grpc',
    medians: { ...UNARY, overhead_time: 0.52 },
    summary: { requested_rate: 900, errors: 40, error_rate: 0.0067 },
    verdict: {
      valid: false,
      reasons: ['the generator could not keep its schedule: dispatch_delay p99 is 9.7 ms'],
    },
  },
  {
    name: 'grpc ×8',
    target: 'grpc',
    interface: 'grpc',
    medians: { ...UNARY, handshake: 1.45 },
    summary: { request_throughput: 1417, throughput_per_core: 2858, overhead_bytes: 0.181 },
  },
  {
    name: 'chat 20/s',
    target: 'chat',
    interface: 'sse',
    kind: 'streaming',
    model: 'gpt-tiny',
    payload: '32 + 64 tokens',
    medians: { inter_chunk_latency: 0.2, handshake: 0.31 },
    callCount: 120,
    summary: { requested_rate: 20, overhead_bytes: 12.86 },
  },
  {
    name: 'tool 5/s',
    target: 'tool',
    interface: 'mcp',
    medians: { service_time: 4.2, handshake: 3.1 },
    summary: { requested_rate: 5 },
    absent: { overhead_time: 'the server does not tell its own time' },
  },
  {
    name: 'tool ×2',
    target: 'tool',
    interface: 'mcp',
    medians: {},
    callCount: 0,
    summary: { calls: 30, errors: 30, error_rate: 1, request_throughput: 0, connections: 0 },
    verdict: { valid: false, reasons: ['no call succeeded'] },
    errors: [{ phase: 'request', class: 'mcp.-32602', code: '-32602', count: 30, sample: 'unknown tool' }],
  },
]

/** The plan as far as the matrix reads it. */
function planned({
  name,
  target = 'rest',
  interface: spoken = 'rest',
  model = 'echo',
  connection,
  payload,
  revision,
}: Spec) {
  return {
    name,
    target: {
      options: { revision },
      name: target,
      url: spoken,
      model,
      connection: connection ?? 'reused',
      tls: { verify: true },
    },
    payload: { form: 'size', label: payload ?? '1KiB' },
  }
}

let whole: Promise<Result> | null = null

export async function matrixSample(change: (spec: Spec) => Spec | null = (spec) => spec): Promise<Result> {
  whole ??= sampleResult()
  const result = await whole
  const specs = SPECS.flatMap((spec) => change(spec) ?? [])
  const cases = specs.map(
    (spec): CaseResult => ({
      ...sampleCase(spec),
      load: spec.summary?.requested_rate
        ? { model: 'constant', ratePerSecond: spec.summary.requested_rate }
        : { model: 'closed', concurrency: spec.concurrency ?? 8 },
    }),
  )
  return {
    ...result,
    scenario: { cases: specs.map(planned) },
    cases,
    thresholds: [],
    verdict: runVerdict(cases, 0),
  }
}
