/** A result with a case of every sort, from seeded values: the same on every machine. */

import { evaluateClaims } from '../../src/compare/claims.ts'
import type { Claim } from '../../src/plan/plan.ts'
import { destroy, initHistograms, newHistogram, recordMs } from '../../src/record/histogram.ts'
import {
  type CaseResult,
  type Distribution,
  type Result,
  SCHEMA_VERSION,
  type Summary,
} from '../../src/result/document.ts'
import { distribution, storedDistribution } from '../../src/result/merge.ts'
import { evaluateThresholds } from '../../src/result/thresholds.ts'
import { runVerdict } from '../../src/result/verdict.ts'

const ROUNDS = 3

/** Mulberry32. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Values with a tail, around `medianMs`. */
function values(medianMs: number, count: number, seed: number): number[] {
  const next = random(seed)
  return Array.from(
    { length: count },
    () => medianMs * (0.8 + 0.4 * next()) * (next() > 0.98 ? 1 + 9 * next() : 1),
  )
}

interface Spec {
  name: string
  target?: string
  interface?: string
  api?: string
  kind?: CaseResult['kind']
  callKind?: CaseResult['call_kind']
  labels?: CaseResult['labels']
  load?: CaseResult['load']
  summary?: Partial<Summary>
  /** Metric name to its median in ms. */
  medians: Record<string, number>
  callCount?: number
  openCount?: number
  verdict?: CaseResult['verdict']
  absent?: CaseResult['absent']
  errors?: CaseResult['errors']
}

export function sampleCase(spec: Spec): CaseResult {
  const callCount = spec.callCount ?? 2000
  const summary: Summary = {
    calls: callCount * ROUNDS,
    errors: 0,
    interrupted: spec.openCount ?? 0,
    dropped: 0,
    missed: 0,
    tainted: 0,
    throttled: 0,
    absurd_waits: 0,
    duration_s: 15.004,
    request_throughput: (callCount * ROUNDS) / 15,
    output_token_throughput: null,
    throughput_per_core: null,
    server_memory_growth: null,
    resumed: 0,
    handshake_bytes: null,
    client_cpu_time: null,
    goodput: null,
    error_rate: 0,
    overhead_bytes: null,
    requested_rate: null,
    connections: 8,
    ...spec.summary,
  }
  const metrics: Record<string, Distribution> = {}
  const rounds = Array.from({ length: ROUNDS }, () => ({
    summary,
    metrics: {} as Record<string, Distribution>,
  }))
  for (const [index, [name, medianMs]] of Object.entries(spec.medians).entries()) {
    const all = newHistogram()
    for (const [roundIndex, round] of rounds.entries()) {
      const one = newHistogram()
      for (const valueMs of values(medianMs, callCount, index * 100 + roundIndex)) {
        recordMs(one, valueMs)
        recordMs(all, valueMs)
      }
      round.metrics[name] = distribution(one)!
      destroy(one)
    }
    metrics[name] = storedDistribution(all, spec.openCount)!
    destroy(all)
  }
  return {
    name: spec.name,
    target: spec.target ?? 'rest',
    interface: spec.interface ?? 'rest',
    api: spec.api ?? 'kserve-v2',
    kind: spec.kind ?? 'unary',
    ...(spec.callKind && { call_kind: spec.callKind }),
    labels: spec.labels ?? {},
    load: spec.load ?? { model: 'closed', concurrency: 8 },
    verdict: spec.verdict ?? { valid: true, reasons: [] },
    summary,
    metrics,
    absent: spec.absent ?? {},
    rounds,
    errors: spec.errors ?? [],
  }
}

const HANDSHAKE_IN_CLEAR = { tcp_connect: 0.09, handshake: 0.1 }
const NO_DNS = { dns_lookup: 'the target is an IP address' }

function cases(): CaseResult[] {
  return [
    sampleCase({
      name: 'rest 1KiB ×8',
      labels: { 'payload.size': '1KiB' },
      medians: {
        request_latency: 0.082,
        service_time: 0.068,
        overhead_time: 0.061,
        dispatch_delay: 0.0012,
        connection_wait: 0.011,
        serialize: 0.0021,
        request_send: 0.006,
        request_wait: 0.052,
        response_receive: 0.0008,
        deserialize: 0.0034,
        server_queue: 0.001,
        server_compute: 0.006,
        ...HANDSHAKE_IN_CLEAR,
      },
      summary: { overhead_bytes: 0.31, throughput_per_core: 11_830, request_throughput: 76_211 },
      verdict: {
        valid: true,
        reasons: [],
        notes: {
          request_throughput: '>= (client limit)',
          request_latency: 'holds the time that calls waited for the client',
        },
      },
      absent: { ...NO_DNS, tls_handshake: 'the target is not served over TLS' },
    }),
    sampleCase({
      name: 'rest 1MiB ×8 cold over TLS',
      target: 'rest-tls',
      labels: { 'payload.size': '1MiB' },
      medians: {
        request_latency: 14.2,
        service_time: 11.9,
        dispatch_delay: 0.0014,
        connection_wait: 2.3,
        serialize: 1.8,
        request_send: 4.4,
        request_wait: 3.1,
        response_receive: 2.2,
        deserialize: 0.9,
        tcp_connect: 0.11,
        tls_handshake: 2.05,
        handshake: 2.2,
      },
      callCount: 400,
      summary: {
        requested_rate: 80,
        overhead_bytes: 0.0042,
        goodput: 0.985,
        errors: 3,
        error_rate: 0.0025,
        throttled: 3,
      },
      verdict: {
        valid: true,
        reasons: [],
        notes: {
          throttled:
            'refusals asked for a wait (p50 1000 ms, at most 1000 ms), and the load went on as it was told to (retry_after: ignore)',
        },
      },
      absent: {
        ...NO_DNS,
        overhead_time: 'the server tells no timing',
        server_compute: 'the server tells no timing',
      },
      errors: [
        {
          phase: 'response',
          class: 'http.503',
          code: '503',
          count: 3,
          sample: 'server said: "\u001b[31mbusy\u001b[0m | try <b>later</b>"\r\nRetry-After: 1',
        },
      ],
    }),
    sampleCase({
      name: 'chat 聊天 32→64 tokens',
      target: 'chat',
      interface: 'sse',
      api: 'openai-chat',
      kind: 'streaming',
      medians: {
        request_latency: 48,
        service_time: 47.6,
        time_to_first_token: 3.9,
        inter_chunk_latency: 0.66,
        inter_token_latency: 0.7,
        time_per_output_token: 0.69,
        serialize: 0.004,
        request_send: 0.009,
        request_wait: 2.1,
        response_receive: 44,
        deserialize: 0.31,
        ...HANDSHAKE_IN_CLEAR,
      },
      callCount: 150,
      openCount: 4,
      summary: {
        requested_rate: 10,
        request_throughput: 9.87,
        output_token_throughput: 631.7,
        goodput: 0.93,
        server_memory_growth: 13_421_773,
      },
      verdict: {
        valid: true,
        reasons: [],
        notes: {
          request_latency: 'with the reader’s own pauses in it: 100 ms after every 10 chunks, on purpose',
          inter_chunk_latency: 'with the reader’s own pauses in it: 100 ms after every 10 chunks, on purpose',
        },
      },
      absent: NO_DNS,
    }),
    sampleCase({
      name: 'rest burst 5000/s',
      medians: { request_latency: 812, service_time: 1.2, dispatch_delay: 310 },
      callCount: 500,
      summary: { requested_rate: 5000, request_throughput: 1311, dropped: 27_011 },
      verdict: {
        valid: false,
        reasons: ['dispatch_delay p99 was 2.7 s: the generator could not keep its schedule'],
      },
      absent: NO_DNS,
    }),
    sampleCase({
      name: 'rest nobody listens',
      medians: {},
      callCount: 0,
      verdict: { valid: false, reasons: ['no call succeeded'] },
      summary: { calls: 640, errors: 640, error_rate: 1, request_throughput: 0, connections: 0 },
      errors: [
        {
          phase: 'tcp',
          class: 'tcp.refused',
          code: 'ECONNREFUSED',
          count: 640,
          sample: 'connect ECONNREFUSED 127.0.0.1:9',
        },
      ],
    }),
  ]
}

/** One of each verdict. */
const CLAIMS: readonly Claim[] = [
  {
    says: 'A call takes less than 10 ms',
    place: '1 Latency',
    metric: 'request_latency',
    statistic: 'p50',
    expect: '< 10ms',
    low: null,
    high: 10,
    pairs: [{ of: 'rest 1KiB ×8', over: null }],
  },
  {
    says: 'A large one takes 100 to 200 times as long',
    place: '1 Latency',
    because: 'What is a thousand times as large is not a thousand times as slow',
    metric: 'service_time',
    statistic: 'p50',
    expect: '100..200',
    low: 100,
    high: 200,
    pairs: [
      { of: 'rest 1MiB ×8 cold over TLS', over: 'rest 1KiB ×8' },
      { of: 'chat 聊天 32→64 tokens', over: 'rest 1KiB ×8' },
    ],
  },
  {
    says: 'Bytes cost | nothing',
    because: 'Headers are <b>bytes</b>, too',
    metric: 'overhead_bytes',
    statistic: null,
    expect: '< 0.1%',
    low: null,
    high: 0.001,
    pairs: [{ of: 'rest 1KiB ×8', over: null }],
  },
  { says: 'It is far away', place: '2 Network', cannot: 'Both ends are on one machine' },
]

export async function sampleResult(): Promise<Result> {
  await initHistograms()
  const measured = cases()
  const p99 = (says: string, names: string[], limit: number) => ({
    says,
    cases: names,
    metric: 'request_latency',
    statistic: 'p99',
    operator: '<' as const,
    limit,
  })
  const target = (name: string, verify: boolean) => ({ target: { name, tls: { verify } } })
  return {
    schema_version: SCHEMA_VERSION,
    run_id: '01k0sample',
    name: 'performance-matrix',
    start_time: '2026-11-23T18:30:00.000Z',
    end_time: '2026-11-23T18:31:31.250Z',
    cancelled: false,
    region: null,
    scenario: { cases: [target('rest', true), target('rest-tls', false), target('chat', true)] },
    environment: {
      tool: '0.1.0',
      node: '26.10.0',
      os: 'linux',
      kernel: '6.12.0',
      cpu: 'Example CPU @ 2.60GHz',
      cores: 2,
      workers: 1,
      server: {
        name: 'infer-bench reference server',
        version: '0.1.0',
        provider: 'cpu',
        providers_skipped: [{ provider: 'cuda', reason: 'libcudart.so.12: cannot open shared object file' }],
      },
    },
    verdict: runVerdict(measured, 0),
    cases: measured,
    thresholds: evaluateThresholds(
      [
        p99(
          'rest: request_latency.p99 < 50ms',
          ['rest 1KiB ×8', 'rest 1MiB ×8 cold over TLS', 'rest burst 5000/s'],
          50,
        ),
        p99('chat: request_latency.p99 < 2s', ['chat 聊天 32→64 tokens'], 2000),
        {
          says: 'rest: error_rate < 0.1%',
          cases: ['rest 1KiB ×8', 'rest nobody listens'],
          metric: 'error_rate',
          statistic: null,
          operator: '<',
          limit: 0.001,
        },
      ],
      measured,
    ),
    claims: evaluateClaims(CLAIMS, measured),
  }
}
