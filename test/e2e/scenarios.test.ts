/** Every file in `scenarios/`, whatever it is called: it opens with its question, and it runs. */

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, type TestContext, test } from 'vitest'
import { matrixOf } from '../../src/report/matrix/matrix.ts'
import type { Result } from '../../src/result/document.ts'
import { isSaturated } from '../../src/result/verdict.ts'
import { started } from '../reference-server/started.ts'
import { needsGateway, startGateway } from '../servers/gateway.ts'
import { cli } from './cli.ts'
import { folderWith, readResultFile } from './folder.ts'
import { shortened } from './shortened.ts'

const FOLDER = fileURLToPath(new URL('../../scenarios/', import.meta.url))
const NAMES = (await readdir(FOLDER)).filter((name) => name.endsWith('.yaml'))

/** What a scenario needs that it does not start by itself; it skips where that cannot be had. */
const SURROUNDINGS: Readonly<Record<string, (context: TestContext) => Promise<Surroundings>>> = {
  'gateway.yaml': (context) => {
    needsGateway(context)
    return startGateway()
  },
  'openai-compatible.yaml': async () => {
    const server = await started()
    return { env: { CHAT_URL: server.httpUrl, CHAT_API_KEY: 'any' }, stop: () => server.close() }
  },
}

interface Surroundings {
  env: Record<string, string>
  stop(): Promise<unknown>
}

/** What must hold of a scenario's result besides that no call failed. */
const MORE: Readonly<Record<string, (result: Result, stdout: string) => void>> = {
  'performance-matrix.yaml': fillsTheMatrix,
  'handshake.yaml': savesByResuming,
  'batching.yaml': letsALoneCallerWait,
  'polling-or-streaming.yaml': streamsFasterThanItPolls,
  'rate-limit.yaml': isRefusedLessForWaiting,
  'slow-readers.yaml': readsAsSlowlyAsItIsTold,
  'audio-stream.yaml': answersEachFrame,
  'idle-sessions.yaml': standsIdle,
  'document-claims.yaml': judgesEachClaim,
}

/** Classes of errors that a scenario is there to show; no other one has any. */
const ON_PURPOSE: Readonly<Record<string, readonly string[]>> = {
  'rate-limit.yaml': ['http.429', 'grpc.RESOURCE_EXHAUSTED', 'ws.error'],
}

/** What would take too long in a test. */
const LESS: Readonly<Record<string, readonly string[]>> = {
  'payload-sweep.yaml': ['--set', 'cases.5.payload.size=2MiB'],
  'handshake.yaml': ['--set', 'vary.target.connection=[cold, resumed]'],
  'slow-readers.yaml': [
    '--set',
    'defaults.payload.output_tokens=4000',
    '--set',
    'defaults.load.concurrency=1',
  ],
  'idle-sessions.yaml': ['--set', 'vary.load.sessions=[60]'],
  'document-claims.yaml': ['--set', 'cases.15.load.concurrency=100', '--set', 'cases.17.load.sessions=60'],
  // One round is too little to tell, and that is right.
  'side-by-side.yaml': ['--allow-inconclusive'],
}

/** What tells nothing in a window of 100 ms. */
const LONGER: Readonly<Record<string, readonly string[]>> = {
  'rate-limit.yaml': ['--set', 'defaults.load.duration=400ms'],
  // A stream that a busy machine stops for a moment must not be all that there is.
  'polling-or-streaming.yaml': ['--set', 'defaults.load.duration=1s'],
  // A hundred streams take a while until the first of them ends.
  'document-claims.yaml': ['--set', 'cases.15.load.duration=1s'],
}

test('there are scenarios', () => {
  expect(NAMES).toContain('quickstart.yaml')
  const known = [...Object.keys(MORE), ...Object.keys(SURROUNDINGS), ...Object.keys(LESS)]
  expect(known.filter((name) => !NAMES.includes(name))).toEqual([])
})

describe.each(NAMES)('%s', (name) => {
  const path = join(FOLDER, name)

  test('opens with its question', async () => {
    const [first, ...lines] = (await readFile(path, 'utf8')).split('\n')
    expect(first).toBe('# yaml-language-server: $schema=../dist/scenario.schema.json')
    const opening = lines.slice(
      0,
      lines.findIndex((line) => !line.startsWith('# ')),
    )
    expect(opening.join(' ')).toMatch(/^# [A-Z].*\?/)
  })

  test('runs without an error', { timeout: 180_000 }, async (context) => {
    const surroundings = await SURROUNDINGS[name]?.(context)
    if (surroundings) context.onTestFinished(async () => void (await surroundings.stop()))
    const folder = await folderWith({})
    const args = [
      '--out',
      'result.json',
      '--quiet',
      ...shortened(await readFile(path, 'utf8')),
      ...(LESS[name] ?? []),
      ...(LONGER[name] ?? []),
    ]
    const { code, stdout, stderr } = await cli(['run', path, ...args], {
      cwd: folder,
      env: surroundings?.env ?? {},
    })
    // In a window this short, a machine that is busy with other tests makes a generator late now and then.
    const told = `${stderr}\n${stdout}`
    expect([0, 113], told).toContain(code)
    const result = await readResultFile(folder)
    for (const { name: caseName, verdict, summary, errors } of result.cases) {
      const unwanted = errors.filter((error) => !ON_PURPOSE[name]?.includes(error.class))
      expect({ caseName, unwanted }).toEqual({ caseName, unwanted: [] })
      expect(summary.sessions ?? summary.calls, caseName).toBeGreaterThan(0)
      expect(verdict.valid || isSaturated(verdict), verdict.reasons.join()).toBe(true)
    }
    MORE[name]?.(result, stdout)
  })
})

function fillsTheMatrix(result: Result, stdout: string): void {
  expect(stdout).toMatch(/^Performance matrix$/m)
  const { rows, missing } = matrixOf(result)
  expect(missing).toEqual([])
  expect(rows).toHaveLength(6)
  const empty = rows.flatMap(({ title, per, cells }) =>
    Object.entries(cells).flatMap(([column, { value, notes }]) => {
      // What a stream takes is its chunks' pace, so there is no time of its own to compare it with.
      const isTold = value !== null || (column === 'overhead_time' && per === 'chunk')
      return isTold ? [] : [`${title} ${column}: ${notes.join()}`]
    }),
  )
  expect(empty).toEqual([])
  for (const { title, concurrency } of rows) {
    // In a window this short, none of 64 streams may have ended.
    expect(concurrency.steps.length, title).toBeGreaterThanOrEqual(2)
    expect(concurrency.word, title).not.toBeNull()
  }
}

/** What may be said of a figure in so short a run is not asked; that something is said of each is. */
function judgesEachClaim(result: Result, stdout: string): void {
  expect(stdout).toMatch(/^Claims: /m)
  expect(stdout).toMatch(/^What it takes of either end$/m)
  const unmeasured = result.claims!.filter(({ verdict }) => verdict === 'cannot be measured')
  const late = new Set(result.cases.filter(({ verdict }) => !verdict.valid).map(({ name }) => name))
  // But for what a machine that is busy with other tests was too late for, only the network and the millions are missing.
  const without = unmeasured.filter(({ measured }) => !measured.some((one) => late.has(one.case)))
  expect(without.map(({ place }) => place?.split(' ')[0])).toEqual(['4', '14', '15'])
  expect(result.claims!.filter(({ measured }) => measured.some(({ value }) => value !== null))).not.toEqual(
    [],
  )
}

function isRefusedLessForWaiting({ cases }: Result): void {
  const closed = Map.groupBy(
    cases.filter(({ load }) => load.model === 'closed'),
    ({ target }) => target,
  )
  expect(closed.size).toBe(4)
  for (const [target, [ignoring, obeying]] of closed) {
    expect(ignoring!.summary.throttled, target).toBe(ignoring!.summary.errors)
    expect(obeying!.summary.throttled, target).toBe(obeying!.summary.errors)
    // Every refusal has two slots wait that a call without one would have been refused in.
    expect(obeying!.summary.error_rate, target).toBeLessThan(ignoring!.summary.error_rate!)
    expect(ignoring!.metrics.retry_after!.max, target).toBeLessThanOrEqual(11)
    expect(ignoring!.verdict.notes!.throttled).toContain('retry_after: ignore')
    expect(obeying!.verdict.notes!.throttled).toContain('which was kept')
  }
}

function readsAsSlowlyAsItIsTold({ cases }: Result): void {
  const targets = Map.groupBy(cases, ({ target }) => target)
  expect(targets.size).toBe(4)
  for (const [target, [fast, slow]] of targets) {
    // Ten pauses of 100 ms, but for those of the pieces that were read with the end.
    expect(slow!.metrics.request_latency!.min, target).toBeGreaterThanOrEqual(500)
    expect(slow!.metrics.request_latency!.min, target).toBeGreaterThan(fast!.metrics.request_latency!.min)
    expect(slow!.verdict.notes!.inter_chunk_latency, target).toContain('the reader’s own pauses')
    for (const one of [fast, slow]) expect(one!.summary.server_memory_growth, target).not.toBeNull()
  }
}

function letsALoneCallerWait({ cases }: Result): void {
  const [lone, eight] = cases.map(({ metrics }) => metrics.server_queue!.min)
  // The queue waits 2 ms, on timers that count whole milliseconds; eight callers fill a batch, at least now and then
  // on a machine that is busy with other tests.
  expect(lone).toBeGreaterThan(1)
  expect(eight).toBeLessThan(lone!)
}

function streamsFasterThanItPolls({ cases }: Result): void {
  const [stream, poll] = cases.map(({ summary }) => summary.output_token_throughput!)
  expect(stream! / poll!).toBeGreaterThan(1.5)
}

/** A speaker is a connection, and each frame of a stream has its answer. */
function answersEachFrame({ cases }: Result, stdout: string): void {
  const [, eight, ...streams] = cases
  expect(eight!.summary.connections).toBe(8)
  expect(streams).toHaveLength(2)
  for (const { name, summary, metrics } of streams) {
    expect(metrics.message_latency!.count, name).toBe(125 * summary.calls)
  }
  expect(stdout).toMatch(/^Streaming calls\n.*\bmessage\b/m)
}

function savesByResuming({ cases }: Result): void {
  const targets = Map.groupBy(cases, ({ target }) => target)
  expect(targets.size).toBe(6)
  for (const [target, [cold, resumed]] of targets) {
    expect(cold!.summary.resumed, target).toBe(0)
    expect(resumed!.summary.resumed, target).toBe(resumed!.summary.connections)
    expect(resumed!.summary.handshake_bytes, target).toBeLessThan(cold!.summary.handshake_bytes!)
    expect(resumed!.metrics.tls_handshake!.count, target).toBeGreaterThan(0)
  }
}

function standsIdle(result: Result, stdout: string): void {
  expect(stdout).toMatch(/^Idle sessions$/m)
  expect(result.cases.map(({ target }) => target)).toEqual(['websocket', 'sse', 'grpc', 'grpc-watch', 'mcp'])
  for (const { name, summary, metrics, absent } of result.cases) {
    expect(summary, name).toMatchObject({ sessions: 60, sessions_lost: 0, connections: 60 })
    expect(metrics.handshake!.count, name).toBe(60)
    // So few of them may be less than what else moves in the meantime: it is told all the same.
    expect(summary.server_memory_per_session, name).toEqual(expect.any(Number))
    expect(summary.client_memory_per_session, name).toEqual(expect.any(Number))
    expect(
      Object.keys(absent).filter((metric) => metric.includes('memory')),
      name,
    ).toEqual([])
  }
}
