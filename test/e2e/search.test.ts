import { expect, test } from 'vitest'
import { startServer, type TestServer } from '../servers/start.ts'
import { runScenario } from './cli.ts'

/** Calls per second that the server's only worker does. */
const LIMIT = 200

let server: TestServer

test('a search finds the rate that a server can hold, and measures it there', async () => {
  server = await startServer('./replying-http.ts')
  const { code, stdout, result } = await runScenario(`
name: search
targets:
  worker: { interface: rest, api: raw, url: "${server.url}/worker" }
defaults:
  rounds: 2
  load:
    model: search
    metric: request_latency.p90
    below: 100ms
    start_rate: 25/s
    duration: 4s
    warmup: 200ms
`)
  await server.stop()
  const { search, summary, load } = result.cases[0]!
  expect([0, 113]).toContain(code)
  expect(search).toMatchObject({
    metric: 'request_latency',
    statistic: 'p90',
    below: 100,
    limit: 'objective',
  })
  expect(search!.rate).toBeGreaterThan(LIMIT * 0.95)
  expect(search!.rate).toBeLessThan(LIMIT * 1.05)
  expect(load).toMatchObject({ model: 'constant', ratePerSecond: search!.rate })
  expect(summary.requested_rate).toBe(search!.rate)
  expect(stdout).toContain('Highest rate')
  expect(stdout).toContain('too slow')
}, 200_000)
