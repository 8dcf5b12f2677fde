/** Where a run's output goes: results to files, reports to stdout, everything else to stderr; whoever went away. */

import { spawn } from 'node:child_process'
import { readdirSync, readlinkSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, beforeAll, describe, expect, test as serial } from 'vitest'
import type { Result } from '../../src/result/document.ts'
import { needs } from '../requirements.ts'
import { type PlainServer, startPlain } from '../servers/plain-http.ts'
import { BIN, cli } from './cli.ts'
import { folderWith, quickScenario, readResultFile } from './folder.ts'

const test = serial.concurrent

let server: PlainServer

beforeAll(async () => {
  server = await startPlain((request, response) => {
    request.resume()
    response.end('{}')
  })
})

afterAll(() => server.stop())

async function folder(more = '', files: Record<string, string> = {}): Promise<string> {
  return folderWith({ 'scenario.yaml': quickScenario({ mine: server.url }, more), ...files })
}

interface ShellEnded {
  code: number | null
  stdout: string
  stderr: string
}

/** `infer-bench` in a command line of the shell; its own exit code is the line's. */
function shell(line: string, cwd: string): Promise<ShellEnded> {
  const tool = `'${process.execPath}' '${BIN}'`
  const child = spawn('bash', ['-o', 'pipefail', '-c', line.replaceAll('infer-bench', tool)], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended: ShellEnded = { code: null, stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    ended.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    ended.stderr += text
  })
  return new Promise((resolve) => child.once('close', (code) => resolve({ ...ended, code })))
}

describe('a result that cannot be written: the tables are seen all the same, stderr names the file, exit 1', () => {
  test('in a folder that is a file', async () => {
    const cwd = await folder()
    const out = 'scenario.yaml/result.json'
    const { code, stdout, stderr } = await cli(['run', 'scenario.yaml', '--out', out], { cwd })
    expect(stdout).toMatch(/^quick\n/)
    expect(stdout).toContain('mine')
    expect(stderr).toBe(`error: ${out} could not be written: a part of its path is a file\n`)
    expect(code).toBe(1)
    expect(readdirSync(cwd)).toEqual(['scenario.yaml'])
  })

  test('on a disk that is full', async (context) => {
    needs(context, 'unshare', 'mounts a disk of one page, which nobody else sees')
    const cwd = await folder('', { 'disk/placed-over': '' })
    const mount = 'mount -t tmpfs -o size=4k none disk'
    const isAllowed = (await shell(`unshare -m ${mount}`, cwd)).code === 0
    if (!isAllowed) context.skip('only root may mount a small disk')
    const line = `${mount} && infer-bench run scenario.yaml --out disk/result.json; code=$?; ls -A disk; exit $code`
    const { code, stdout, stderr } = await shell(`unshare -m bash -c "${line.replaceAll('$', '\\$')}"`, cwd)
    expect(stdout).toContain('mine')
    // `ls` finds nothing of the file that was begun.
    expect(stdout).not.toMatch(/\.tmp|result\.json/)
    expect(stderr).toContain('error: disk/result.json could not be written: the disk is full')
    expect(code).toBe(1)
  })
})

// Not `/dev/full`: run by root, a tool that is wrong here would put a file in the place of the machine's device.
test('a result goes through a link into the file behind it, and through a pipe to its reader', async () => {
  const cwd = await folder('', { 'latest/real.json': 'older' })
  symlinkSync('latest/real.json', join(cwd, 'link.json'))
  const linked = await cli(['run', 'scenario.yaml', '--out', 'link.json'], { cwd })
  expect(linked.code).toBe(0)
  expect(readlinkSync(join(cwd, 'link.json'))).toBe('latest/real.json')
  expect((await readResultFile(cwd, 'latest/real.json')).name).toBe('quick')
  const line =
    'mkfifo pipe; (infer-bench run scenario.yaml --quiet --out pipe > tables.txt) & cat pipe; wait $!'
  const piped = await shell(line, cwd)
  expect(piped.code).toBe(0)
  expect((JSON.parse(piped.stdout) as Result).name).toBe('quick')
  expect(statSync(join(cwd, 'pipe')).isFIFO()).toBe(true)
})

test('a pipe gets the report alone, without colour or progress, and the report can be made again', async () => {
  const cwd = await folder()
  const env = { FORCE_COLOR: '1', NO_COLOR: '' }
  const formats = 'table,markdown'
  const { code, stdout, stderr } = await cli(['run', 'scenario.yaml', '--report', formats], { cwd, env })
  expect(code).toBe(0)
  expect(stdout).toMatch(/^quick\n/)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what must not be there.
  expect(stdout + stderr).not.toMatch(/\u001b|\r/)
  const [, file] = /^result: (results\/quick-.*\.json)\n$/.exec(stderr) ?? []
  expect(stderr).toBe(`result: ${file}\n`)
  expect(readdirSync(join(cwd, 'results'))).toHaveLength(1)
  const again = await cli(['report', file!, '--format', formats], { cwd })
  expect(again).toMatchObject({ code: 0, stderr: '', stdout })
})

describe('a terminal', () => {
  const ERASURE = '\u001b[J'
  const BOLD = '\u001b[1m'

  test.for([
    ['gets colour, and progress that leaves no trace', '', true, true],
    ['gets no progress with --quiet', '--quiet', false, true],
    ['gets no colour with NO_COLOR', '', true, false],
  ] as const)('%s', async ([_what, flags, hasProgress, hasColour], context) => {
    needs(context, 'script', 'runs a command in a terminal of its own')
    const cwd = await folder()
    // Longer than it takes until progress is drawn for the first time.
    const run = `run scenario.yaml --out result.json --set defaults.load.duration=700ms ${flags}`
    const line = `TERM=xterm NO_COLOR=${hasColour ? '' : '1'} script -qec "infer-bench ${run}" /dev/null`
    const { code, stdout } = await shell(line, cwd)
    expect(stdout.includes(ERASURE)).toBe(hasProgress)
    expect(stdout.includes(BOLD)).toBe(hasColour)
    // What is drawn last is erased before the report begins.
    const report = stdout.slice(stdout.lastIndexOf(ERASURE) + (hasProgress ? ERASURE.length : 1))
    expect(stripVTControlCharacters(report)).toMatch(/^quick\r\n[\s\S]*result: result\.json\r\n$/)
    expect(code).toBe(0)
  })
})

test('--report json: stdout is the result as it is stored, and nothing else', async () => {
  const cwd = await folder()
  const args = ['run', 'scenario.yaml', '--out', 'result.json', '--report', 'json', '--region', 'eu-west-1']
  const { code, stdout, stderr } = await cli(args, { cwd })
  const printed = JSON.parse(stdout) as Result
  expect(printed).toEqual(await readResultFile(cwd))
  expect(printed.region).toBe('eu-west-1')
  expect({ code, stderr }).toEqual({ code: 0, stderr: 'result: result.json\n' })
})

test('--report hgrm: a file for each distribution, in a folder or beside the name that was given', async () => {
  const cwd = await folderWith({ 'scenario.yaml': quickScenario({ mine: server.url, other: server.url }) })
  const args = ['run', 'scenario.yaml', '--out', 'result.json', '--report', 'hgrm=plots/,hgrm=beside/x.hgrm']
  const { code, stdout } = await cli(args, { cwd })
  expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
  const names = ['mine.request_latency.hgrm', 'other.request_latency.hgrm']
  expect(readdirSync(join(cwd, 'plots')).sort()).toEqual(names)
  expect(readdirSync(join(cwd, 'beside')).sort()).toEqual(names.map((name) => `x.${name}`))
})

describe('a reader that went away', () => {
  test('takes nothing from the result, nor from the exit code', async () => {
    const cwd = await folder('thresholds: { mine: { request_latency: { p50: "< 1us" } } }')
    // `true` ends at once: every byte of the report meets a closed pipe.
    const { code, stderr } = await shell('infer-bench run scenario.yaml --out result.json | true', cwd)
    expect({ code, stderr }).toEqual({ code: 99, stderr: 'result: result.json\n' })
    expect((await readResultFile(cwd)).cases).toHaveLength(1)
  })

  test('of both streams', async () => {
    const cwd = await folder()
    const { code } = await shell('infer-bench run scenario.yaml --out result.json 2>&1 | true', cwd)
    expect(code).toBe(0)
    expect((await readResultFile(cwd)).cases).toHaveLength(1)
    expect(readdirSync(cwd).sort()).toEqual(['result.json', 'scenario.yaml'])
    // In the middle of a report, which is longer than a pipe holds:
    const files = Array.from({ length: 40 }, () => 'result.json').join(' ')
    const report = await shell(`infer-bench report ${files} | head -1`, cwd)
    expect(report).toEqual({ code: 0, stdout: 'quick\n', stderr: '' })
  })
})

test('a stdout that cannot be written costs no result, and is told', async (context) => {
  needs(context, '/dev/full', 'is a device that is always full')
  const cwd = await folder()
  const { code, stderr } = await shell('infer-bench run scenario.yaml --out result.json > /dev/full', cwd)
  expect(stderr).toContain('error: stdout cannot be written')
  expect(stderr).toContain('result: result.json')
  expect(code).toBe(1)
  expect((await readResultFile(cwd)).cases).toHaveLength(1)
})

describe('a page, which no terminal can show, is a file', () => {
  test('beside the result, and that is said', async () => {
    const cwd = await folder()
    const args = ['run', 'scenario.yaml', '--report', 'table,html', '--out', 'out/mine.json', '--quiet']
    const { code, stdout, stderr } = await cli(args, { cwd })
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'result: out/mine.json\nhtml: out/mine.html\n' })
    expect(stdout).toMatch(/^quick\n/)
    expect(stdout).not.toContain('<')
    expect(readdirSync(join(cwd, 'out')).sort()).toEqual(['mine.html', 'mine.json'])
  })

  test('under its own name where it has one, or where the result goes to a device', async () => {
    const cwd = await folder()
    const named = ['run', 'scenario.yaml', '--report', 'html=page.html', '--out', 'mine.json', '--quiet']
    expect(await cli(named, { cwd })).toMatchObject({ code: 0, stdout: '', stderr: 'result: mine.json\n' })
    expect(readdirSync(cwd)).toEqual(expect.arrayContaining(['page.html', 'mine.json']))
    const nowhere = ['run', 'scenario.yaml', '--report', 'html', '--out', '/dev/null', '--quiet']
    const { stderr } = await cli(nowhere, { cwd })
    expect(stderr).toMatch(/^result: \/dev\/null\nhtml: results\/quick-[\w.-]+\.html\n$/)
  })
})
