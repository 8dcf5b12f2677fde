/** Results for the page: with a search, with rounds in slices, and with as many cases as anybody looks at. */

import type { CaseResult, Result } from '../../src/result/document.ts'
import { runVerdict } from '../../src/result/verdict.ts'
import { sampleCase, sampleResult } from '../result/sample.ts'

const SLICES = 20
/** In every round, one slice has errors, and one no call that ended. */
const [ERROR_SLICE, EMPTY_SLICE] = [7, 12]

const timeline = {
  slice_s: 0.25,
  slices: Array.from({ length: SLICES }, (_, index) => ({
    calls: index === EMPTY_SLICE ? 0 : 50,
    errors: index === ERROR_SLICE ? 3 : 0,
    p50: index === EMPTY_SLICE ? null : 2 + Math.sin(index),
    p99: index === EMPTY_SLICE ? null : 9 + Math.cos(index),
  })),
}

const step = (rate: number, throughput: number, p99: number, limit: 'objective' | null) => ({
  rate,
  throughput,
  p50: p99 / 3,
  p99,
  value: p99,
  limit,
})

/** The last step answers less than the one before. */
export const search: NonNullable<CaseResult['search']> = {
  metric: 'request_latency',
  statistic: 'p99',
  below: 10,
  rate: 400,
  limit: 'objective',
  steps: [
    step(100, 100, 2, null),
    step(200, 199.6, 3, null),
    step(400, 398, 9, null),
    step(800, 410, 420, 'objective'),
    step(1600, 390, 900, 'objective'),
  ],
}

export const SLICES_WITH_CALLS = SLICES - 1

/** What slices of streams tell besides. */
const streamed = {
  ...timeline,
  slices: timeline.slices.map((slice) =>
    slice.p50 === null ? slice : { ...slice, gap_p50: slice.p50 / 8, gap_p99: slice.p99! / 8 },
  ),
}

function sliced(one: CaseResult): CaseResult {
  if (one.kind === 'streaming') {
    return { ...one, rounds: one.rounds.map((round) => ({ ...round, timeline: streamed })) }
  }
  return { ...one, rounds: one.rounds.map((round) => ({ ...round, timeline })) }
}

/** The sample, with all that a chart can be drawn of. */
export async function chartedResult(): Promise<Result> {
  const result = await sampleResult()
  const [first, ...others] = result.cases
  return { ...result, cases: [sliced({ ...first!, search }), ...others.map(sliced)] }
}

const INTERFACES = ['rest', 'grpc', 'websocket', 'mcp', 'sse']

/** As much as a matrix over several payloads has. */
export async function largeResult(caseCount = 30): Promise<Result> {
  const result = await sampleResult()
  const cases = Array.from({ length: caseCount }, (_, index) => {
    const spoken = INTERFACES[index % INTERFACES.length]!
    const kind = spoken === 'sse' ? ('streaming' as const) : ('unary' as const)
    const size = `${2 ** Math.floor(index / INTERFACES.length)}KiB`
    const streamed = { time_to_first_token: 3, inter_chunk_latency: 0.7 }
    return sliced(
      sampleCase({
        name: `${spoken} ${size} ×8`,
        target: spoken,
        interface: spoken,
        kind,
        labels: { 'payload.size': size },
        medians: {
          request_latency: 1 + index,
          tcp_connect: 0.1,
          protocol_setup: 0.4,
          handshake: 0.5,
          ...(kind === 'streaming' && streamed),
        },
        callCount: 400,
      }),
    )
  })
  return { ...result, cases, thresholds: [], verdict: runVerdict(cases, 0) }
}

/** A result whose every foreign text tries to be more than text. */
export function hostileResult(result: Result, text: string): Result {
  return {
    ...result,
    name: text,
    region: text,
    run_id: text,
    environment: { ...result.environment, cpu: text, kernel: text },
    cases: result.cases.map((one) => ({
      ...one,
      name: `${one.name} ${text}`,
      target: text,
      interface: text,
      labels: { 'payload.size': text },
      verdict: { valid: false, reasons: [text], notes: { [text]: text } },
      absent: { [text]: text },
      errors: [{ phase: text, class: text, code: text, count: 1, sample: text }],
    })),
    thresholds: result.thresholds.map((threshold) => ({
      ...threshold,
      says: text,
      case: text,
      reason: text,
    })),
  }
}
