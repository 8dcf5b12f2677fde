/**
 * Does the tool read what really happened? Servers of known behaviour log what each reply really took, and the
 * tool, run as a user runs it, must read the same quantiles: within 0.5 ms, and a multiple of what a bare socket misreads them by
 * on the same machine in the same seconds. INFER_BENCH_SHOW=1 prints the figures.
 */

import os from 'node:os'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CaseResult, RoundResult } from '../../src/result/document.ts'
import { runScenario } from '../e2e/cli.ts'
import type { KnownLog } from '../servers/known-http.ts'
import { startServer, type TestServer } from '../servers/start.ts'
import { startControl } from './control.ts'

const WITHIN_MS = 0.5
/**
 * A client does more for a call than a bare socket does, so a machine that slows the control down by some time slows
 * it down by a multiple. Where the control misreads nothing, this allows nothing.
 */
const CONTROL_SHARE = 3
const PRIORITY = -15
let server: TestServer

beforeAll(async () => {
  // Server and tool are to be compared with each other, not with what else this machine does: both inherit this.
  try {
    os.setPriority(PRIORITY)
  } catch {
    // Without the right to it they run as everything else does.
  }
  server = await startServer('./known-http.ts')
})

afterAll(() => server.stop())

async function takeLog(name = ''): Promise<KnownLog> {
  const reply = await fetch(`${server.url}/log?as=${name}`)
  return (await reply.json()) as KnownLog
}

/** As HdrHistogram reads it: the smallest value that at least this share of all values does not exceed. */
function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)]!
}

async function measured(path: string, rest: string, load: string, rounds = 1): Promise<CaseResult> {
  await takeLog()
  const { result } = await runScenario(`
name: truth
targets:
  known: { ${rest}, api: raw, url: "${server.url}${path}", method: GET }
cases:
  - { target: known, rounds: ${rounds}, load: ${load} }
`)
  return result.cases[0]!
}

/** Runs the tool with the control beside it. `missedMs`: what the control misread at a quantile of the whole run. */
async function controlled(path: string, everyMs: number, run: () => Promise<CaseResult>) {
  await takeLog('control')
  const control = startControl(`${server.url}${path}&as=control`, everyMs)
  const read = await run()
  const seen = control.stop()
  const log = await takeLog('control')
  const missedMs = (key: keyof typeof seen, share: number) =>
    Math.abs(quantile(seen[key], share) - quantile(log[key], share))
  return { read, missedMs }
}

/**
 * The round in which the machine disturbed the tool least, by the tool's own lateness and not by what is compared.
 * A bias would be in every round; a hypervisor that takes a core away for some milliseconds is in some.
 */
function quietest(rounds: readonly RoundResult[]): number {
  const lateness = rounds.map(({ metrics }) => metrics.dispatch_delay!.p99)
  return lateness.indexOf(Math.min(...lateness))
}

const ROUNDS = 3
const CALLS = 400

test.each([
  ['every reply after 20 ms', '/fixed?ms=20'],
  ['95% after 5 ms, 5% after 80 ms', '/bimodal?fast=5&slow=80'],
])('service_time is what the server logged: %s', async (_name, path) => {
  const load = `{ model: constant, rate: 100/s, warmup: 0s, calls: ${CALLS} }`
  const { read, missedMs } = await controlled(path, 20, () => measured(path, 'interface: rest', load, ROUNDS))
  const { delaysMs } = await takeLog()
  expect(read.summary).toMatchObject({ calls: CALLS * ROUNDS, errors: 0 })
  expect(delaysMs).toHaveLength(CALLS * ROUNDS)
  const round = quietest(read.rounds)
  const logged = delaysMs.slice(round * CALLS, (round + 1) * CALLS)
  const told = read.rounds[round]!.metrics.service_time!
  for (const [statistic, share] of [
    ['p50', 0.5],
    ['p90', 0.9],
    ['p99', 0.99],
  ] as const) {
    hold(`${statistic} of ${path}`, told[statistic], quantile(logged, share), missedMs('delaysMs', share))
  }
})

function hold(what: string, toldMs: number, loggedMs: number, controlMs: number): void {
  const misreadMs = toldMs - loggedMs
  if (process.env.INFER_BENCH_SHOW) {
    const figures = [toldMs, loggedMs, misreadMs, controlMs].map((valueMs) => valueMs.toFixed(3))
    process.stdout.write(
      `${what}: told ${figures[0]}, logged ${figures[1]}, off by ${figures[2]}, control ${figures[3]}\n`,
    )
  }
  expect(Math.abs(misreadMs), `${what}: logged ${loggedMs}, control off by ${controlMs}`).toBeLessThan(
    WITHIN_MS + CONTROL_SHARE * controlMs,
  )
}

test('a server that stands still is not left out: latency counts from the planned start', async () => {
  // 1 s of standstill in 10 s at 100/s: the last 1% of the calls waited between 0.9 s and 1 s.
  const load = '{ model: constant, rate: 100/s, warmup: 0s, duration: 10s, connections: 1 }'
  const read = await measured('/stall?after=4500&for=1000', 'interface: rest', load)
  expect(read.summary).toMatchObject({ calls: 1000, errors: 0 })
  // Whatever the server did, only the generator's own lateness may make a run invalid.
  const { p50, p99 } = read.metrics.dispatch_delay!
  const generatorIsLate = p50 > 1 || p99 > 5
  expect(read.verdict.valid || generatorIsLate, read.verdict.reasons.join('; ')).toBe(true)
  expect(read.metrics.request_latency!.p99 / 900).toBeGreaterThan(0.95)
  expect(read.metrics.request_latency!.p99 / 900).toBeLessThan(1.05)
  expect(read.metrics.service_time!.p50).toBeLessThan(5)
})

test('chunks: gaps and the first token are what the server logged', async () => {
  const calls = 35
  const rounds = 3
  const gaps = 49
  // At 7/s no two streams beat in time, so that chunks do not wait for each other in the client.
  const path = `/stream?chunks=${gaps + 1}&gap=10`
  const load = `{ model: constant, rate: 7/s, warmup: 0s, calls: ${calls} }`
  const { read, missedMs } = await controlled(path, 130, () => measured(path, 'interface: sse', load, rounds))
  const log = await takeLog()
  expect(read.summary).toMatchObject({ calls: calls * rounds, errors: 0 })
  expect(read.metrics.inter_chunk_latency!.count).toBe(calls * rounds * gaps)
  const round = quietest(read.rounds)
  const told = read.rounds[round]!.metrics
  const ofRound = (values: readonly number[], each: number) =>
    values.slice(round * calls * each, (round + 1) * calls * each)
  for (const [statistic, share] of [
    ['p50', 0.5],
    ['p90', 0.9],
  ] as const) {
    const gapMs = quantile(ofRound(log.gapsMs, gaps), share)
    hold(`gap ${statistic}`, told.inter_chunk_latency![statistic], gapMs, missedMs('gapsMs', share))
    const firstMs = quantile(ofRound(log.firstChunkMs, 1), share)
    hold(`first ${statistic}`, told.time_to_first_token![statistic], firstMs, missedMs('firstChunkMs', share))
  }
})

test('every call and every error is counted once', async () => {
  const load = '{ model: closed, concurrency: 8, calls: 1000, warmup: 0s }'
  const read = await measured('/flaky?every=33', 'interface: rest', load)
  const log = await takeLog()
  expect(log.calls).toBe(1000)
  expect(read.summary).toMatchObject({ calls: log.calls, errors: log.errors })
  expect(log.errors).toBe(30)
  expect(read.errors).toMatchObject([{ class: 'http.503', count: log.errors }])
})
