/** A load thread that is lost costs the round that was under way: what was measured before is kept, and the run ends. */

import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { breakable } from '../faults/breakable.ts'
import { needs } from '../requirements.ts'
import { type PlainServer, startPlain } from '../servers/plain-http.ts'
import { cli, type Running, start } from './cli.ts'
import { eventually } from './eventually.ts'
import { folderWith, readResultFile } from './folder.ts'

/** Far less than the cases would take that are not to be waited for. */
vi.setConfig({ testTimeout: 60_000 })

const REPLY_AFTER_MS = 5
const FIRST_CALLS = 40

let server: PlainServer
/** Requests by path: each test has paths of its own. */
const calls = new Map<string, number>()
let paths = 0
const started: Running[] = []

beforeAll(async () => {
  server = await startPlain((request, response) => {
    const path = request.url ?? ''
    calls.set(path, (calls.get(path) ?? 0) + 1)
    request.resume()
    setTimeout(() => response.end('{}'), REPLY_AFTER_MS)
  })
})

// One that a test has failed to end would go on for long.
afterEach(() => {
  for (const running of started.splice(0)) running.kill('SIGKILL')
})
afterAll(() => server.stop())

interface Started {
  args: string[]
  through?: readonly string[]
  /** Until the first case has ended, or the one that a run begins with is under way. */
  until?: 'second' | 'first'
}

/** Two load threads: the first case is measured in no time, the second one would take twenty minutes. */
async function underWay({ args, through = [], until = 'second' }: Started) {
  const [first, second] = [`${paths++}-first`, `${paths++}-second`]
  const folder = await folderWith({
    'long.yaml': `
name: long
targets:
  first: { interface: rest, api: raw, url: "${server.url}${first}" }
  second: { interface: rest, api: raw, url: "${server.url}${second}" }
defaults: { rounds: 2, floor: off, load: { concurrency: 4, warmup: 0s } }
cases:
  - { target: first, load: { ${until === 'first' ? 'duration: 10m' : `calls: ${FIRST_CALLS}`} } }
  - { target: second, load: { duration: 10m } }
thresholds: { first: { request_latency: { p50: "< 20s" } } }
`,
    'short.yaml': `
name: short
targets: { mine: { interface: rest, api: raw, url: "${server.url}" } }
defaults: { rounds: 1, floor: off, load: { calls: 20, warmup: 0s } }
`,
  })
  const { env, breaks } = await breakable(folder)
  const running = start(['run', ...args, '--workers', '2'], { cwd: folder, env, through })
  started.push(running)
  const path = until === 'first' ? first : second
  await eventually('it is under way', () => (calls.get(`/${path}`) ?? 0) >= 20, running)
  return { running, folder, breaks }
}

const OUT = ['--out', 'result.json']

test.each([
  ['throws', 'throw', 'load thread 2 of 2 failed: TypeError: broken on purpose'],
  ['leaves a rejection to itself', 'reject', 'load thread 2 of 2 failed: broken on purpose'],
  ['exits', 'exit', 'load thread 2 of 2 ended with exit code 3'],
  ['is terminated', 'terminate', 'load thread 2 of 2 ended with exit code 1'],
  ['runs out of heap', 'heap', 'load thread 2 of 2 ran out of memory: lower the load, '],
])('one that %s: the rounds before it, the reason, exit 112', async (_what, how, reason) => {
  const { running, folder, breaks } = await underWay({ args: ['long.yaml', ...OUT] })
  await breaks(`load-1 ${how}`)
  const { code, stdout, stderr } = await running.ended
  expect(code).toBe(112)
  const { cases, cancelled, incomplete, verdict, thresholds } = await readResultFile(folder)
  expect(incomplete?.reason.slice(0, reason.length)).toBe(reason)
  expect(cancelled).toBe(false)
  // What is lost is the round of the second case, and all after it.
  expect(cases.map(({ name }) => name)).toEqual(['first'])
  expect(cases[0]!.rounds).toHaveLength(1)
  expect(cases[0]!.summary).toMatchObject({ calls: FIRST_CALLS, errors: 0 })
  expect(cases[0]!.verdict.valid).toBe(true)
  expect(thresholds).toMatchObject([{ passed: true }])
  expect(verdict).toEqual({ valid: false, reasons: [`the run is incomplete: ${incomplete!.reason}`] })
  expect(stdout).toContain('long (incomplete)')
  expect(stdout).toContain('INCOMPLETE: the run ended early')
  expect(stderr).toContain(`error: the run is incomplete: ${reason}`)
  expect(stderr).toContain('result: result.json')
  // A bug is mended by its trace, which is nobody's business in a result.
  expect(stderr.includes('break.ts')).toBe(['throw', 'reject'].includes(how))
  expect(JSON.stringify(incomplete)).not.toContain('break.ts')
})

test('in the first round of a run: nothing is written, exit 1', async () => {
  const { running, folder, breaks } = await underWay({ args: ['long.yaml', ...OUT], until: 'first' })
  await breaks('load-0 throw')
  const { code, stdout, stderr } = await running.ended
  const said = 'error: the run is incomplete: load thread 1 of 2 failed: TypeError: broken on purpose\n'
  expect(stderr).toContain(said)
  expect(stderr).toMatch(/\nnothing was measured, so no result is written\n$/)
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(existsSync(join(folder, 'result.json'))).toBe(false)
})

test('the scenarios after it are run all the same', async () => {
  const { running, folder, breaks } = await underWay({ args: ['long.yaml', 'short.yaml'] })
  await breaks('load-0 exit')
  const { code, stdout } = await running.ended
  expect(code).toBe(112)
  expect(stdout).toContain('valid: these numbers can be trusted')
  const results = (await readdir(join(folder, 'results'))).sort()
  expect(results.map((name) => name.split('-')[0])).toEqual(['long', 'short'])
  const long = await cli(['report', join('results', results[0]!)], { cwd: folder })
  expect(long.code).toBe(0)
  expect(stdout.startsWith(long.stdout)).toBe(true)
})

test('the other one is not waited for where it hangs', async () => {
  const { running, folder, breaks } = await underWay({ args: ['long.yaml', ...OUT] })
  await breaks('load-0 loop')
  await eventually('it hangs', () => !existsSync(join(folder, 'break')), running)
  await breaks('load-1 exit')
  const { code, stderr } = await running.ended
  expect(stderr).toContain('load thread 2 of 2 ended with exit code 3')
  expect(code).toBe(112)
})

test('in a terminal: what was drawn is erased before anything is said', async (context) => {
  needs(context, 'script', 'runs a command in a terminal of its own')
  const ERASURE = '\u001b[J'
  const through = ['sh', '-c', 'TERM=xterm exec script -qec "$*" /dev/null', 'sh']
  const { running, breaks } = await underWay({ args: ['long.yaml', ...OUT], through })
  await breaks('load-1 exit')
  const { code, stdout } = await running.ended
  expect(stdout).toContain(ERASURE)
  const left = stripVTControlCharacters(stdout.slice(stdout.lastIndexOf(ERASURE) + ERASURE.length))
  expect(left).toMatch(/^error: the run is incomplete[\s\S]*result: result\.json\r\n$/)
  expect(code).toBe(112)
})
