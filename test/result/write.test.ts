import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readResult } from '../../src/result/read.ts'
import { defaultResultFile, ResultWriteError, writeResult, writeWhole } from '../../src/result/write.ts'
import { sampleResult } from './sample.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'results-'))
})
afterAll(() => rm(folder, { recursive: true }))

test('makes the folder, replaces what was there, leaves nothing beside it', async () => {
  const result = await sampleResult()
  const file = join(folder, 'deep', 'er', 'result.json')
  await writeResult({ ...result, name: 'first' }, file)
  await writeResult(result, file)
  expect((await readResult(file)).name).toBe(result.name)
  expect(await readdir(join(folder, 'deep', 'er'))).toEqual(['result.json'])
})

test('a failure names file and cause, and leaves nothing', async () => {
  const taken = join(folder, 'taken')
  await mkdir(join(taken, 'result.json'), { recursive: true })
  await writeFile(join(taken, 'plain'), '')
  const failure = (file: string) => writeWhole(file, 'text').catch((error: unknown) => error)
  for (const [file, cause] of [
    [join(taken, 'result.json'), 'it is a folder'],
    [join(taken, 'plain', 'result.json'), 'a part of its path is a file'],
  ] as const) {
    const error = await failure(file)
    expect(error).toBeInstanceOf(ResultWriteError)
    expect(error).toMatchObject({ exitCode: 1, message: `${file} could not be written: ${cause}` })
  }
  expect((await readdir(taken)).sort()).toEqual(['plain', 'result.json'])
})

test('a disk that takes only a part leaves the old file whole and no rest of the new one', async () => {
  const file = join(folder, 'small', 'result.json')
  await writeWhole(file, 'old')
  const program = `
    process.on('SIGXFSZ', () => {})
    const { writeWhole } = await import(${JSON.stringify(new URL('../../src/result/write.ts', import.meta.url).href)})
    await writeWhole(process.argv[1], 'x'.repeat(1_000_000)).catch((error) => console.log(error.name, error.message))
  `
  // The limit stands in for a full disk; 16 KiB are less than the file and more than the process writes else.
  const { stdout } = spawnSync(
    'sh',
    ['-c', 'ulimit -f 16; exec "$0" --input-type=module -e "$1" "$2"', process.execPath, program, file],
    { encoding: 'utf8' },
  )
  expect(stdout).toContain(`ResultWriteError ${file} could not be written: `)
  expect(await readFile(file, 'utf8')).toBe('old')
  expect(await readdir(join(folder, 'small'))).toEqual(['result.json'])
})

describe('kill -9 in the middle of a write leaves the old file or the new one, whole', () => {
  /** What a process does in place of what it imports, to die at one moment of it. */
  const MOMENTS: Record<string, string> = {
    'before it opens': 'fs.open = die',
    'with half of it written':
      'file.writeFile = async function (text) { await this.write(text.slice(0, text.length / 2)); return die() }',
    'before it is on the disk': 'file.sync = die',
    'before it takes its place': 'fs.rename = die',
    'when it has taken its place':
      'const { rename } = fs; fs.rename = (...args) => rename(...args).then(die)',
  }

  test.each(Object.keys(MOMENTS))('%s', async (moment) => {
    const folderOfMoment = await mkdtemp(join(folder, 'killed-'))
    const file = join(folderOfMoment, 'result.json')
    await writeWhole(file, 'old')
    const program = `
      import fs from 'node:fs/promises'
      import { syncBuiltinESMExports } from 'node:module'
      const die = () => { process.kill(process.pid, 'SIGKILL'); return new Promise(() => {}) }
      const handle = await fs.open(process.execPath)
      const file = Object.getPrototypeOf(handle)
      await handle.close()
      ${MOMENTS[moment]}
      syncBuiltinESMExports()
      const { writeWhole } = await import(${JSON.stringify(new URL('../../src/result/write.ts', import.meta.url).href)})
      await writeWhole(process.argv[1], 'new'.repeat(1_000_000))
    `
    const { signal } = spawnSync(process.execPath, ['--input-type=module', '-e', program, file])
    expect(signal).toBe('SIGKILL')
    const isNew = moment === 'when it has taken its place'
    expect(await readFile(file, 'utf8')).toBe(isNew ? 'new'.repeat(1_000_000) : 'old')
    const beside = (await readdir(folderOfMoment)).filter((name) => name !== 'result.json')
    // Nothing that a person, or `report results/*`, would take for a result.
    expect(beside.every((name) => /^\..*\.infer-bench\.tmp$/.test(name))).toBe(true)
    expect(beside).toHaveLength(isNew || moment === 'before it opens' ? 0 : 1)
  })
})

test('what a killed process left beside a result goes with a later write; what another may still write stays', async () => {
  const shared = join(folder, 'shared')
  const temporary = (id: number) => `.result.json.${String(id).repeat(8)}.infer-bench.tmp`
  const names = [temporary(1), temporary(2), '.someone-elses.tmp', 'visible.infer-bench.tmp']
  await mkdir(shared)
  for (const name of names) await writeFile(join(shared, name), '{')
  const longAgo = new Date(Date.now() - 2 * 3_600_000)
  for (const name of names) if (name !== temporary(2)) await utimes(join(shared, name), longAgo, longAgo)
  await writeWhole(join(shared, 'result.json'), 'new')
  expect((await readdir(shared)).sort()).toEqual([...names.slice(1), 'result.json'].sort())
})

test.each([
  ['performance-matrix', 'performance-matrix'],
  ['../../etc/passwd', 'etc-passwd'],
  ['a b/c\\d:e*f', 'a-b-c-d-e-f'],
  ['推論の比較', '推論の比較'],
  ['...', 'result'],
  ['x'.repeat(500), 'x'.repeat(40)],
  ['\u001b[31m\u0000', '31m'],
])('a run named %j has a safe file', (name, base) => {
  expect(defaultResultFile({ name, start_time: '2026-11-23T18:30:00.123Z' })).toBe(
    join('results', `${base}-2026-11-23T18-30-00.123Z.json`),
  )
})
