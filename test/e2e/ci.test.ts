/** What a CI system is given: reports in files, annotations, thresholds beside a baseline, a run that ends early. */

import { readFile, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Result } from '../../src/result/document.ts'
import { cli, temporaryFolder } from './cli.ts'

let server: Server
let url: string

beforeAll(async () => {
  server = createServer((_request, response) => void response.end('{}')).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
})
afterAll(() => server.close())

/** Runs it in a folder of its own. */
async function run(more: object, args: string[] = [], env: NodeJS.ProcessEnv = {}, folder?: string) {
  const cwd = folder ?? (await temporaryFolder())
  const scenario = {
    name: 'ci',
    targets: { mine: { interface: 'rest', api: 'raw', url, method: 'GET' } },
    defaults: { rounds: 3, floor: 'off', load: { concurrency: 1, calls: 20, warmup: '0s' } },
    ...more,
  }
  await writeFile(join(cwd, 's.yaml'), JSON.stringify(scenario))
  const ended = await cli(['run', 's.yaml', '--out', 'result.json', ...args], { cwd, env })
  const read = async (name: string) => readFile(join(cwd, name), 'utf8')
  return { ...ended, cwd, read, result: async () => JSON.parse(await read('result.json')) as Result }
}

const IMPOSSIBLE = { thresholds: { mine: { request_latency: { p50: '< 0ms' } } } }

describe('formats in files', () => {
  test('one run makes them all, and prints what has no file', async () => {
    const { code, stdout, read } = await run(IMPOSSIBLE, [
      '--report',
      'table,junit=reports/j.xml,comment=c.md',
    ])
    expect(code).toBe(99)
    expect(stdout).toMatch(/^ci\n/)
    expect(stdout).not.toContain('<testsuites')
    expect(await read('reports/j.xml')).toContain('name="mine: request_latency.p50 &lt; 0ms">')
    expect(await read('c.md')).toContain('### ❌ failed: ci')
  })

  test('one that cannot be written takes nothing from the others', async () => {
    const { code, stderr, read, result } = await run({}, ['--report', 'junit=s.yaml/j.xml,comment=c.md'])
    expect(code).toBe(1)
    expect(stderr).toContain('error: s.yaml/j.xml could not be written: a part of its path is a file')
    expect(await read('c.md')).toContain('### ✅ passed: ci')
    expect((await result()).cases).toHaveLength(1)
  })

  test.each([
    ['a format without a file', 'junit=', 'Name a file'],
    ['two formats in one file', 'junit=a,comment=a', 'Two formats go to one file'],
    ['an unknown format', 'junt=a', '"junt" is none of'],
  ])('%s is refused', async (_name, formats, says) => {
    const { code, stderr } = await run({}, ['--report', formats])
    expect(stderr).toContain(says)
    expect(code).toBe(2)
  })

  test('one file for several scenarios is refused', async () => {
    const { code, stderr, cwd } = await run({})
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'result: result.json\n' })
    const several = await cli(['run', 's.yaml', 's.yaml', '--report', 'junit=j.xml'], { cwd })
    expect(several.stderr).toContain('junit=j.xml names one file, and there are several scenarios')
    expect(several.code).toBe(2)
  })
})

describe('in GitHub Actions', () => {
  const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: 'summary.md' }

  test('what fails is an annotation, and the report stands in the summary after what is there', async () => {
    const cwd = await temporaryFolder()
    await writeFile(join(cwd, 'summary.md'), 'of another step\n')
    const { code, stderr, stdout, read } = await run(IMPOSSIBLE, [], env, cwd)
    expect(code).toBe(99)
    expect(stderr).toMatch(
      /^::error file=s\.yaml,title=infer-bench::mine: mine: request_latency\.p50 < 0ms: measured .*s$/m,
    )
    expect(stdout).not.toContain('::error')
    const summary = await read('summary.md')
    expect(summary).toMatch(/^of another step\n<!-- infer-bench -->\n### ❌ failed: ci\n/)
    expect(summary).toContain('<details>')
  })

  test('a run that passes annotates nothing', async () => {
    const { code, stderr, read } = await run({}, [], env)
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'result: result.json\n' })
    expect(await read('summary.md')).toContain('### ✅ passed: ci')
  })

  test('a summary that cannot be written fails nothing', async () => {
    const { code, stderr } = await run({}, [], { ...env, GITHUB_STEP_SUMMARY: 's.yaml/x' })
    expect(stderr).toContain('warning: the summary of the job could not be written: ENOTDIR')
    expect(code).toBe(0)
  })

  test('a comparison without a gate warns', async () => {
    const { cwd, result } = await run({
      defaults: { rounds: 2, floor: 'off', load: { calls: 150, warmup: '0s' } },
    })
    const slower = await result()
    for (const round of slower.cases[0]!.rounds) round.metrics.request_latency!.p50 *= 9
    await writeFile(join(cwd, 'slower.json'), JSON.stringify(slower))
    const many = (document: Result) => ({
      ...document,
      cases: document.cases.map((one) => ({ ...one, rounds: Array(12).fill(one.rounds[0]) })),
    })
    await writeFile(join(cwd, 'many.json'), JSON.stringify(many(await result())))
    await writeFile(join(cwd, 'many-slower.json'), JSON.stringify(many(slower)))
    const args = ['compare', 'many.json', 'many-slower.json', '--metric', 'request_latency.p50']
    const { code, stderr } = await cli(args, { cwd, env })
    expect(stderr).toMatch(
      /^::warning file=many\.json,title=infer-bench::mine: request_latency\.p50 beside the baseline: regressed: \+800%25/m,
    )
    expect(code).toBe(0)
  })
})

describe('a threshold beside a baseline', () => {
  const beside = (limit: string) => ({ thresholds: { mine: { request_latency: { p50: limit } } } })

  test('of a stored result', async () => {
    const { cwd } = await run({})
    const gate = ['--baseline', 'result.json', '--allow-inconclusive', '--out', 'new.json']
    const far = await run(beside('<= baseline + 1h'), gate, {}, cwd)
    expect(far.code).toBe(0)
    const near = await run(beside('< baseline - 99%'), gate, {}, cwd)
    expect(near.stdout).toContain('request_latency.p50 < baseline - 99%')
    expect(near.code).toBe(99)
  })

  test('of the other target, side by side', async () => {
    const mine = { interface: 'rest', api: 'raw', url, method: 'GET' }
    const { code, result } = await run(
      {
        targets: { old: mine, new: mine },
        compare: { baseline: 'old', candidate: 'new' },
        thresholds: { new: { request_latency: { p50: '< baseline - 99%' } } },
      },
      ['--allow-inconclusive'],
    )
    const { cases, thresholds } = await result()
    const before = cases.find(({ target }) => target === 'old')!.metrics.request_latency!.p50
    expect(thresholds[0]!.limit).toBeCloseTo(before / 100, 6)
    expect(code).toBe(99)
  })

  test('without one is refused before anything is sent', async () => {
    const { code, stderr } = await run(beside('<= baseline + 5%'))
    expect(stderr).toContain('the threshold "mine: request_latency.p50 <= baseline + 5%" needs a baseline')
    expect(code).toBe(2)
  })
})

test('abort_on_fail ends the run after the round in which it does not hold: 99', async () => {
  const limit = { limit: '< 0ms', abort_on_fail: true }
  const { code, stderr, stdout, result } = await run({
    thresholds: { mine: { request_latency: { p50: limit } } },
  })
  expect(stderr).toContain('did not hold after 1 of 3 rounds of mine: it measured')
  expect(stdout).toContain('INCOMPLETE')
  expect((await result()).cases[0]!.rounds).toHaveLength(1)
  expect(code).toBe(99)
  const kept = { limit: '< 1h', abort_on_fail: true }
  const passing = await run({ thresholds: { mine: { request_latency: { p50: kept } } } })
  expect((await passing.result()).cases[0]!.rounds).toHaveLength(3)
  expect(passing.code).toBe(0)
})
