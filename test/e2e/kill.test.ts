/**
 * `kill -9` of a run, at seeded random moments from its start to its end: no half result, no process and no port is left.
 * `INFER_BENCH_KILLS` sets how many, `INFER_BENCH_KILLS_SEED` when.
 */

import { existsSync, readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeAll, expect, test, vi } from 'vitest'
import { seededRandom } from '../../src/random.ts'
import { readResult } from '../../src/result/read.ts'
import { breakable } from '../faults/breakable.ts'
import { start, temporaryFolder } from './cli.ts'
import { eventually } from './eventually.ts'
import { folderWith } from './folder.ts'
import { STDIO_SERVER } from './mcp-servers.ts'
import { listening, listeningIn, processesIn } from './processes.ts'

const KILLS = Number(process.env.INFER_BENCH_KILLS ?? 6)
const SEED = Number(process.env.INFER_BENCH_KILLS_SEED ?? 1)
const LOOK_EVERY_MS = 100

vi.setConfig({ testTimeout: 60_000 * (KILLS + 1) })

/** Programs that a run may start, by what their command line has in it. */
const HELPERS = {
  'the bundled server': 'serve --port 0',
  'the trial of a provider': 'provider-trial',
  'the process of the idle servers': 'idle-host',
  'an MCP server': 'serve --mcp-stdio',
  'an MCP server that goes on without its input': 'stdio-mcp.ts stubborn',
  'their warden': 'warden',
}

const SCENARIO = `
name: killed
server: { reference: { provider: cpu, workers: 2 } }
targets:
  rest: { interface: rest, api: kserve-v2, url: "\${reference.https}", model: mlp, tls: { ca: "\${reference.ca}" } }
  stdio: { interface: mcp, api: kserve-v2, command: reference, model: mlp }
  stubborn: { interface: mcp, api: raw, tool: plain, command: ["${process.execPath}", "${STDIO_SERVER}", stubborn] }
defaults:
  rounds: 2
  floor: on
  timeout: { connect: 30s }
  load: { concurrency: 2, duration: 300ms, warmup: 0s }
`

/** Its last case has helpers of every kind and would take ten minutes. */
const LONG = `
server: { reference: { provider: cpu } }
targets:
  rest: { interface: rest, api: kserve-v2, url: "\${reference.http}", model: mlp }
  stdio: { interface: mcp, api: kserve-v2, command: reference, model: mlp }
defaults: { rounds: 1, timeout: { connect: 30s }, load: { concurrency: 2, warmup: 0s } }
cases:
  - { target: rest, floor: on, load: { duration: 300ms } }
  - { target: stdio, floor: off, load: { duration: 10m } }
`

let folder: string
/** Of temporary files; it tells what a run has started from everything else. */
let ownTemporary: string

beforeAll(async () => {
  folder = await folderWith({ 'scenario.yaml': SCENARIO, 'long.yaml': LONG })
  ownTemporary = await temporaryFolder()
})

// What a test has found is told; what it has found alive is not for the next one.
afterEach(() => {
  for (const pid of processesIn(ownTemporary)) process.kill(pid, 'SIGKILL')
})

/** Runs the scenario, kills it after so long unless it has ended, and tells what was seen of it until then. */
async function run(out: string, killAfterMs = Number.POSITIVE_INFINITY) {
  const helpers = new Set<string>()
  const ports = new Map<string, number>()
  const look = () => {
    const pids = processesIn(ownTemporary)
    for (const [inode, port] of listeningIn(pids)) ports.set(inode, port)
    for (const command of pids.map(commandOf)) {
      for (const [name, part] of Object.entries(HELPERS)) if (command.includes(part)) helpers.add(name)
    }
  }
  const startMs = performance.now()
  const args = ['run', 'scenario.yaml', '--out', out, '--workers', '2']
  const running = start(args, { cwd: folder, env: { TMPDIR: ownTemporary } })
  const looking = setInterval(look, LOOK_EVERY_MS)
  const killing = setTimeout(
    () => {
      look()
      running.kill('SIGKILL')
    },
    Math.min(killAfterMs, 2 ** 31 - 1),
  )
  const ended = await running.ended
  const lengthMs = performance.now() - startMs
  clearInterval(looking)
  clearTimeout(killing)
  return { ...ended, helpers, ports, lengthMs }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}

test('nothing is left of a run that was killed', async () => {
  const whole = await run('whole.json')
  expect(whole.stderr).toBe('result: whole.json\n')
  expect([...whole.helpers].sort()).toEqual(Object.keys(HELPERS).sort())
  expect(processesIn(ownTemporary)).toEqual([])
  const random = seededRandom(SEED)
  let killed = 0
  for (let index = 0; index < KILLS; index++) {
    const out = `${index}.json`
    // Every part of a run's life has its share.
    const { signal, stderr, ports } = await run(out, ((index + random()) / KILLS) * whole.lengthMs)
    if (signal === 'SIGKILL') killed++
    else expect(stderr).toBe(`result: ${out}\n`)
    await nothingRuns()
    // A process that ends gives its memory back, by which it is known, before its sockets.
    await eventually(`${[...ports.values()].join(', ')} are free`, () => {
      const taken = listening()
      return ![...ports.keys()].some((inode) => taken.has(inode))
    })
    // Node and ONNX Runtime leave files of their own, whatever happens.
    expect((await readdir(ownTemporary)).filter((name) => name.startsWith('infer-bench'))).toEqual([])
    const files = await readdir(folder)
    if (signal !== 'SIGKILL') expect(files).toContain(out)
    if (files.includes(out)) expect((await readResult(join(folder, out))).cases).toHaveLength(3)
    const temporary = files.filter((name) => /^\..*\.infer-bench\.tmp$/.test(name))
    const others = files.filter((name) => !/^(whole|\d+)\.json$/.test(name) && !temporary.includes(name))
    expect(others.sort()).toEqual(['long.yaml', 'scenario.yaml'])
  }
  expect(killed).toBeGreaterThanOrEqual(KILLS / 2)
})

test.each(Object.entries(HELPERS))(
  'nothing is left of a run that was killed when it had %s',
  async (name, part) => {
    const args = ['run', 'scenario.yaml', '--out', 'none.json', '--workers', '2']
    const running = start(args, { cwd: folder, env: { TMPDIR: ownTemporary } })
    const isSeen = () => {
      const pids = processesIn(ownTemporary).filter((pid) => commandOf(pid).includes(part))
      // Without a server, this one would end with nothing to do.
      return name.includes('idle') ? listeningIn(pids).size > 0 : pids.length > 0
    }
    await eventually('it is seen', isSeen, running)
    running.kill('SIGKILL')
    await nothingRuns()
    expect(existsSync(join(folder, 'none.json'))).toBe(false)
  },
)

/** The tool with all its helpers, of which one thread may be broken. */
async function breakableRun(out: string, what: string) {
  const { env, breaks } = await breakable(folder, { TMPDIR: ownTemporary })
  const begin = () => start(['run', 'long.yaml', '--out', out, '--workers', '2'], { cwd: folder, env })
  const isBroken = () => !existsSync(env.BREAK_FILE!)
  return { begin, isBroken, breaks: () => breaks(what) }
}

const nothingRuns = () => eventually('its processes are gone', () => processesIn(ownTemporary).length === 0)

test.each(['load-1 heap', 'load-0 exit', 'main heap', 'main throw', 'main reject'])(
  'nothing is left of a run whose thread is broken: %s',
  async (what) => {
    const out = `${what.replace(' ', '-')}.json`
    const { begin, breaks } = await breakableRun(out, what)
    const running = begin()
    const commands = () => processesIn(ownTemporary).map(commandOf).join('\n')
    const wanted = ['the process of the idle servers', 'their warden', 'an MCP server'] as const
    const allRun = () => wanted.every((name) => commands().includes(HELPERS[name]))
    await eventually('its helpers run', allRun, running)
    await breaks()
    const { code, signal, stderr } = await running.ended
    await nothingRuns()
    const isWritten = existsSync(join(folder, out))
    if (what === 'main heap') expect({ signal, isWritten }).toEqual({ signal: 'SIGABRT', isWritten: false })
    else if (what.startsWith('main')) {
      expect({ code, isWritten }).toEqual({ code: 1, isWritten: false })
      expect(stderr).toContain('broken on purpose')
    } else {
      // It may have been so early that no round had ended.
      expect(code).toBe(isWritten ? 112 : 1)
      expect(stderr).toMatch(/^error: the run is incomplete: load thread \d of 2 /m)
      if (isWritten) expect((await readResult(join(folder, out))).incomplete).toBeDefined()
    }
  },
)

test('nothing is left of a run that was killed while the trial of a driver hangs', async () => {
  const { begin, breaks, isBroken } = await breakableRun('hung.json', 'trial loop')
  await breaks()
  const running = begin()
  await eventually('it hangs', isBroken, running)
  running.kill('SIGKILL')
  await nothingRuns()
})
