/** Whose fault is it that calls wait? A slow server never makes a run invalid; a generator that cannot keep up does. */

import { afterAll, expect, test } from 'vitest'
import { type Handler, type PlainServer, startPlain } from '../servers/plain-http.ts'
import { startServer, type TestServer } from '../servers/start.ts'
import { runScenario } from './cli.ts'

const servers: (PlainServer | TestServer)[] = []

afterAll(async () => {
  for (const server of servers.splice(0)) await server.stop()
})

async function started(handler: Handler): Promise<PlainServer> {
  const server = await startPlain(handler)
  servers.push(server)
  return server
}

function scenario(url: string, load: string): string {
  return `
name: open
targets: { mine: { interface: rest, api: raw, url: "${url}" } }
cases: [ { target: mine, rounds: 1, load: ${load}, timeout: { total: 20s } } ]
`
}

// A busy machine delays single calls by a tenth of a second, so these servers take much longer than that.

test.concurrent('a server that is slow, and has room for every call: valid', async () => {
  const { url } = await started((_request, response) => void setTimeout(() => response.end('{}'), 2500))
  const { code, result } = await runScenario(
    scenario(url, '{ model: constant, rate: 20/s, duration: 500ms, warmup: 0s }'),
  )
  expect(result.cases[0]!.verdict).toMatchObject({ valid: true, reasons: [] })
  expect(result.cases[0]!.summary).toMatchObject({ calls: 10, errors: 0, dropped: 0 })
  expect(code).toBe(0)
})

test.concurrent('a server with room for one call at a time: the waiting shows as latency, and the run is valid', async () => {
  const { url } = await started((_request, response) => void setTimeout(() => response.end('{}'), 600))
  const { code, result } = await runScenario(
    scenario(url, '{ model: constant, rate: 20/s, duration: 2400ms, warmup: 0s, connections: 1 }'),
  )
  const { verdict, summary, metrics } = result.cases[0]!
  expect(verdict).toMatchObject({ valid: true, reasons: [] })
  // 600 ms a call over one connection: of 48 calls at most 5 find their turn in 2.4 s, and the rest is counted.
  expect(summary.calls + summary.dropped).toBe(48)
  expect(summary.dropped).toBeGreaterThanOrEqual(43)
  expect(summary.errors).toBe(0)
  expect(metrics.request_latency!.max).toBeGreaterThan(2 * metrics.service_time!.p50)
  expect(code).toBe(0)
})

test('a rate that no single thread can make: 113, and what to do about it', async () => {
  const server = await startServer('./replying-http.ts')
  servers.push(server)
  const { code, stdout, result } = await runScenario(
    scenario(server.url, '{ model: constant, rate: 200000/s, duration: 300ms, warmup: 0s }'),
  )
  const { verdict, summary } = result.cases[0]!
  expect(verdict.valid).toBe(false)
  expect(verdict.reasons).toEqual([expect.stringContaining('the generator could not keep its schedule')])
  expect(verdict.reasons[0]).toContain('lower the rate, or add --workers')
  expect(stdout.replaceAll(/\s+/g, ' ')).toContain('lower the rate, or add --workers')
  expect(summary.calls + summary.dropped).toBe(60_000)
  expect(code).toBe(113)
})
