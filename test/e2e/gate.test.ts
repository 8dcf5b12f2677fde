/** Whether a commit may pass: two versions of a server side by side, and against what was stored. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Result } from '../../src/result/document.ts'
import { cli, runScenario, temporaryFolder } from './cli.ts'
import { freePort } from './free-port.ts'

const PROGRAM = fileURLToPath(new URL('../servers/working-http.ts', import.meta.url))

/** Two versions that compute for so many microseconds a call; what the gate goes by is wide enough for a busy machine. */
async function versions(
  old: number,
  candidate: number,
  compare: object = {},
  change: object = {},
): Promise<string> {
  const [oldPort, newPort] = [await freePort(), await freePort()]
  const server = (port: number, us: number) => ({
    command: [process.execPath, PROGRAM, port, us],
    ready: `http://127.0.0.1:${port}/`,
  })
  const target = (port: number) => ({
    interface: 'rest',
    api: 'raw',
    url: `http://127.0.0.1:${port}/`,
    method: 'GET',
  })
  return JSON.stringify({
    name: 'versions',
    servers: { old: server(oldPort, old), new: server(newPort, candidate) },
    targets: { old: target(oldPort), new: target(newPort) },
    defaults: {
      floor: 'off',
      load: { model: 'closed', concurrency: 1, duration: '250ms', warmup: '50ms' },
      ...change,
    },
    compare: { baseline: 'old', candidate: 'new', metrics: { 'request_latency.p50': '50%' }, ...compare },
  })
}

describe('side by side', () => {
  test('0: the same server twice', async () => {
    const { code, stdout, stderr, result } = await runScenario(await versions(1000, 1000))
    expect(stderr).toContain('gate: pass')
    expect(result.comparison!.cases[0]!.metrics[0]).toMatchObject({ verdict: 'unchanged', rounds: [12, 12] })
    expect(stdout).toContain('Changes from the baseline')
    expect(code).toBe(0)
  }, 60_000)

  test('111: one that takes three times as long', async () => {
    const { code, stderr, result } = await runScenario(await versions(1000, 3000))
    expect(result.comparison!.cases[0]!.metrics[0]!.verdict).toBe('regressed')
    expect(stderr).toContain('request_latency.p50 regressed')
    expect(code).toBe(111)
  }, 60_000)

  test('112: too few rounds, unless that may pass', async () => {
    const few = await versions(1000, 1000, {}, { rounds: 3 })
    const { code, stderr } = await runScenario(few)
    expect(stderr).toContain('3 of the 12 rounds')
    expect(code).toBe(112)
    expect((await runScenario(few, ['--allow-inconclusive'])).code).toBe(0)
  }, 60_000)

  test('114: a version that does not start', async () => {
    const scenario = JSON.parse(await versions(1, 1)) as { servers: { new: { command: string[] } } }
    scenario.servers.new.command.push('exit')
    const folder = await temporaryFolder()
    await writeFile(join(folder, 's.yaml'), JSON.stringify(scenario))
    const { code, stderr } = await cli(['run', 's.yaml'], { cwd: folder })
    expect(stderr).toContain('the server new ended with exit code 7 before it was ready: no such model')
    expect(code).toBe(114)
  }, 60_000)
})

describe('stored', () => {
  let folder: string
  const compare = (...args: string[]) => cli(['compare', ...args], { cwd: folder })

  beforeAll(async () => {
    folder = await temporaryFolder()
    const { result } = await runScenario(await versions(1000, 3000))
    const side = async (name: string, target: string, change: Partial<Result> = {}) => {
      const cases = result.cases
        .filter((one) => one.target === target)
        .map((one) => ({ ...one, name: 'rest' }))
      await writeFile(
        join(folder, name),
        JSON.stringify({ ...result, comparison: undefined, cases, ...change }),
      )
    }
    await side('old.json', 'old')
    await side('new.json', 'new')
    await side('elsewhere.json', 'old', { environment: { ...result.environment, cores: 512 } })
    await side('empty.json', 'none')
    await side('ended.json', 'old', { cancelled: true })
    await writeFile(join(folder, 'both.json'), JSON.stringify({ ...result, comparison: undefined }))
    await writeFile(join(folder, 'newer.json'), JSON.stringify({ ...result, schema_version: '2.0' }))
    await writeFile(join(folder, 'damaged.json'), '{"schema_version": "1.0", ')
  }, 60_000)

  const GATE = ['--gate', '--metric', 'request_latency.p50=50%']

  test.each<[string, string[], number, string]>([
    ['compares without a gate', ['old.json', 'new.json'], 0, 'regressed'],
    ['passes what is alike', ['old.json', 'old.json', ...GATE], 0, 'pass: nothing regressed'],
    ['stops what is slower', ['old.json', 'new.json', ...GATE], 111, 'rest: request_latency.p50 regressed'],
    ['stops if any of several is', ['old.json', 'old.json', 'new.json', ...GATE], 111, 'REGRESSED'],
    ['compares targets of one result', ['both.json', '--targets', 'old,new', ...GATE], 111, 'side by side'],
    ['does not pass another machine', ['old.json', 'elsewhere.json', ...GATE], 112, '--allow machine'],
    [
      'passes it where that is allowed',
      ['old.json', 'elsewhere.json', '--allow', 'machine', ...GATE],
      0,
      'pass',
    ],
    ['does not pass a case that is missing', ['old.json', 'empty.json', ...GATE], 112, 'has no case rest'],
    ['does not pass what was cut short', ['old.json', 'ended.json', ...GATE], 112, 'before it was done'],
    [
      'asks for as many rounds as it is told',
      ['old.json', 'old.json', ...GATE, '--rounds', '20'],
      112,
      '12 of the 20',
    ],
  ])('%s', async (_what, args, code, says) => {
    const ended = await compare(...args)
    expect(ended.stdout.replaceAll(/\s+/g, ' ')).toContain(says)
    expect(ended.code).toBe(code)
  })

  test.each<[string, string[], number, string]>([
    ['a missing file', ['old.json', 'gone.json'], 104, 'gone.json: there is no such file'],
    ['a damaged file', ['damaged.json', 'old.json'], 104, 'damaged.json:1:'],
    ['a newer schema', ['old.json', 'newer.json'], 104, 'made by a newer infer-bench'],
    ['no candidate', ['old.json'], 2, 'name a candidate'],
    ['an unknown target', ['both.json', '--targets', 'old,nwe'], 2, 'Did you mean `new`?'],
    ['an unknown metric', ['old.json', 'new.json', '--metric', 'latency.p50'], 2, 'metrics'],
    ['a change without its unit', ['old.json', 'new.json', '--metric', 'error_rate=5'], 2, 'is a share'],
    ['an unknown aspect', ['old.json', 'new.json', '--allow', 'weather'], 2, 'machine, runtime'],
  ])('is refused: %s', async (_what, args, code, says) => {
    const ended = await compare(...args)
    expect(ended.stderr).toContain(says)
    expect(ended.code).toBe(code)
  })

  test('a run with a baseline is compared with it before it is over', async () => {
    const { code, result } = await runScenario(
      (await versions(1000, 1000)).replace(/"compare":.*$/, '"seed":1}'),
      ['--baseline', join(folder, 'new.json'), '--only', 'old', '--set', 'defaults.rounds=12'],
    )
    // The names of the cases differ, which nobody may take for a pass.
    expect(result.comparison!.unmatched).toHaveLength(2)
    expect(code).toBe(112)
  }, 60_000)
})
