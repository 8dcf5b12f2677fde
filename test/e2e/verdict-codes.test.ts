/** What a run answers: passed, failed a threshold, reached nobody, or had no success. */

import { afterAll, expect, test as serial } from 'vitest'
import { type FaultyServer, startFaulty } from '../servers/faulty-http.ts'
import { type Handler, type PlainServer, startPlain } from '../servers/plain-http.ts'
import { cli } from './cli.ts'
import { folderWith, quickScenario, readResultFile } from './folder.ts'

const test = serial.concurrent

const servers: (PlainServer | FaultyServer)[] = []

afterAll(async () => {
  for (const server of servers.splice(0)) await server.stop()
})

interface Counting extends PlainServer {
  calls: number
}

async function counting(
  handler: Handler = (_request, response) => void response.end('{}'),
  secure: Parameters<typeof startPlain>[1] = false,
): Promise<Counting> {
  const server = await startPlain((request, response) => {
    counted.calls++
    request.resume()
    handler(request, response)
  }, secure)
  const counted: Counting = Object.assign(server, { calls: 0 })
  servers.push(server)
  return counted
}

/** An address at which nothing listens any more. */
async function deserted(): Promise<string> {
  const { url, stop } = await startPlain(() => {})
  await stop()
  return url
}

async function run(yaml: string, ...args: string[]) {
  const folder = await folderWith({ 'scenario.yaml': yaml })
  const ended = await cli(['run', 'scenario.yaml', '--out', 'result.json', ...args], { cwd: folder })
  return { ...ended, folder }
}

test('0: a run that keeps its thresholds', async () => {
  const server = await counting()
  const { code, stdout, stderr, folder } = await run(
    quickScenario({ mine: server.url }, 'thresholds: { mine: { error_rate: "< 1%" } }'),
  )
  expect({ code, stderr }).toEqual({ code: 0, stderr: 'result: result.json\n' })
  expect(stdout).toMatch(/pass +mine: error_rate < 1%/)
  const { cases, thresholds } = await readResultFile(folder)
  expect(cases[0]!.summary.calls).toBe(server.calls)
  expect(thresholds).toMatchObject([{ passed: true }])
})

test('99: a threshold that does not hold, said in the table and in the result', async () => {
  const server = await counting()
  const { code, stdout, folder } = await run(
    quickScenario({ mine: server.url }, 'thresholds: { mine: { request_latency: { p50: "< 1us" } } }'),
  )
  expect(stdout).toMatch(/FAIL +mine: request_latency\.p50 < 1us/)
  expect((await readResultFile(folder)).thresholds).toMatchObject([{ passed: false }])
  expect(code).toBe(99)
})

test('114: targets that cannot be reached are told, each with its cure, and the others are left in peace', async () => {
  const [good, untrusted, elsewhere] = [
    await counting(),
    await counting(undefined, {}),
    await counting(undefined, { hosts: ['elsewhere.test'] }),
  ]
  const silent = await startFaulty(() => {})
  servers.push(silent)
  const gone = await deserted()
  const asHttps = (url: string) => url.replace('http:', 'https:')
  const urls = {
    good: good.url,
    gone,
    nobody: 'http://no-such-host.invalid/',
    untrusted: untrusted.url,
    elsewhere: elsewhere.url,
    'clear-text': asHttps(good.url),
    silent: asHttps(silent.url),
  }
  const args = [
    '--set',
    `targets.elsewhere.tls.ca=${elsewhere.ca}`,
    '--set',
    'defaults.timeout.connect=300ms',
  ]
  const { code, stdout, stderr, folder } = await run(quickScenario(urls), ...args)
  for (const [target, errorClass, cure] of [
    ['gone', 'tcp.refused', 'start the server, or correct the url'],
    ['nobody', 'dns', 'The host name does not resolve'],
    ['untrusted', 'tls.untrusted', 'tls: { ca: ca.pem }'],
    ['elsewhere', 'tls.hostname', 'tls: { servername: … }'],
    ['clear-text', 'tls.protocol', 'Is it an https endpoint?'],
    ['silent', 'timeout.connect: no connection within 300 ms', 'timeout: { connect: 30s }'],
  ] as const) {
    const start = `error: target ${target} cannot be reached at ${urls[target]}: ${errorClass}`
    const told = stderr.slice(stderr.indexOf(start)).split('\nerror:')[0]
    expect(told).toContain(start)
    expect(told).toContain(cure)
  }
  expect(stderr).not.toContain('target good')
  expect([good, untrusted, elsewhere].map(({ calls }) => calls)).toEqual([0, 0, 0])
  expect({ code, stdout }).toEqual({ code: 114, stdout: '' })
  await expect(readResultFile(folder)).rejects.toThrow('ENOENT')
})

test('the cure for a certificate that is not trusted helps', async () => {
  const server = await counting(undefined, {})
  const { code } = await run(quickScenario({ mine: server.url }), '--set', `targets.mine.tls.ca=${server.ca}`)
  expect(code).toBe(0)
  expect(server.calls).toBeGreaterThan(0)
})

test('114, before 99: no call of a case succeeded; the result says why, and how the other case did', async () => {
  const bad = await counting((_request, response) => void response.writeHead(503).end('too busy'))
  const good = await counting()
  const thresholds = 'thresholds: { all: { error_rate: "< 1%" } }'
  const { code, stdout, stderr, folder } = await run(
    quickScenario({ bad: bad.url, good: good.url }, thresholds),
  )
  expect(stdout).toContain('http.503')
  expect(stdout).toMatch(/FAIL +all: error_rate < 1% +bad/)
  expect(stdout).toMatch(/pass +all: error_rate < 1% +good/)
  expect(stderr).toBe('result: result.json\n')
  const { cases, verdict } = await readResultFile(folder)
  expect(cases[0]!.errors).toMatchObject([{ class: 'http.503', count: bad.calls, sample: 'too busy' }])
  expect(cases[1]!.summary).toMatchObject({ errors: 0, calls: good.calls })
  expect(verdict).toEqual({ valid: false, reasons: ['bad: no call succeeded'] })
  expect(code).toBe(114)
})
