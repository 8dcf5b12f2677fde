import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Result } from '../../src/result/document.ts'
import { mergeHistograms, storedDistribution } from '../../src/result/merge.ts'
import { ResultError, readResult } from '../../src/result/read.ts'
import { sampleResult } from './sample.ts'

let folder: string
let sample: Result

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'results-'))
  sample = await sampleResult()
})
afterAll(() => rm(folder, { recursive: true }))

async function stored(text: string): Promise<string> {
  const file = join(folder, 'result.json')
  await writeFile(file, text)
  return file
}

async function refusal(file: string): Promise<string> {
  const error: unknown = await readResult(file).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(ResultError)
  expect((error as ResultError).exitCode).toBe(104)
  expect((error as ResultError).message).toContain(file)
  return (error as ResultError).message
}

/** The sample with one thing in it replaced. */
async function changed(change: (result: Record<string, never>) => void): Promise<string> {
  const copy = JSON.parse(JSON.stringify(sample))
  change(copy)
  return stored(JSON.stringify(copy))
}

test('reads what was written, the histograms included', async () => {
  const read = await readResult(await stored(JSON.stringify(sample)))
  expect(read).toEqual(JSON.parse(JSON.stringify(sample)))
  const latency = read.cases[0]!.metrics.request_latency!
  expect(mergeHistograms([latency.hdr!], (sum) => storedDistribution(sum))!.p99).toBe(latency.p99)
})

test('a newer minor version only adds', async () => {
  const file = await changed((result: Record<string, unknown>) => {
    result.schema_version = '1.7'
    result.invention = true
  })
  expect((await readResult(file)).schema_version).toBe('1.7')
})

test.each([
  ['2.0', /made by a newer infer-bench; update this one \(its schema is 2\.0, this one reads 1\.x\)/],
  ['0.9', /too old/],
])('schema %s is told for what it is', async (version, message) => {
  expect(await refusal(await stored(`{"schema_version":"${version}"}`))).toMatch(message)
})

test.each([
  ['no file', 'missing.json', /there is no such file/],
  ['a folder', '.', /not a file/],
])('%s', async (_, name, message) => {
  expect(await refusal(join(folder, name))).toMatch(message)
})

test.each([
  ['', /:1:1: the file is empty/],
  ['{"schema_version": "1.0",\n  "cases": [}', /:2:13: damaged JSON/],
  ['[]', /it has no schema_version/],
  ['null', /it has no schema_version/],
  ['{"schema_version": 1}', /it has no schema_version/],
  ['{"schema_version": "1"}', /it has no schema_version/],
])('%j is refused', async (text, message) => {
  expect(await refusal(await stored(text))).toMatch(message)
})

test('a file that was cut off is refused with the place where it ends', async () => {
  const text = JSON.stringify(sample, null, 2)
  const file = await stored(text.slice(0, text.length / 2))
  const { length: lines } = text.slice(0, text.length / 2).split('\n')
  expect(await refusal(file)).toContain(`${file}:${lines}:`)
})

test.each<[string, (result: never) => void, RegExp]>([
  [
    'a missing part',
    (result: Result) => delete (result as Partial<Result>).environment,
    /environment: Invalid input: expected object/,
  ],
  [
    'text for a number',
    (result: Result) => Object.assign(result.cases[1]!.summary, { calls: 'many' }),
    /cases\[1\]\.summary\.calls: .*expected number, received string/,
  ],
  [
    'NaN, which JSON writes as null',
    (result: Result) => Object.assign(result.cases[0]!.metrics.service_time!, { p99: Number.NaN }),
    /cases\[0\]\.metrics\.service_time\.p99: .*expected number, received null/,
  ],
  [
    'a negative count',
    (result: Result) =>
      Object.assign(result.cases[0]!.errors, [{ phase: '', class: '', code: '', count: -1, sample: '' }]),
    /cases\[0\]\.errors\[0\]\.count/,
  ],
  [
    'a number out of range',
    (result: Result) => Object.assign(result.cases[0]!.summary, { errors: 1e300 }),
    /cases\[0\]\.summary\.errors/,
  ],
  [
    'a time that is none',
    (result: Result) => Object.assign(result, { start_time: '\u001b[2J' }),
    /start_time/,
  ],
  [
    'too many rounds',
    (result: Result) => Object.assign(result.cases[0]!, { rounds: Array(20_000).fill({}) }),
    /cases\[0\]\.rounds: Too big/,
  ],
  [
    'too many cases',
    (result: Result) => Object.assign(result, { cases: Array(20_000).fill({}) }),
    /cases: Too big/,
  ],
])('%s is refused with its path', async (_, change, message) => {
  expect(await refusal(await changed(change as (result: object) => void))).toMatch(message)
})

test('many mistakes are told in a few lines', async () => {
  const file = await changed((result: Record<string, unknown>) => {
    result.cases = Array(9000).fill({ name: 1 })
  })
  const lines = (await refusal(file)).split('\n')
  expect(lines.length).toBeLessThan(10)
  expect(lines.at(-1)).toMatch(/… and \d+ more/)
})

test('a plan nested without end is refused', async () => {
  const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`
  const text = JSON.stringify({ ...sample, scenario: 'HERE' }).replace('"HERE"', deep)
  expect(await refusal(await stored(text))).toMatch(/scenario: nested more than 100 levels deep/)
})

test('a file too large is refused unread', async () => {
  const file = await stored('')
  await truncate(file, 2 ** 40)
  expect(await refusal(file)).toMatch(/1048576 MiB is more than a result may have \(256 MiB\)/)
})

test('names that every object has are names like others', async () => {
  const file = await changed((result: Record<string, unknown>) => {
    const [first] = result.cases as { metrics: Record<string, unknown> }[]
    Object.defineProperty(first!.metrics, '__proto__', {
      value: first!.metrics.request_latency,
      enumerable: true,
    })
    Object.assign(first!.metrics, { constructor: first!.metrics.request_latency })
  })
  const read = await readResult(file)
  expect(Object.keys(read.cases[0]!.metrics)).toContain('constructor')
  expect({}).not.toHaveProperty('p99')
})
