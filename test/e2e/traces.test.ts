/** Calls that a server's traces can be joined with, through a whole run. */

import { fileURLToPath } from 'node:url'
import { expect, test as serial, type TestContext } from 'vitest'
import { startOtlpReceiver } from '../servers/otlp-receiver.ts'
import { startPlain } from '../servers/plain-http.ts'
import { cli, runScenario } from './cli.ts'

const test = serial.concurrent
const FORM = /^00-([0-9a-f]{16})([0-9a-f]{16})-([0-9a-f]{16})-01$/

/** Fails every tenth call. */
async function startTraced(context: TestContext) {
  const told: string[] = []
  const server = await startPlain((request, response) => {
    request.resume()
    told.push(String(request.headers.traceparent))
    if (told.length % 10 === 0) response.writeHead(503).end('busy')
    else response.end('ok')
  })
  context.onTestFinished(server.stop)
  return { url: server.url, told }
}

test('every call of every round and thread is another trace, and the slowest ones are named', async (context) => {
  const { url, told } = await startTraced(context)
  const otlp = await startOtlpReceiver(context)
  context.onTestFinished(otlp.stop)
  const { result, stdout, stderr } = await runScenario(
    `targets: { mine: { interface: rest, api: raw, url: "${url}", traceparent: true } }
defaults: { rounds: 2, load: { model: closed, concurrency: 4, calls: 100, warmup: 0s } }
vary: { load.concurrency: [2, 4] }`,
    ['--workers', '2', '--quiet', '--no-floor', '--otlp', otlp.url],
  )
  expect(stderr).toContain('otlp: ')
  const parts = told.map((traceparent) => FORM.exec(traceparent)!)
  const prefix = result.trace!.prefix
  expect(new Set(parts.map((part) => part[1]))).toEqual(new Set([prefix]))
  expect(new Set(told).size).toBe(told.length)
  expect(told.length).toBe(2 * 2 * 100)
  const ids = new Set(parts.map((part) => `${part[1]}${part[2]}`))
  for (const { traces, metrics } of result.cases) {
    const { slowest, failed } = traces!
    expect(slowest.length).toBe(5)
    // The histogram keeps three digits.
    expect(slowest[0]!.latency_ms / metrics.request_latency!.max).toBeCloseTo(1, 2)
    expect(failed.map((call) => call.class)).toEqual(['http.503'])
    for (const call of [...slowest, ...failed]) {
      expect(ids).toContain(call.trace_id)
      expect(stdout).toContain(call.trace_id)
      const atMs = Date.parse(call.start_time)
      expect(atMs).toBeGreaterThanOrEqual(Date.parse(result.start_time) - 1000)
      expect(atMs).toBeLessThanOrEqual(Date.parse(result.end_time) + 1000)
    }
  }
  expect(stdout).toContain('Slowest calls: trace ids')
  const { metrics } = otlp.received[0]!.message.resource_metrics[0]!.scope_metrics[0]!
  for (const [name, kind] of [
    ['request_latency', 'slowest'],
    ['time_to_failure', 'failed'],
  ] as const) {
    const points = metrics.find((metric) => metric.name === `infer_bench.${name}`)!.exponential_histogram!
      .data_points
    const exemplars = points.map(({ exemplars: own }) =>
      own!.map(({ trace_id: trace, span_id: span, as_double: valueS }) => [
        Buffer.from(trace, 'base64').toString('hex'),
        Buffer.from(span, 'base64').toString('hex'),
        valueS,
      ]),
    )
    const expected = result.cases.map(({ traces }) =>
      traces![kind].map((call) => [call.trace_id, call.trace_id.slice(16), call.latency_ms / 1000]),
    )
    expect(exemplars, name).toEqual(expected)
  }
})

test('`vary` tells what it costs: with and without', async (context) => {
  const { url, told } = await startTraced(context)
  const { result } = await runScenario(
    `targets: { mine: { interface: rest, api: raw, url: "${url}" } }
defaults: { rounds: 1, load: { model: closed, concurrency: 1, calls: 20, warmup: 0s } }
vary: { target.traceparent: [false, true] }`,
    ['--quiet', '--no-floor'],
  )
  expect(
    result.cases.map(({ name, labels, traces }) => [name, labels['target.traceparent'], !traces]),
  ).toEqual([
    ['mine not traced', 'false', true],
    ['mine traced', 'true', false],
  ])
  expect(told.filter((traceparent) => traceparent === 'undefined').length).toBe(20)
  expect(told.filter((traceparent) => FORM.test(traceparent)).length).toBe(20)
})

test('a header of the same name is refused: a call would be two traces', async (context) => {
  const { url } = await startTraced(context)
  await expect(
    runScenario(`targets:
  mine: { interface: rest, api: raw, url: "${url}", traceparent: true, headers: { Traceparent: mine } }
defaults: { load: { calls: 1 } }`),
  ).rejects.toThrow(/exit 104[\s\S]*`traceparent` sends this header/)
})

test('a stored result without traces has no table of them', async () => {
  const fixture = fileURLToPath(new URL('../golden/fixture.json', import.meta.url))
  expect((await cli(['report', fixture])).stdout).not.toContain('trace ids')
})
