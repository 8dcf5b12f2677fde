import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { goldenFolder } from './golden.ts'

const fixture = fileURLToPath(new URL('fixture.json', goldenFolder))
const cli = fileURLToPath(new URL('../../dist/src/bin.js', import.meta.url))
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reports-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** As from a shell whose output goes into a pipe. */
function report(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, 'report', ...args], {
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

function golden(name: string): Promise<string> {
  return readFile(new URL(name, goldenFolder), 'utf8')
}

test('prints the table to stdout, without colour in a pipe', async () => {
  expect(report(fixture)).toEqual({ status: 0, stdout: await golden('table.txt'), stderr: '' })
})

test('takes a width and several formats', async () => {
  const { stdout } = report(fixture, '--width', '80', '--format', 'table,markdown')
  expect(stdout).toBe(`${await golden('table-80.txt')}\n${await golden('markdown.md')}`)
})

test('makes the matrix of any result', () => {
  const { status, stdout } = report(fixture, '--matrix', '--format', 'table,json')
  expect(status).toBe(0)
  expect(stdout).toMatch(/^Performance matrix\ninterface /m)
  expect(JSON.parse(stdout.slice(stdout.indexOf('\n{')))).toMatchObject({
    rows: [{ interface: 'REST' }, { interface: 'REST' }, { interface: 'Streaming/SSE' }],
  })
})

test('writes one format to a file, several into a folder, and prints nothing then', async () => {
  const file = join(folder, 'one', 'report.md')
  expect(report(fixture, '--format', 'markdown', '--out', file)).toEqual({
    status: 0,
    stdout: '',
    stderr: '',
  })
  expect(await readFile(file, 'utf8')).toBe(await golden('markdown.md'))
  const several = join(folder, 'several')
  report(fixture, '--format', 'table,json', '--out', several)
  expect((await readdir(several)).sort()).toEqual(['fixture.report.json', 'fixture.txt'])
  report(fixture, fixture, '--out', `${several}/`)
  expect(await readFile(join(several, 'report.txt'), 'utf8')).toContain('Unary calls')
})

test('writes a distribution for each case and metric, and names the file after them', async () => {
  const file = join(folder, 'distributions', 'x.hgrm')
  expect(report(fixture, '--format', 'hgrm', '--out', file)).toEqual({ status: 0, stdout: '', stderr: '' })
  const names = await readdir(join(folder, 'distributions'))
  expect(names.sort()).toEqual([
    'x.chat-聊天-32-64-tokens.inter_chunk_latency.hgrm',
    'x.chat-聊天-32-64-tokens.request_latency.hgrm',
    'x.chat-聊天-32-64-tokens.time_to_first_token.hgrm',
    'x.rest-1KiB-8.request_latency.hgrm',
    'x.rest-1MiB-8-cold-over-TLS.request_latency.hgrm',
    'x.rest-burst-5000-s.request_latency.hgrm',
  ])
  const written = names.sort().map((name) => readFile(join(folder, 'distributions', name), 'utf8'))
  const printed = await golden('hgrm.hgrm')
  for (const text of await Promise.all(written)) expect(printed).toContain(text)
})

test('answers 104 for a damaged result, with its place, before anything is printed', async () => {
  const damaged = join(folder, 'damaged.json')
  await writeFile(damaged, '{"schema_version":')
  expect(report(fixture, damaged)).toEqual({
    status: 104,
    stdout: '',
    stderr: `error: ${damaged}:1:19: damaged JSON\n`,
  })
})

test.each([
  [['--format', 'pdf'], '"pdf" is none of table, markdown, json'],
  [['--width', 'wide'], 'It must be a number from 40 to 1000'],
])('answers 2 for %j', (args, message) => {
  const { status, stderr } = report(fixture, ...args)
  expect(status).toBe(2)
  expect(stderr).toContain(message)
})

test('answers 1 for a report that cannot be written', () => {
  const { status, stderr } = report(fixture, '--out', join(fixture, 'report.txt'))
  expect(status).toBe(1)
  expect(stderr).toContain('a part of its path is a file')
})
