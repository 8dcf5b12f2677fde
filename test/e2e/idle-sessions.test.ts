// biome-ignore-all lint/suspicious/noTemplateCurlyInString: scenarios have such templates.
/** Sessions that stand without a call: what they take, how they are lost, and that nothing of them is left. */

import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import type { CaseResult, Result } from '../../src/result/document.ts'
import { startServer, type TestServer } from '../servers/start.ts'
import { cli, runScenario, start, temporaryFolder } from './cli.ts'
import { eventually } from './eventually.ts'
import { folderWith } from './folder.ts'
import { processesIn } from './processes.ts'

const MIB = 2 ** 20

let server: TestServer | null = null

async function standing(): Promise<TestServer> {
  server ??= await startServer('./standing.ts')
  return server
}

afterAll(() => server?.stop())

function eventsScenario(url: string, load: string, more = ''): string {
  return `
name: idle
targets:
  events: { interface: sse, api: raw, url: "${url}"${more} }
defaults: { rounds: 1, load: { model: idle, ${load} } }
`
}

function referenceScenario(reference: string, load: string, targets = ['websocket', 'mcp']): string {
  const all: Record<string, string> = {
    websocket: '{ interface: websocket, api: kserve-v2, url: "${reference.ws}", model: mlp }',
    sse: '{ interface: sse, api: raw, url: "${reference.http}/events" }',
    mcp: '{ interface: mcp, api: kserve-v2, url: "${reference.mcp}", model: mlp }',
  }
  const lines = targets.map((name) => `  ${name}: ${all[name]}`)
  return `
name: idle
server: { reference: { provider: cpu, workers: 1, ${reference} } }
targets:
${lines.join('\n')}
defaults: { rounds: 1, load: { warmup: 0s, ${load} } }
`
}

/** Whether the process makes the load of idle sessions. */
function isLoad(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('load-host')
  } catch {
    return false
  }
}

function caseOf(result: Result, target: string): CaseResult {
  return result.cases.find((one) => one.target === target)!
}

describe('a server whose sessions take 40 MiB each', () => {
  test('is found to take that, with its process named, and nothing stands afterwards', async () => {
    const { url, pid } = await standing()
    const text = eventsScenario(
      `${url}/events`,
      'sessions: 8, duration: 100ms, warmup: 500ms',
      `, pid: ${pid}`,
    )
    const { code, result, stdout, stderr } = await runScenario(text)
    expect(code, stderr).toBe(0)
    const { summary, errors, absent, metrics } = result.cases[0]!
    expect(summary).toMatchObject({ sessions: 8, sessions_lost: 0, session_loss: 0, calls: 0 })
    expect(summary.server_memory_per_session! / MIB).toBeGreaterThan(39)
    expect(summary.server_memory_per_session! / MIB).toBeLessThan(42)
    // Of the client, that is.
    expect(summary.client_memory_per_session! / MIB).toBeLessThan(4)
    expect(errors).toEqual([])
    expect(absent).not.toHaveProperty('server_memory_per_session')
    expect(metrics.handshake!.count).toBe(8)
    expect(metrics).not.toHaveProperty('request_latency')
    expect(stdout).toContain('Idle sessions')
    await eventually('no session stands', async () => (await (await fetch(`${url}/standing`)).text()) === '0')
  })

  test('and not known to, where nobody tells', async () => {
    const { url } = await standing()
    const { result } = await runScenario(
      eventsScenario(`${url}/events`, 'sessions: 5, duration: 50ms, warmup: 0s'),
    )
    const { summary, absent } = result.cases[0]!
    expect(summary.server_memory_per_session).toBeNull()
    expect(absent.server_memory_per_session).toContain('name its process with pid')
    expect(summary.client_memory_per_session).not.toBeNull()
  })

  test('which slow readers hold, grows by that', async () => {
    const { url, pid } = await standing()
    const { result, stderr } = await runScenario(`
name: slow
targets:
  events: { interface: sse, api: raw, url: "${url}/short", pid: ${pid} }
defaults: { rounds: 1, floor: off, load: { concurrency: 8, duration: 500ms, warmup: 0s } }
cases: [{ target: events, reader: { pause: 20ms, every: 4 } }]
`)
    const { summary } = result.cases[0]!
    expect(summary.calls, stderr).toBeGreaterThan(0)
    // Of eight at once, at least one: memory is looked at five times a second.
    expect(summary.server_memory_growth! / MIB).toBeGreaterThan(40)
    expect(summary.server_memory_growth! / MIB).toBeLessThan(16 * 40)
    expect(summary.throughput_per_core).toBeGreaterThan(0)
  })
})

test('streams that the server ends are counted by class, with how long they stood', async () => {
  const { url } = await standing()
  const text = eventsScenario(`${url}/events?ms=300`, 'sessions: 6, duration: 3s, warmup: 0s')
  const { code, result } = await runScenario(text)
  expect(code).toBe(114)
  const { summary, errors, absent, verdict } = result.cases[0]!
  expect(summary).toMatchObject({ sessions: 0, sessions_lost: 6, session_loss: 1 })
  expect(errors).toMatchObject([{ class: 'sse.ended', phase: 'idle', count: 6 }])
  expect(errors[0]!.time_to_failure!.p50).toBeGreaterThan(250)
  expect(errors[0]!.time_to_failure!.p50).toBeLessThan(2000)
  expect(absent.client_memory_per_session).toContain('too few of the sessions stood')
  expect(verdict.reasons).toEqual(['no session stood to the end'])
})

test('what is no stream of events is refused, and none stands', async () => {
  const { url } = await standing()
  const { code, result } = await runScenario(
    eventsScenario(`${url}/page`, 'sessions: 3, duration: 50ms, warmup: 0s'),
  )
  expect(code).toBe(114)
  expect(result.cases[0]!.errors).toMatchObject([{ class: 'sse.parse', phase: 'setup', count: 3 }])
})

test('sessions beyond what a server lets stand are counted by class: refused, or pushed out by later ones', async () => {
  const text = referenceScenario('sessions: 3', 'model: idle, sessions: 5, duration: 100ms', [
    'websocket',
    'sse',
    'mcp',
  ])
  const { code, result, stderr } = await runScenario(text)
  expect(code, stderr).toBe(0)
  for (const { name, summary } of result.cases) {
    expect(summary, name).toMatchObject({ sessions: 3, sessions_lost: 2 })
  }
  for (const { name, errors } of [caseOf(result, 'websocket'), caseOf(result, 'sse')]) {
    expect(errors, name).toMatchObject([{ code: '503', phase: 'setup', count: 2 }])
  }
  // An MCP session takes the place of the one that was idle for longest, which may still have been in its handshake.
  const pushedOut = caseOf(result, 'mcp').errors
  expect(pushedOut.reduce((sum, { count }) => sum + count, 0)).toBe(2)
  for (const { code } of pushedOut) expect(code).toBe('404')
})

test('sessions that expire while they stand are told as that, with when', async () => {
  const text = referenceScenario('session_idle: 400ms', 'model: idle, sessions: 4, duration: 2s')
  const { result, stderr } = await runScenario(text)
  const [websocket, mcp] = [caseOf(result, 'websocket'), caseOf(result, 'mcp')]
  expect(websocket.summary, stderr).toMatchObject({ sessions: 0, sessions_lost: 4 })
  expect(websocket.errors).toMatchObject([{ phase: 'idle', count: 4 }])
  expect(websocket.errors[0]!.time_to_failure!.p50).toBeGreaterThan(350)
  expect(websocket.errors[0]!.time_to_failure!.p50).toBeLessThan(1900)
  // No connection tells of its session's end: the server is asked after it.
  expect(mcp.summary).toMatchObject({ sessions: 0, sessions_lost: 4 })
  expect(mcp.errors).toMatchObject([{ class: 'mcp.session_lost', phase: 'idle', count: 4 }])
  expect(mcp.errors[0]!.time_to_failure!.p50).toBeGreaterThan(1900)
})

test('sessions that do not expire stand as long', async () => {
  const text = referenceScenario('session_idle: 1m', 'model: idle, sessions: 4, duration: 1s')
  const { code, result } = await runScenario(text)
  expect(code).toBe(0)
  for (const { name, summary, errors } of result.cases) {
    expect(summary, name).toMatchObject({ sessions: 4, sessions_lost: 0 })
    expect(errors, name).toEqual([])
    expect(summary.server_memory_per_session, name).not.toBeNull()
  }
})

test('a call on a session that has expired is told, and the next ones have another', async () => {
  const load = 'model: poisson, rate: 2/s, duration: 6s, connections: 1'
  const { result } = await runScenario(referenceScenario('session_idle: 500ms', load, ['mcp']))
  const { summary, errors } = result.cases[0]!
  expect(errors).toMatchObject([{ class: 'mcp.session_lost', code: '404', count: summary.errors }])
  expect(summary.errors).toBeGreaterThan(0)
  expect(summary.calls).toBeGreaterThan(summary.errors)
  // One for each that was lost, but for the last one's, which the end of the round may leave without.
  expect(summary.connections).toBeGreaterThanOrEqual(summary.errors)
})

test('fewer open files than sessions are told before anything is opened', async () => {
  const { url } = await standing()
  const folder = await folderWith({
    's.yaml': eventsScenario(`${url}/events`, 'sessions: 500, duration: 50ms, warmup: 0s'),
  })
  const through = ['sh', '-c', 'ulimit -n 300 && exec "$@"', 'sh']
  const { code, stderr } = await start(['run', 's.yaml'], { cwd: folder, through }).ended
  expect(code).toBe(2)
  expect(stderr).toContain('500 sessions need 650 open files in a process of this tool, which may have 300')
  expect(stderr).toContain('ulimit -n 650')
})

test('the server may have too few, where its process is named', async () => {
  const { url, pid } = await standing()
  const text = eventsScenario(
    `${url}/events`,
    'sessions: 100000, duration: 50ms, warmup: 0s',
    `, pid: ${pid}`,
  )
  const folder = await folderWith({ 's.yaml': text })
  const { code, stderr } = await cli(['run', 's.yaml', '--workers', '64'], { cwd: folder })
  expect(code).toBe(2)
  expect(stderr).toMatch(/100000 sessions need 100100 open files in the server, which may have \d+/)
})

describe('what ends a run early', () => {
  const text = () => referenceScenario('', 'model: idle, sessions: 50, duration: 1m', ['websocket'])

  async function standingRun() {
    const [folder, temporary] = [await folderWith({ 's.yaml': text() }), await temporaryFolder()]
    const run = start(['run', 's.yaml', '--out', 'result.json'], { cwd: folder, env: { TMPDIR: temporary } })
    // The tool, its two servers, and the process that makes the load.
    await eventually('a process makes the load', () => processesIn(temporary).some(isLoad))
    return { run, temporary, load: processesIn(temporary).find(isLoad)! }
  }

  async function expectNothingLeft(temporary: string) {
    await eventually('no process is left', () => processesIn(temporary).length === 0)
  }

  test('its user: nothing is left', async () => {
    const { run, temporary } = await standingRun()
    run.kill('SIGINT')
    expect((await run.ended).code).toBe(130)
    await expectNothingLeft(temporary)
  })

  test('the death of the tool: nothing is left', async () => {
    const { run, temporary } = await standingRun()
    run.kill('SIGKILL')
    await run.ended
    await expectNothingLeft(temporary)
  })

  test('the death of the process that makes the load: it is told, and nothing is left', async () => {
    const { run, temporary, load } = await standingRun()
    process.kill(load, 'SIGKILL')
    const { code, stderr } = await run.ended
    expect(code).toBe(1)
    expect(stderr).toContain('the run is incomplete: the load thread ended')
    await expectNothingLeft(temporary)
  })
})
