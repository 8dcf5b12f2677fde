/** A server that dies in the middle of a run costs its own case some calls, and no other case anything. */

import { readdirSync } from 'node:fs'
import { afterAll, afterEach, describe, expect, test as serial } from 'vitest'
import { breakable } from '../faults/breakable.ts'
import { startServer, type TestServer } from '../servers/start.ts'
import { type Running, start } from './cli.ts'
import { eventually } from './eventually.ts'
import { folderWith, readResultFile } from './folder.ts'
import { descendants, isAlive, listeningIn } from './processes.ts'

const test = serial.concurrent

const servers: TestServer[] = []

afterAll(async () => {
  for (const server of servers.splice(0)) await server.stop()
})

async function startReplying(port = 0): Promise<TestServer> {
  const server = await startServer('./replying-http.ts', [String(port)])
  servers.push(server)
  return server
}

interface Count {
  calls: number
  connections: number
}

async function count({ url }: TestServer): Promise<Count> {
  return (await (await fetch(`${url}/count`)).json()) as Count
}

test('a server that is killed in its measured window: the other case is measured, the result is written', async () => {
  const [dying, other] = [await startReplying(), await startReplying()]
  const folder = await folderWith({
    'scenario.yaml': `
name: dying
targets:
  dying: { interface: rest, api: raw, url: "${dying.url}/slow" }
  other: { interface: rest, api: raw, url: "${other.url}/slow" }
defaults: { rounds: 1, floor: off, load: { concurrency: 4, duration: 2s, warmup: 0s } }
cases:
  - { target: dying }
  - { target: other, load: { duration: 300ms } }
`,
  })
  const running = start(['run', 'scenario.yaml', '--out', 'result.json'], { cwd: folder })
  await eventually('the run is under way', async () => (await count(dying)).calls > 20)
  process.kill(dying.pid, 'SIGKILL')
  const { code, stdout, stderr } = await running.ended
  const { cases, cancelled } = await readResultFile(folder)
  const [first, second] = [cases[0]!, cases[1]!]
  expect({ code, cancelled, stderr }).toMatchObject({ code: 0, cancelled: false })
  expect(stderr).toContain('result: result.json')
  expect(stdout).toContain('tcp.refused')
  // Those that were open, at least, then a few each time that a connection was tried, and not a flood of them.
  expect(first.summary.calls - first.summary.errors).toBeGreaterThanOrEqual(10)
  expect(first.summary.errors).toBeGreaterThanOrEqual(4)
  expect(first.summary.errors).toBeLessThan(100)
  const classes = new Set(first.errors.map((error) => error.class))
  expect([...classes].sort()).toEqual(['tcp.refused', 'tcp.reset'])
  const ofCalls = first.errors.filter(({ time_to_failure }) => time_to_failure)
  expect(ofCalls.reduce((sum, error) => sum + error.count, 0)).toBe(first.summary.errors)
  expect(second.summary.errors).toBe(0)
  expect(second.summary.calls).toBeGreaterThan(4)
  expect((await count(other)).calls).toBe(second.summary.calls)
})

test('a server that comes back is used again, over as many connections as the load has slots', async () => {
  const dying = await startReplying()
  const folder = await folderWith({
    'scenario.yaml': `
name: returning
targets:
  returning: { interface: rest, api: raw, url: "${dying.url}/slow" }
defaults: { rounds: 1, load: { concurrency: 4, calls: 400, warmup: 0s } }
`,
  })
  const running = start(['run', 'scenario.yaml', '--out', 'result.json'], { cwd: folder })
  await eventually('the run is under way', async () => (await count(dying)).calls > 20)
  await dying.stop()
  const returned = await startReplying(dying.port)
  const { code } = await running.ended
  const { summary } = (await readResultFile(folder)).cases[0]!
  const served = await count(returned)
  expect(code).toBe(0)
  expect(summary.calls).toBe(400)
  expect(summary.errors).toBeGreaterThanOrEqual(4)
  expect(summary.errors).toBeLessThan(100)
  expect(served.calls).toBeGreaterThan(100)
  // `count` itself comes over one more connection.
  expect(served.connections).toBeLessThanOrEqual(4 + 1)
})

test('at a given rate, calls that meet a dead server are counted by class, whatever the moment it died in', async () => {
  const dying = await startReplying()
  const folder = await folderWith({
    'scenario.yaml': `
name: dying
targets:
  dying: { interface: rest, api: raw, url: "${dying.url}/" }
defaults: { rounds: 1, load: { model: constant, rate: 500/s, calls: 500, warmup: 0s } }
`,
  })
  const running = start(['run', 'scenario.yaml', '--out', 'result.json'], { cwd: folder })
  await eventually('the run is under way', async () => (await count(dying)).calls > 20)
  process.kill(dying.pid, 'SIGKILL')
  await running.ended
  const { summary, errors } = (await readResultFile(folder)).cases[0]!
  expect(summary.calls + summary.dropped).toBe(500)
  expect(summary.errors).toBeGreaterThan(0)
  expect(errors.filter((error) => !['tcp.refused', 'tcp.reset'].includes(error.class))).toEqual([])
})

// One after the other: a server that starts keeps a core busy.
describe('the bundled server of a run', () => {
  const runs: Running[] = []
  // One that a test has failed to end would go on for long.
  afterEach(() => {
    for (const running of runs.splice(0)) running.kill('SIGKILL')
  })

  /** A case that is measured in no time, then one that would take ten minutes. */
  async function underWay() {
    const plain = await startReplying()
    const folder = await folderWith({
      'scenario.yaml': `
name: lost
server: { reference: { provider: cpu } }
targets:
  before: { interface: rest, api: raw, url: "${plain.url}/" }
  rest: { interface: rest, api: kserve-v2, url: "\${reference.https}", model: mlp, tls: { ca: "\${reference.ca}" } }
  after: { interface: rest, api: raw, url: "${plain.url}/" }
defaults: { rounds: 1, floor: off, load: { concurrency: 4, warmup: 0s } }
cases:
  - { target: before, load: { calls: 40 } }
  - { target: rest, load: { duration: 10m } }
  - { target: after, load: { calls: 40 } }
`,
    })
    const { env, breaks } = await breakable(folder, { TMPDIR: folder })
    const running = start(['run', 'scenario.yaml', '--out', 'result.json'], { cwd: folder, env })
    runs.push(running)
    await eventually('the case before it is measured', async () => (await count(plain)).calls >= 40)
    const [pid] = descendants(running.pid)
    const ports = [...listeningIn([pid!]).values()]
    await eventually('its own is under way', async () => (await Promise.all(ports.map(infers))).some(Boolean))
    return { running, folder, breaks, pid: pid! }
  }

  /** Whether a server tells on this port, which may be one of another protocol, of enough calls of a model. */
  async function infers(port: number): Promise<boolean> {
    const page = await fetch(`http://127.0.0.1:${port}/metrics`).then(
      (reply) => reply.text(),
      () => '',
    )
    const counts = page.matchAll(/^infer_requests_total\{interface="rest",status="200"\} (\d+)$/gm)
    return [...counts].some(([, calls]) => Number(calls) > 20)
  }

  serial.each([
    ['is killed', 'SIGKILL', 'the reference server ended with SIGKILL'],
    [
      'has lost its models',
      'model-0 heap',
      'the reference server ended with exit code 1: a model worker is gone: Worker terminated due to reaching memory limit',
    ],
  ] as const)(
    '%s: the run ends by itself, with the errors by class, exit 112',
    async (_what, fault, reason) => {
      const { running, folder, breaks, pid } = await underWay()
      const certificates = () => readdirSync(folder).filter((name) => name.startsWith('infer-bench-ca'))
      expect(certificates()).toHaveLength(1)
      if (fault === 'SIGKILL') process.kill(pid, fault)
      else await breaks(fault)
      const { code, stdout, stderr } = await running.ended
      const { cases, incomplete, cancelled, verdict } = await readResultFile(folder)
      expect(incomplete?.reason.slice(0, reason.length)).toBe(reason)
      expect({ code, cancelled, valid: verdict.valid }).toEqual({ code: 112, cancelled: false, valid: false })
      expect(stderr).toContain(`error: the run is incomplete: ${reason}`)
      expect(stdout).toContain('lost (incomplete)')
      // The case that was under way has its calls and its errors; the one after it never came.
      expect(cases.map(({ name }) => name)).toEqual(['before', 'rest'])
      const { summary, errors } = cases[1]!
      expect(summary.calls).toBeGreaterThan(summary.errors)
      expect(summary.errors).toBeGreaterThanOrEqual(1)
      expect(errors.length).toBeGreaterThan(0)
      for (const { class: name } of errors) expect(['tcp.reset', 'tcp.refused', 'http.503']).toContain(name)
      expect(isAlive(pid)).toBe(false)
      expect(certificates()).toEqual([])
    },
    60_000,
  )
})
