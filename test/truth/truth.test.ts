/**
 * Does the tool read what really happened? Servers of known behaviour log what each reply really took, and the
 * tool, run as a user runs it, must read the same quantiles.
 */

import os from 'node:os'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CaseResult } from '../../src/result/document.ts'
import { runScenario } from '../e2e/cli.ts'
import type { KnownLog } from '../servers/known-http.ts'
import { startServer, type TestServer } from '../servers/start.ts'

const WITHIN_MS = 0.5
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

async function takeLog(): Promise<KnownLog> {
  const reply = await fetch(`${server.url}/log`)
  return (await reply.json()) as KnownLog
}

/** As HdrHistogram reads it: the smallest value that at least this share of all values does not exceed. */
function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)]!
}

async function measured(
  path: string,
  rest: string,
  load: string,
): Promise<{ case: CaseResult; code: number | null }> {
  await takeLog()
  const { result, code } = await runScenario(`
name: truth
targets:
  known: { ${rest}, api: raw, url: "${server.url}${path}", method: GET }
cases:
  - { target: known, rounds: 1, load: ${load} }
`)
  return { case: result.cases[0]!, code }
}

const at100 = '{ model: constant, rate: 100/s, warmup: 0s, duration: 10s }'

test.each([
  ['every reply after 20 ms', '/fixed?ms=20'],
  ['95% after 5 ms, 5% after 80 ms', '/bimodal?fast=5&slow=80'],
])('service_time is what the server logged: %s', async (_name, path) => {
  const { case: read } = await measured(path, 'interface: rest', at100)
  const log = await takeLog()
  expect(read.summary).toMatchObject({ calls: 1000, errors: 0 })
  const serviceTime = read.metrics.service_time!
  for (const [statistic, share] of [
    ['p50', 0.5],
    ['p90', 0.9],
    ['p99', 0.99],
  ] as const) {
    const loggedMs = quantile(log.delaysMs, share)
    expect(Math.abs(serviceTime[statistic] - loggedMs), `${statistic}: logged ${loggedMs}`).toBeLessThan(
      WITHIN_MS,
    )
  }
})

test('a server that stands still is not left out: latency counts from the planned start', async () => {
  // 1 s of standstill in 10 s at 100/s: the last 1% of the calls waited between 0.9 s and 1 s.
  const load = '{ model: constant, rate: 100/s, warmup: 0s, duration: 10s, connections: 1 }'
  const { case: read } = await measured('/stall?after=4500&for=1000', 'interface: rest', load)
  expect(read.summary).toMatchObject({ calls: 1000, errors: 0 })
  expect(read.verdict).toMatchObject({ valid: true })
  expect(read.metrics.request_latency!.p99 / 900).toBeGreaterThan(0.95)
  expect(read.metrics.request_latency!.p99 / 900).toBeLessThan(1.05)
  expect(read.metrics.service_time!.p50).toBeLessThan(5)
})

test('chunks: gaps and the first token are what the server logged', async () => {
  const load = '{ model: constant, rate: 5/s, warmup: 0s, duration: 8s }'
  const { case: read } = await measured('/stream?chunks=50&gap=10', 'interface: sse', load)
  const log = await takeLog()
  expect(read.summary).toMatchObject({ calls: 40, errors: 0 })
  const { inter_chunk_latency: gaps, time_to_first_token: first } = read.metrics
  expect(gaps!.count).toBe(40 * 49)
  for (const [statistic, share] of [
    ['p50', 0.5],
    ['p90', 0.9],
  ] as const) {
    expect(Math.abs(gaps![statistic] - quantile(log.gapsMs, share)), `gap ${statistic}`).toBeLessThan(
      WITHIN_MS,
    )
    expect(
      Math.abs(first![statistic] - quantile(log.firstChunkMs, share)),
      `first ${statistic}`,
    ).toBeLessThan(WITHIN_MS)
  }
})

test('every call and every error is counted once', async () => {
  const load = '{ model: closed, concurrency: 8, calls: 1000, warmup: 0s }'
  const { case: read } = await measured('/flaky?every=33', 'interface: rest', load)
  const log = await takeLog()
  expect(log.calls).toBe(1000)
  expect(read.summary).toMatchObject({ calls: log.calls, errors: log.errors })
  expect(log.errors).toBe(30)
  expect(read.errors).toMatchObject([{ class: 'http.503', count: log.errors }])
})
