/** What a run answers: passed, failed a threshold, reached nobody, or had no success. */

import { afterEach, expect, test } from 'vitest'
import { type FaultyServer, startFaulty } from '../servers/faulty-http.ts'
import { type Handler, type PlainServer, startPlain } from '../servers/plain-http.ts'
import { cli } from './cli.ts'
import { folderWith, quickScenario, readResultFile } from './folder.ts'

const servers: (PlainServer | FaultyServer)[] = []

afterEach(async () => {
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

test('114: a target that cannot be reached, told before any load, with the others left in peace', async () => {
  const server = await counting()
  const url = await deserted()
  const { code, stdout, stderr, folder } = await run(quickScenario({ mine: server.url, gone: url }))
  expect(stderr).toContain(`error: target gone cannot be reached at ${url}: tcp.refused`)
  expect(stderr).toContain('start the server, or correct the url')
  expect({ code, stdout, calls: server.calls }).toEqual({ code: 114, stdout: '', calls: 0 })
  await expect(readResultFile(folder)).rejects.toThrow('ENOENT')
})

test('114: every target that cannot be reached is named at once', async () => {
  const [one, other] = [await deserted(), await deserted()]
  const { code, stderr } = await run(quickScenario({ one, other, nobody: 'http://no-such-host.invalid/' }))
  expect(stderr).toContain(`target one cannot be reached at ${one}`)
  expect(stderr).toContain(`target other cannot be reached at ${other}`)
  expect(stderr).toContain('target nobody cannot be reached at http://no-such-host.invalid/: dns')
  expect(stderr).toContain('The host name does not resolve')
  expect(code).toBe(114)
})

test('114: a certificate that is not trusted, with the cure, which then helps', async () => {
  const server = await counting(undefined, {})
  const yaml = quickScenario({ mine: server.url })
  const distrusted = await run(yaml)
  expect(distrusted.stderr).toContain('tls.untrusted')
  expect(distrusted.stderr).toContain('tls: { ca: ca.pem }')
  expect({ code: distrusted.code, calls: server.calls }).toEqual({ code: 114, calls: 0 })
  const trusted = await run(yaml, '--set', `targets.mine.tls.ca=${server.ca}`)
  expect(trusted.code).toBe(0)
  expect(server.calls).toBeGreaterThan(0)
})

test('114: a certificate for another name', async () => {
  const server = await counting(undefined, { hosts: ['elsewhere.test'] })
  const { code, stderr } = await run(
    quickScenario({ mine: server.url }),
    '--set',
    `targets.mine.tls.ca=${server.ca}`,
  )
  expect(stderr).toContain('tls.hostname')
  expect(stderr).toContain('tls: { servername: … }')
  expect({ code, calls: server.calls }).toEqual({ code: 114, calls: 0 })
})

test('114: clear text where TLS is expected', async () => {
  const server = await counting()
  const { code, stderr } = await run(quickScenario({ mine: server.url.replace('http:', 'https:') }))
  expect(stderr).toContain('tls.protocol')
  expect(stderr).toContain('Is it an https endpoint?')
  expect(code).toBe(114)
})

test('114: a server that accepts and says nothing during the handshake', async () => {
  const silent = await startFaulty(() => {})
  servers.push(silent)
  const { code, stderr } = await run(
    quickScenario({ mine: silent.url.replace('http:', 'https:') }),
    '--set',
    'defaults.timeout.connect=200ms',
  )
  expect(stderr).toContain('timeout.connect: no connection within 200 ms')
  expect(code).toBe(114)
})

test('114: no call succeeded; the result is written, and says why', async () => {
  const server = await counting((_request, response) => void response.writeHead(503).end('too busy'))
  const { code, stdout, stderr, folder } = await run(quickScenario({ mine: server.url }))
  expect(stdout).toContain('http.503')
  expect(stderr).toBe('result: result.json\n')
  const { cases, verdict } = await readResultFile(folder)
  expect(cases[0]!.errors).toMatchObject([{ class: 'http.503', count: server.calls, sample: 'too busy' }])
  expect(verdict).toEqual({ valid: false, reasons: ['mine: no call succeeded'] })
  expect(code).toBe(114)
})

test('114 comes before 99, and the case that did well is still reported', async () => {
  const bad = await counting((_request, response) => void response.writeHead(500).end())
  const good = await counting()
  const thresholds = 'thresholds: { all: { error_rate: "< 1%" } }'
  const { code, stdout, folder } = await run(quickScenario({ bad: bad.url, good: good.url }, thresholds))
  expect(stdout).toMatch(/FAIL +all: error_rate < 1% +bad/)
  expect(stdout).toMatch(/pass +all: error_rate < 1% +good/)
  expect((await readResultFile(folder)).cases[1]!.summary.errors).toBe(0)
  expect(code).toBe(114)
})
