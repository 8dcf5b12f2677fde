// biome-ignore-all lint/suspicious/noTemplateCurlyInString: scenarios have such templates.
/** The floor as a user sees it: on every interface, once for cases alike, and gone with the run, however that ends. */

import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { PROTOCOLS } from '../../src/drivers/registry.ts'
import type { CaseResult } from '../../src/result/document.ts'
import { type PlainServer, startPlain } from '../servers/plain-http.ts'
import { runScenario, start } from './cli.ts'
import { eventually } from './eventually.ts'
import { folderWith } from './folder.ts'
import { descendants, isAlive } from './processes.ts'

let server: PlainServer

beforeAll(async () => {
  server = await startPlain((request, response) => {
    request.resume()
    response.end('{}')
  })
})

afterAll(() => server.stop())

/** A run over every interface takes ten seconds, and a machine that is busy with other tests several times as long. */
vi.setConfig({ testTimeout: 120_000 })

const QUICK = '{ rounds: 1, floor: on, load: { concurrency: 2, duration: 100ms, warmup: 0s } }'

function floorOf(cases: readonly CaseResult[], name: string) {
  return cases.find((one) => one.name.startsWith(name))!.floor
}

/** The process of the do-nothing servers that the tool has started. */
function idleHosts(pid: number): number[] {
  return descendants(pid).filter((one) => {
    try {
      return readFileSync(`/proc/${one}/cmdline`, 'utf8').includes('idle-host')
    } catch {
      return false
    }
  })
}

describe('a floor', () => {
  test('is stored for each interface, in clear text and over TLS', async () => {
    const { result, stderr } = await runScenario(`
name: floors
server: reference
targets:
  rest: { interface: rest, api: kserve-v2, url: "\${reference.http}", model: mlp }
  sse: { interface: sse, api: openai-chat, url: "\${reference.http}", model: gpt-tiny }
  grpc: { interface: grpc, api: kserve-v2, url: "\${reference.grpc}", model: mlp }
  websocket: { interface: websocket, api: kserve-v2, url: "\${reference.ws}", model: mlp }
  mcp: { interface: mcp, api: kserve-v2, url: "\${reference.mcp}", model: mlp }
  s-rest: { interface: rest, api: kserve-v2, url: "\${reference.https}", model: mlp, http: "2", tls: { ca: "\${reference.ca}" } }
  s-grpc: { interface: grpc, api: kserve-v2, url: "\${reference.grpcs}", model: mlp, connection: cold, tls: { ca: "\${reference.ca}" } }
defaults: ${QUICK}
`)
    expect(stderr).not.toContain('error')
    expect(result.cases.map((one) => one.interface)).toEqual(
      expect.arrayContaining(PROTOCOLS.map(({ name }) => name)),
    )
    for (const { name, floor, kind } of result.cases) {
      expect(floor?.reason, name).toBeNull()
      expect(floor!.summary!.errors, name).toBe(0)
      const headline = kind === 'streaming' ? 'time_to_first_token' : 'request_latency'
      expect(floor!.metrics[headline]!.count, name).toBeGreaterThanOrEqual(10)
      expect(floor!.metrics[headline]!.p50, name).toBeGreaterThan(0)
    }
    expect(floorOf(result.cases, 's-grpc')!.metrics.tls_handshake!.p50).toBeGreaterThan(0)
  })

  test('is asked for once by cases alike, and by each that differs', async () => {
    const { result, stdout } = await runScenario(`
name: once
server: reference
targets:
  one: { interface: rest, api: kserve-v2, url: "\${reference.http}", model: mlp }
  two: { interface: rest, api: kserve-v2, url: "\${reference.http}", model: mlp }
defaults: ${QUICK}
cases:
  - { target: [one, two] }
  - { name: large, target: one, payload: { size: 64KiB } }
  - { name: slow, target: one, load: { model: constant, rate: 50/s, duration: 300ms } }
  - { name: none, target: one, floor: off }
`)
    const { cases } = result
    expect(floorOf(cases, 'two')).toEqual(floorOf(cases, 'one'))
    expect(floorOf(cases, 'large')!.metrics).not.toEqual(floorOf(cases, 'one')!.metrics)
    expect(floorOf(cases, 'slow')!.load).toMatchObject({ model: 'constant' })
    expect(floorOf(cases, 'none')).toBeUndefined()
    expect(stdout).toContain('floor: what the same calls take')
  })

  test('is none for a short run that does not ask for it, and none with --no-floor', async () => {
    const scenario = (more: string) => `
targets: { one: { interface: rest, api: raw, url: "${server.url}" } }
defaults: { rounds: 1, ${more} load: { concurrency: 2, duration: 200ms, warmup: 0s } }
`
    const short = await runScenario(scenario(''))
    expect(short.result.cases[0]!.floor).toBeUndefined()
    const without = await runScenario(scenario('floor: on, '), ['--no-floor'])
    expect(without.result.cases[0]!.floor).toBeUndefined()
    expect(without.stdout).not.toContain('floor')
  })

  test('that cannot be measured says why, and the run goes on', async () => {
    const { result, stdout, code } = await runScenario(`
server: reference
targets:
  talk: { interface: grpc, api: kserve-v2, url: "\${reference.grpc}", model: mlp, method: ModelStreamInfer }
defaults: { rounds: 1, floor: on, load: { concurrency: 1, calls: 2, warmup: 0s } }
cases: [ { target: talk, payload: { size: 64B, messages: 3, message_interval: 300ms } } ]
`)
    expect(code).toBe(0)
    expect(result.cases[0]!.floor).toMatchObject({ summary: null, metrics: {} })
    expect(stdout).toMatch(/no floor: talk.*: one call sends for 0\.6 s/)
  })
})

describe('no process is left of it', () => {
  const long = () => `
targets: { one: { interface: rest, api: raw, url: "${server.url}" } }
defaults: { rounds: 1, load: { concurrency: 1, duration: 60s, warmup: 0s } }
`

  async function measuring() {
    const folder = await folderWith({ 'scenario.yaml': long() })
    const running = start(['run', 'scenario.yaml', '--out', 'result.json'], { cwd: folder })
    let hosts: number[] = []
    await eventually('the floor is measured', () => {
      hosts = idleHosts(running.pid)
      return hosts.length > 0
    })
    return { running, hosts }
  }

  test.each(['SIGKILL', 'SIGINT'] as const)('after %s', async (signal) => {
    const { running, hosts } = await measuring()
    running.kill(signal)
    await running.ended
    await eventually('the do-nothing server is gone', () => !hosts.some(isAlive))
  })
})
