// biome-ignore-all lint/suspicious/noTemplateCurlyInString: scenarios have such templates.
/** Ctrl-C once keeps what was measured, twice ends at once; and no way to end leaves a server behind. */

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test as serial } from 'vitest'
import { startFaulty } from '../servers/faulty-http.ts'
import { type PlainServer, startPlain } from '../servers/plain-http.ts'
import { BIN, start } from './cli.ts'
import { eventually } from './eventually.ts'
import { folderWith, readResultFile } from './folder.ts'
import { descendants, isAlive } from './processes.ts'

const REPLY_AFTER_MS = 5

const test = serial.concurrent

let server: PlainServer
/** Requests by path: each test has one of its own. */
const calls = new Map<string, number>()
let paths = 0

beforeAll(async () => {
  server = await startPlain((request, response) => {
    const path = request.url ?? ''
    calls.set(path, (calls.get(path) ?? 0) + 1)
    request.resume()
    if (!path.endsWith('never')) setTimeout(() => response.end('{}'), REPLY_AFTER_MS)
  })
})

afterAll(() => server.stop())

const ARGS = ['run', 'scenario.yaml', '--out', 'result.json']
const CONCURRENCY = 2

function newPath(): string {
  return `${paths++}-`
}

async function arrived(path: string, count: number): Promise<void> {
  await eventually('calls arrive', () => (calls.get(`/${path}`) ?? 0) >= count)
}

/** Started, and in its first measured window. */
async function underWay(behaviour: 'replies' | 'never' = 'replies') {
  const path = newPath() + behaviour
  const folder = await folderWith({
    'scenario.yaml': `
name: long
targets:
  mine: { interface: rest, api: raw, url: "${server.url}${path}" }
  later: { interface: rest, api: raw, url: "${server.url}" }
defaults: { rounds: 5, floor: off, load: { concurrency: ${CONCURRENCY}, duration: 60s, warmup: 0s } }
thresholds: { all: { request_latency: { p50: "< 1us" } } }
`,
  })
  const running = start(ARGS, { cwd: folder })
  await arrived(path, behaviour === 'never' ? CONCURRENCY : 20)
  return { running, folder }
}

describe('once', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s: the tables, the result marked as cancelled, exit %i', async (signal, expected) => {
    const { running, folder } = await underWay()
    running.kill(signal)
    const { code, stdout, stderr } = await running.ended
    expect(code).toBe(expected)
    expect(stderr).toContain('ending the round; once more to end at once')
    expect(stderr).toContain('result: result.json')
    expect(stdout).toMatch(/cancelled/i)
    const { cancelled, cases } = await readResultFile(folder)
    expect(cancelled).toBe(true)
    // The case whose turn had not come is not in it.
    expect(cases.map(({ name }) => name)).toEqual(['mine'])
    expect(cases[0]!.rounds).toHaveLength(1)
    expect(cases[0]!.summary).toMatchObject({ errors: 0, interrupted: 0 })
    expect(cases[0]!.summary.calls).toBeGreaterThanOrEqual(18)
    expect(cases[0]!.summary.duration_s).toBeLessThan(30)
  })

  test('calls that do not end are interrupted, not errors, and do not hold the end up', async () => {
    const { running, folder } = await underWay('never')
    running.kill('SIGINT')
    const { code } = await running.ended
    const { summary, errors } = (await readResultFile(folder)).cases[0]!
    expect({ code, summary, errors }).toMatchObject({
      code: 130,
      summary: { calls: 0, errors: 0, interrupted: 2 },
      errors: [],
    })
  })

  test('while the connections of a round are opened: neither that nor the round is waited for', async () => {
    const secure = await startPlain((_request, response) => void response.end('{}'), {})
    // The first connection, which asks whether the target is there, gets through; the others meet silence.
    const sockets: net.Socket[] = []
    const gate = net.createServer((socket) => {
      sockets.push(socket)
      if (sockets.length === 1) socket.pipe(net.connect(Number(new URL(secure.url).port))).pipe(socket)
    })
    await new Promise<void>((resolve) => gate.listen(0, '127.0.0.1', resolve))
    const url = `https://127.0.0.1:${(gate.address() as net.AddressInfo).port}/`
    const target = `targets: { mine: { interface: rest, api: raw, url: "${url}", tls: { ca: "${secure.ca}" } } }\n`
    const folder = await folderWith({
      'scenario.yaml': `${target}defaults: { timeout: { connect: 10m }, load: { duration: 10m } }\n`,
    })
    const running = start(ARGS, { cwd: folder })
    await eventually('the round opens its connection', () => sockets.length > 1)
    running.kill('SIGINT')
    const { code, stdout, stderr } = await running.ended
    for (const socket of sockets) socket.destroy()
    gate.close()
    await secure.stop()
    expect(stderr).toContain('nothing was measured')
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' })
  })

  test('before a connection stands: the end does not wait for its timeout, and nothing is written', async () => {
    // It accepts, and says nothing to the greeting of TLS.
    const silent = await startFaulty(() => {})
    const url = silent.url.replace('http:', 'https:')
    const yaml = `targets: { silent: { interface: rest, api: raw, url: "${url}" } }\n`
    const folder = await folderWith({ 'scenario.yaml': `${yaml}defaults: { timeout: { connect: 10m } }\n` })
    const running = start(ARGS, { cwd: folder })
    await eventually('it waits for the handshake', () => silent.connections > 0)
    running.kill('SIGINT')
    const { code, stderr } = await running.ended
    await silent.stop()
    expect(stderr).toContain('nothing was measured')
    expect(code).toBe(130)
    expect(existsSync(join(folder, 'result.json'))).toBe(false)
  })
})

test('twice: it ends at once, though calls are open', async () => {
  const { running, folder } = await underWay('never')
  running.kill('SIGINT')
  await running.says('once more')
  running.kill('SIGINT')
  const { signal, stdout } = await running.ended
  expect({ signal, stdout }).toEqual({ signal: 'SIGINT', stdout: '' })
  expect(existsSync(join(folder, 'result.json'))).toBe(false)
})

// One after the other: a server that starts keeps a core busy.
describe('the reference server of a run', () => {
  const yaml = (path: string) => `
server: { reference: { provider: cpu } }
targets:
  mine: { interface: rest, api: raw, url: "${server.url}${path}" }
  reference: { interface: rest, api: kserve-v2, url: "\${reference.http}", model: mlp }
defaults: { rounds: 1, floor: off, load: { concurrency: 2, duration: 60s, warmup: 0s } }
`

  async function withServer(moment: 'while it starts' | 'in a measured window') {
    const path = newPath()
    const folder = await folderWith({ 'scenario.yaml': yaml(path) })
    const running = start(ARGS, { cwd: folder })
    if (moment === 'while it starts') {
      await eventually('it is started', () => descendants(running.pid).length > 0)
    } else await arrived(path, 20)
    const pids = descendants(running.pid)
    expect(pids.length).toBeGreaterThan(0)
    return { running, folder, pids }
  }

  const moments = ['while it starts', 'in a measured window'] as const

  serial.each(moments)('ends with the run that SIGINT ended %s', async (moment) => {
    const { running, folder, pids } = await withServer(moment)
    running.kill('SIGINT')
    const { code, stderr } = await running.ended
    expect(pids.filter(isAlive)).toEqual([])
    expect(code).toBe(130)
    expect(stderr).not.toContain('error')
    const isMeasured = moment === 'in a measured window'
    expect(existsSync(join(folder, 'result.json'))).toBe(isMeasured)
    if (isMeasured) expect(await readResultFile(folder)).toMatchObject({ cancelled: true })
    else expect(stderr).toContain('nothing was measured')
  })

  serial.each(moments)('does not outlive a second SIGINT %s', async (moment) => {
    const { running, pids } = await withServer(moment)
    running.kill('SIGINT')
    await running.says('once more')
    running.kill('SIGINT')
    const { code, signal } = await running.ended
    // One that had wound up before the second came has ended by itself.
    expect([130, 'SIGINT']).toContain(code ?? signal)
    await eventually('it is gone', () => !pids.some(isAlive))
  })

  serial.each(moments)('does not outlive a run that was killed %s', async (moment) => {
    const { running, pids } = await withServer(moment)
    running.kill('SIGKILL')
    expect(await running.ended).toMatchObject({ signal: 'SIGKILL' })
    await eventually('it is gone', () => !pids.some(isAlive))
  })

  serial('ends without a word where its parent is lost before it is ready', async () => {
    const child = fork(BIN, ['serve', '--port', '0', '--provider', 'cpu'], { silent: true })
    child.disconnect()
    const [told] = await Promise.all([text(child.stderr!), once(child, 'exit')])
    expect({ code: child.exitCode, told }).toEqual({ code: 1, told: '' })
  })
})
