/** Metrics sent to a receiver that is made from OpenTelemetry's own messages. */

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test as serial, type TestContext } from 'vitest'
import { PERCENTILES, TIMING_METRICS } from '../../src/record/metrics.ts'
import type { Distribution, Result } from '../../src/result/document.ts'
import { holdRefusingPort } from '../faults/refusing-port.ts'
import { type Received, type SentPoint, startOtlpReceiver } from '../servers/otlp-receiver.ts'
import { startPlain } from '../servers/plain-http.ts'
import { cli, runScenario, start, temporaryFolder } from './cli.ts'

const test = serial.concurrent
const FIXTURE = fileURLToPath(new URL('../golden/fixture.json', import.meta.url))
const SECRET = 'c4n4ryQ7xZw9Kp2'

async function receiver(context: TestContext, ...answers: string[]) {
  const started = await startOtlpReceiver(context, ...answers)
  context.onTestFinished(started.stop)
  return started
}

function report(args: string[], env: NodeJS.ProcessEnv = {}) {
  return cli(['report', FIXTURE, ...args], { env })
}

async function scenarioFile(url: string) {
  const folder = await temporaryFolder()
  const [file, out] = [join(folder, 'scenario.yaml'), join(folder, 'result.json')]
  await writeFile(
    file,
    `targets: { mine: { interface: rest, api: raw, url: "${url}" } }
defaults: { rounds: 1, load: { model: closed, concurrency: 1, calls: 20, warmup: 0s } }`,
  )
  return { args: ['run', file, '--out', out, '--quiet', '--no-floor'], out }
}

function named(attributes: SentPoint['attributes']): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))
}

function metricsOf({ message }: Received) {
  return new Map(
    message.resource_metrics[0]!.scope_metrics[0]!.metrics.map((metric) => [metric.name, metric]),
  )
}

function resourceOf({ message }: Received) {
  return named(message.resource_metrics[0]!.resource.attributes)
}

/** Holds a point, as a reader of OpenTelemetry's model understands it, to what the result tells. */
function expectSame(point: SentPoint, stored: Distribution): void {
  const counts = (point.positive?.bucket_counts ?? []).map(Number)
  const zeroCount = Number(point.zero_count ?? 0)
  expect(counts.reduce((total, count) => total + count, zeroCount)).toBe(stored.count)
  expect(Number(point.count)).toBe(stored.count)
  expect(point.sum).toBeCloseTo((stored.mean / 1000) * stored.count, 9)
  expect([point.min, point.max]).toEqual([stored.min / 1000, stored.max / 1000])
  const base = 2 ** (2 ** -(point.scale ?? 0))
  for (const [name, percentile] of Object.entries(PERCENTILES)) {
    let left = Math.max(1, Math.ceil((percentile / 100) * stored.count - 1e-9)) - zeroCount
    const place = counts.findIndex((count) => {
      left -= count
      return left <= 0
    })
    const upperS = base ** ((point.positive?.offset ?? 0) + place + 1)
    const toldS = stored[name as keyof typeof PERCENTILES] / 1000
    expect(toldS, name).toBeLessThanOrEqual(upperS * (1 + 1e-9))
    expect(toldS, name).toBeGreaterThanOrEqual((upperS / base) * (1 - 1e-9))
  }
}

describe('what is sent', () => {
  test('of a stored result: every timing metric of every case, as the result has it', async (context) => {
    const { url, received } = await receiver(context)
    const { code, stderr } = await report(['--otlp', url])
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(
        /^otlp: \d+ data points sent to http:\/\/127\.0\.0\.1:\d+\/v1\/metrics\n$/,
      ),
    })
    expect(received.length).toBe(1)
    const result = JSON.parse(await readFile(FIXTURE, 'utf8')) as Result
    const sent = metricsOf(received[0]!)
    for (const { name } of TIMING_METRICS) {
      const points = sent.get(`infer_bench.${name}`)?.exponential_histogram?.data_points ?? []
      const measured = result.cases.filter(({ metrics }) => metrics[name])
      expect(points.map(({ attributes }) => named(attributes).case)).toEqual(measured.map((one) => one.name))
      for (const [index, point] of points.entries()) expectSame(point, measured[index]!.metrics[name]!)
    }
    const latency = sent.get('infer_bench.request_latency')!
    expect(latency).toMatchObject({
      unit: 's',
      exponential_histogram: { aggregation_temporality: 'AGGREGATION_TEMPORALITY_DELTA' },
    })
    const [point] = latency.exponential_histogram!.data_points
    expect(point).toMatchObject({
      start_time_unix_nano: `${Date.parse(result.start_time)}000000`,
      time_unix_nano: `${Date.parse(result.end_time)}000000`,
    })
    expect(named(point!.attributes)).toEqual({
      case: 'rest 1KiB ×8',
      target: 'rest',
      interface: 'rest',
      api: 'kserve-v2',
      'label.payload.size': '1KiB',
    })
    expect(resourceOf(received[0]!)).toMatchObject({
      'service.name': 'infer-bench',
      'service.version': '0.1.0',
      'infer_bench.run_id': result.run_id,
      'infer_bench.scenario': result.name,
      'host.cpu.model.name': result.environment.cpu,
    })
  })

  test('of the numbers of a case: those that it has, a zero included, none that it has not', async (context) => {
    const { url, received } = await receiver(context)
    await report(['--otlp', url])
    const result = JSON.parse(await readFile(FIXTURE, 'utf8')) as Result
    const sent = metricsOf(received[0]!)
    const numbers = (name: string) =>
      sent.get(`infer_bench.${name}`)!.gauge!.data_points.map(({ as_double: value }) => value)
    const own = (name: keyof Result['cases'][0]['summary']) =>
      result.cases.flatMap(({ summary }) => summary[name] ?? [])
    for (const name of ['request_throughput', 'error_rate', 'goodput', 'calls', 'errors'] as const) {
      expect(numbers(name), name).toEqual(own(name))
    }
    expect(numbers('valid')).toEqual(result.cases.map(({ verdict }) => (verdict.valid ? 1 : 0)))
    expect(sent.has('infer_bench.client_cpu_time')).toBe(false)
  })

  test('of a run, after its result was written', async (context) => {
    const { url, received } = await receiver(context)
    const server = await startPlain((_request, response) => response.end('ok'))
    context.onTestFinished(server.stop)
    const { code, result, stderr } = await runScenario(
      `targets: { mine: { interface: rest, api: raw, url: "${server.url}/" } }
defaults: { rounds: 2, load: { model: closed, concurrency: 2, calls: 50, warmup: 0s } }`,
      ['--otlp', `${url}/custom/path`, '--region', 'here', '--quiet', '--no-floor'],
    )
    expect(code, stderr).toBe(0)
    expect(stderr.indexOf('result: ')).toBeLessThan(stderr.indexOf('otlp: '))
    expect(received[0]!.path).toBe('/custom/path')
    const [point] = metricsOf(received[0]!).get('infer_bench.request_latency')!.exponential_histogram!
      .data_points
    expect(named(point!.attributes)).toMatchObject({ case: result.cases[0]!.name, region: 'here' })
    expectSame(point!, result.cases[0]!.metrics.request_latency!)
    expect(resourceOf(received[0]!)['infer_bench.run_id']).toBe(result.run_id)
  })
})

describe('the environment', () => {
  test('sends nothing by itself, and names the receiver where --otlp does not', async (context) => {
    const { url, received } = await receiver(context)
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `${url}/base/` }
    expect((await report([], env)).stderr).toBe('')
    expect(received).toEqual([])
    expect((await report(['--otlp'], env)).code).toBe(0)
    expect(
      (await report(['--otlp'], { ...env, OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${url}/own` })).code,
    ).toBe(0)
    expect(received.map(({ path }) => path)).toEqual(['/base/v1/metrics', '/own'])
  })

  test('brings headers, and attributes that go before those of the result', async (context) => {
    const { url, received } = await receiver(context)
    await report(['--otlp', url], {
      OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${SECRET},X-Tenant=a%2Cb`,
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=staging,service.version=7',
      OTEL_SERVICE_NAME: 'checkout',
    })
    expect(received[0]!.headers).toMatchObject({
      authorization: `Bearer ${SECRET}`,
      'x-tenant': 'a,b',
      'content-type': 'application/x-protobuf',
      'content-encoding': 'gzip',
    })
    expect(resourceOf(received[0]!)).toMatchObject({
      'deployment.environment.name': 'staging',
      'service.name': 'checkout',
      'service.version': '7',
    })
  })

  serial.each<[string, string[], NodeJS.ProcessEnv, RegExp]>([
    ['no URL anywhere', ['--otlp'], {}, /OTEL_EXPORTER_OTLP_ENDPOINT is not set/],
    ['what is no URL', ['--otlp', 'scenario.yaml'], {}, /"scenario\.yaml" is no URL/],
    ['credentials', ['--otlp', `http://me:${SECRET}@127.0.0.1`], {}, /no place for credentials/],
    ['a secret', ['--otlp'], { OTEL_EXPORTER_OTLP_ENDPOINT: SECRET }, /its value is no URL/],
    [
      'a receiver of gRPC',
      ['--otlp'],
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4317', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
      /is for gRPC/,
    ],
    [
      'a header without a name',
      ['--otlp', 'http://127.0.0.1'],
      { OTEL_EXPORTER_OTLP_HEADERS: SECRET },
      /OTEL_EXPORTER_OTLP_HEADERS: item 1 is not name=value/,
    ],
    [
      'a header that could not be sent',
      ['--otlp', 'http://127.0.0.1'],
      { OTEL_EXPORTER_OTLP_HEADERS: `api-key=${SECRET}%0A` },
      /item 1 is no header/,
    ],
    [
      'a header as HTTP writes it',
      ['--otlp', 'http://127.0.0.1'],
      { OTEL_EXPORTER_OTLP_HEADERS: `authorization: Bearer ${SECRET}==` },
      /item 1 is no header/,
    ],
    [
      'a timeout that is none',
      ['--otlp', 'http://127.0.0.1'],
      { OTEL_EXPORTER_OTLP_TIMEOUT: 'soon' },
      /OTEL_EXPORTER_OTLP_TIMEOUT: "soon"/,
    ],
  ])('with %s is told before anything is done, without a secret', async (_, args, env, message) => {
    const { code, stdout, stderr } = await report(args, env)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(message)
    expect(stderr).not.toContain(SECRET)
  })
})

describe('a receiver that', () => {
  test('is busy for a moment is asked again, as soon as it says', async (context) => {
    const { url, received } = await receiver(context, '503:wait=0', '429:wait=0', '502:wait=0', '200')
    const { code, stderr } = await report(['--otlp', url])
    expect({ code, told: stderr.split('\n').length - 1 }).toEqual({ code: 0, told: 4 })
    expect(stderr).toContain('otlp: it answered 503: no, says it; trying again in 0.0 s')
    expect(new Set(received.map(({ message }) => JSON.stringify(message))).size).toBe(1)
  })

  const refusals: [string, string[], number, RegExp][] = [
    ['stays busy', ['504:wait=0'], 4, /answered 504/],
    ['wants to be left alone for long', ['503:wait=3600'], 1, /asks for a wait of 3600 s/],
    ['refuses', ['400'], 1, /answered 400: no, says \*\*\*$/m],
    ['fails', ['500'], 1, /answered 500/],
    ['sends elsewhere', ['307'], 1, /answered 307/],
    ['takes a part', ['200:17:too old'], 1, /refused 17 of \d+ data points: too old/],
    ['is none', ['html'], 1, /answered 200 with text\/html, which is no answer of OTLP/],
    ['says nothing', ['silent'], 1, /no answer within 2 s/],
  ]
  for (const [what, answers, asked, message] of refusals) {
    test(`${what} is told with exit code 1, and the report is printed`, async (context) => {
      const { url, received } = await receiver(context, ...answers)
      const env = {
        OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${SECRET}`,
        OTEL_EXPORTER_OTLP_TIMEOUT: '2000',
      }
      const { code, stdout, stderr } = await report(['--otlp', `${url}?key=${SECRET}`], env)
      expect({ code, asked: received.length }).toEqual({ code: 1, asked })
      expect(stderr).toMatch(message)
      expect(stderr).not.toContain(SECRET)
      expect(stdout).toContain('Unary calls')
    })
  }

  test('has something to say, and took everything, is quoted', async (context) => {
    const { url } = await receiver(context, '200:0:use delta')
    const { code, stderr } = await report(['--otlp', url])
    expect(code).toBe(0)
    expect(stderr).toContain(`warning: ${url}/v1/metrics: use delta`)
  })

  test('wants to be waited for is not, once the user wants to be rid of it', async (context) => {
    const { url, received } = await receiver(context, '503:wait=25')
    const server = await startPlain((_request, response) => response.end('ok'))
    context.onTestFinished(server.stop)
    const { args, out } = await scenarioFile(server.url)
    const running = start([...args, '--otlp', url])
    await running.says('trying again in 25.0 s')
    running.kill('SIGINT')
    const { code, stderr } = await running.ended
    expect({ code, asked: received.length }).toEqual({ code: 130, asked: 1 })
    expect(stderr).toContain(`could not be sent to ${url}/v1/metrics: interrupted`)
    expect(JSON.parse(await readFile(out, 'utf8'))).toMatchObject({ cancelled: false })
  })

  test('is not there does not cost the result of a run', async (context) => {
    const closed = await holdRefusingPort()
    context.onTestFinished(closed.stop)
    const server = await startPlain((_request, response) => response.end('ok'))
    context.onTestFinished(server.stop)
    const { code, result, stderr } = await runScenario(
      `targets: { mine: { interface: rest, api: raw, url: "${server.url}/" } }
defaults: { rounds: 1, load: { model: closed, concurrency: 1, calls: 20, warmup: 0s } }`,
      ['--otlp', `http://127.0.0.1:${closed.port}`, '--quiet', '--no-floor'],
    )
    expect(code).toBe(1)
    expect(result.cases[0]!.summary.calls).toBe(20)
    expect(stderr).toMatch(/error: the metrics could not be sent to \S+: connect ECONNREFUSED/)
  })
})
