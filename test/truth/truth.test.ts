/**
 * Does the tool read what really happened? Servers of known behaviour log what each reply really took, and the tool,
 * run as a user runs it over every interface and kind of call, must read what a bare socket would have read of the same
 * replies on the same machine in the same seconds. INFER_BENCH_SHOW=1 prints the figures.
 */

import os from 'node:os'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CallKind, streamsRequest } from '../../src/drivers/driver.ts'
import { PROTOCOLS } from '../../src/drivers/registry.ts'
import type { CaseResult, RoundResult } from '../../src/result/document.ts'
import { runScenario } from '../e2e/cli.ts'
import type { KnownPorts } from '../servers/known.ts'
import type { KnownLog } from '../servers/known-behaviour.ts'
import { type ServerProcess, startProcess } from '../servers/start.ts'
import { type Control, startControl } from './control.ts'
import { quantile } from './quantile.ts'
import { WAYS, type Way } from './ways.ts'

const PRIORITY = -15
const CONTROL_EVERY_MS = 9
/** A client does more for a call than a bare socket does: what slows that one down slows it down by a multiple. */
const CONTROL_SHARE = 2
const ROUNDS = 3

/** What the server does, and the load under which it is looked at. */
interface Behaviour {
  name: string
  kinds: readonly CallKind[]
  known: string
  load: Record<string, unknown>
  rounds: number
  /** Of calls whose client streams. */
  messages?: Record<string, unknown>
  timeout?: Record<string, unknown>
  isAlone?: true
  /** What is compared of each round. */
  pairs?: (round: RoundResult, calls: KnownLog, misreadsMs: readonly number[]) => Pair[]
}

const REPLIES = { model: 'constant', rate: '150/s', calls: 150, warmup: '0s' }
/** At 23/s no two streams beat in time, so that their chunks do not wait for each other in the client. */
const STREAMS = { model: 'constant', rate: '23/s', calls: 20, warmup: '0s' }
const ECHO_PAUSE_MS = 15
/** One answer in six comes after a pause, and the one behind it waits for it. */
const ECHOED = { messages: 6, message_interval: '10ms' }
const STALL_MS = 500
const STALLED = { model: 'constant', rate: '200/s', calls: 500, warmup: '0s', connections: 1 }
const FAIL_EVERY = 33
const FLAKY = { model: 'closed', concurrency: 4, calls: 10 * FAIL_EVERY, warmup: '0s' }
const HANG_MS = 100
const HUNG = { model: 'closed', concurrency: 4, calls: 8, warmup: '0s' }
const ALL: readonly CallKind[] = ['unary', 'server-stream', 'client-stream', 'bidi']

const BEHAVIOURS: readonly Behaviour[] = [
  {
    name: 'fixed',
    kinds: ['unary'],
    known: 'does=reply&ms=20',
    load: REPLIES,
    rounds: ROUNDS,
    pairs: replyPairs,
  },
  {
    name: 'bimodal',
    kinds: ['unary', 'client-stream'],
    known: 'does=reply&ms=5&slow=80',
    load: REPLIES,
    rounds: ROUNDS,
    pairs: replyPairs,
    messages: { messages: 3, message_interval: '5ms' },
  },
  {
    name: 'gaps',
    kinds: ['server-stream'],
    known: 'does=stream&chunks=20&gap=10',
    load: STREAMS,
    rounds: ROUNDS,
    pairs: streamPairs,
  },
  {
    name: 'echo',
    kinds: ['bidi'],
    known: `does=echo&pause=${ECHO_PAUSE_MS}`,
    load: STREAMS,
    rounds: ROUNDS,
    pairs: echoPairs,
    messages: ECHOED,
  },
  {
    name: 'stall',
    kinds: ['unary'],
    known: `does=stall&after=1000&for=${STALL_MS}`,
    load: STALLED,
    rounds: 1,
  },
  {
    name: 'flaky',
    kinds: ALL,
    known: `does=fail&every=${FAIL_EVERY}`,
    load: FLAKY,
    rounds: 1,
    messages: { messages: 2 },
    isAlone: true,
  },
  {
    name: 'hang',
    kinds: ALL,
    known: 'does=hang',
    load: HUNG,
    rounds: 1,
    messages: { messages: 2 },
    timeout: { total: `${HANG_MS}ms` },
    isAlone: true,
  },
]

/** One case of the run. */
interface Question {
  name: string
  way: Way
  behaviour: Behaviour
}

const QUESTIONS: readonly Question[] = BEHAVIOURS.flatMap((behaviour) =>
  WAYS.filter(({ kind }) => behaviour.kinds.includes(kind)).map((way) => ({
    name: `${way.name}-${way.kind}-${behaviour.name}`,
    way,
    behaviour,
  })),
)

const of = (...names: string[]): Question[] =>
  QUESTIONS.filter(({ behaviour }) => names.includes(behaviour.name))

/** What the tool read of a question, what the server logged, and what is too far off. */
interface Answer {
  read: CaseResult
  log: KnownLog
  misses: string[]
}

let server: ServerProcess<KnownPorts>
const answers = new Map<string, Answer>()

beforeAll(async () => {
  // Server and tool are to be compared with each other, not with what else this machine does: both inherit this.
  try {
    os.setPriority(PRIORITY)
  } catch {
    // Without the right to it they run as everything else does.
  }
  server = await startProcess<KnownPorts>('./known.ts')
  await ask(QUESTIONS)
}, 200_000)

afterAll(() => server?.stop())

/** One run for all, whose cases are interleaved round by round: a bad second of the machine hurts one round of few. */
async function ask(questions: readonly Question[]): Promise<void> {
  const control = startControl(server.ready.http, CONTROL_EVERY_MS)
  const targets = Object.fromEntries(
    questions.map(({ name, way, behaviour }) => {
      const headers = { known: `${behaviour.known}&kind=${way.kind}&log=${name}` }
      const alone = behaviour.isAlone ? way.alone : {}
      return [name, { api: 'raw', ...way.target(server.ready), ...alone, headers }]
    }),
  )
  const cases = questions.map(({ name, way, behaviour: { load, rounds, timeout, messages } }) => {
    const payload = { ...way.payload, ...(streamsRequest(way.kind) ? messages : {}) }
    return { target: name, load, rounds, payload, ...(timeout ? { timeout } : {}) }
  })
  const { result } = await runScenario(
    JSON.stringify({ name: 'truth', targets, cases, defaults: { floor: 'off' } }),
  )
  control.stop()
  for (const question of questions) {
    const { name } = question
    const read = result.cases.find(({ target }) => target === name)!
    const reply = await fetch(`http://127.0.0.1:${server.ready.http}/log?${name}`)
    const log = (await reply.json()) as KnownLog
    answers.set(name, { read, log, misses: compared(question, read, log, control) })
  }
}

/** A statistic of the tool's, and of what the server logged of the same calls. */
interface Pair {
  says: string
  toldMs: number
  loggedMs: number
  /** What a bare socket would have read there, given what it misread meanwhile. */
  socketMs: number
}

/**
 * What is too far off in every round. A bias would be in each of them; a machine that takes a core away for some
 * milliseconds does it in some.
 */
function compared(
  { name, way, behaviour }: Question,
  read: CaseResult,
  log: KnownLog,
  control: Control,
): string[] {
  const { pairs } = behaviour
  if (!pairs) return []
  const each = log.length / read.rounds.length
  const perRound = read.rounds.map((round, index) => {
    const calls = log.slice(index * each, (index + 1) * each)
    const misreadsMs = control.between(calls[0]!.atMs, calls.at(-1)!.atMs)
    return pairs(round, calls, misreadsMs).map((pair) => missOf(name, pair, way.withinMs + codecMs(round)))
  })
  const [first = [], ...others] = perRound
  return first.flatMap((miss, index) => (others.every((round) => round[index] !== null) ? (miss ?? []) : []))
}

function codecMs({ metrics }: RoundResult): number {
  return (metrics.serialize?.p50 ?? 0) + (metrics.deserialize?.p50 ?? 0)
}

function missOf(name: string, { says, toldMs, loggedMs, socketMs }: Pair, withinMs: number): string | null {
  const [offMs, allowedMs] = [toldMs - loggedMs, withinMs + CONTROL_SHARE * Math.abs(socketMs - loggedMs)]
  const text = `${name} ${says}: told ${toldMs.toFixed(3)}, logged ${loggedMs.toFixed(3)}, off by ${offMs.toFixed(3)} of ${allowedMs.toFixed(3)}`
  if (process.env.INFER_BENCH_SHOW) process.stdout.write(`${text}\n`)
  return Math.abs(offMs) < allowedMs ? null : text
}

type Statistic = 'p50' | 'p90' | 'p99'
const SHARES: Record<Statistic, number> = { p50: 0.5, p90: 0.9, p99: 0.99 }

function pairsOf(
  metric: string,
  statistics: readonly Statistic[],
  round: RoundResult,
  loggedMs: readonly number[],
  socketMs: readonly number[],
): Pair[] {
  return statistics.map((statistic) => ({
    says: `${metric} ${statistic}`,
    toldMs: round.metrics[metric]?.[statistic] ?? Number.NaN,
    loggedMs: quantile(loggedMs, SHARES[statistic]),
    socketMs: quantile(socketMs, SHARES[statistic]),
  }))
}

/** Each duration with each misreading of its round. */
function misread(durationsMs: readonly number[], misreadsMs: readonly number[]): number[] {
  return durationsMs.flatMap((durationMs) => misreadsMs.map((misreadMs) => durationMs + misreadMs))
}

/** A gap is misread at both of its ends. */
function misreadGaps(gapsMs: readonly number[], misreadsMs: readonly number[]): number[] {
  const { length } = misreadsMs
  const others = misreadsMs.map((_, index) => misreadsMs[(index + Math.floor(length / 2)) % length]!)
  return gapsMs.flatMap((gapMs) =>
    misreadsMs.map((misreadMs, index) => Math.max(0, gapMs + misreadMs - others[index]!)),
  )
}

function replyPairs(round: RoundResult, calls: KnownLog, misreadsMs: readonly number[]): Pair[] {
  const delaysMs = calls.map(({ delayMs }) => delayMs)
  return pairsOf('service_time', ['p50', 'p90', 'p99'], round, delaysMs, misread(delaysMs, misreadsMs))
}

function streamPairs(round: RoundResult, calls: KnownLog, misreadsMs: readonly number[]): Pair[] {
  const gapsMs = calls.flatMap((call) => call.gapsMs)
  const firstsMs = calls.map(({ firstChunkMs }) => firstChunkMs)
  return [
    ...pairsOf('inter_chunk_latency', ['p50', 'p90'], round, gapsMs, misreadGaps(gapsMs, misreadsMs)),
    ...pairsOf('time_to_first_token', ['p50', 'p90'], round, firstsMs, misread(firstsMs, misreadsMs)),
  ]
}

function echoPairs(round: RoundResult, calls: KnownLog, misreadsMs: readonly number[]): Pair[] {
  const answersMs = calls.flatMap((call) => call.answersMs)
  return [
    ...streamPairs(round, calls, misreadsMs),
    ...pairsOf('message_latency', ['p50', 'p90'], round, answersMs, misread(answersMs, misreadsMs)),
  ]
}

test('every interface is asked for every kind of call that it carries', () => {
  const kinds = PROTOCOLS.flatMap(({ name, kinds: own }) => own.map((kind) => `${name} ${kind}`))
  expect(WAYS.map(({ name, kind }) => `${name} ${kind}`)).toEqual(kinds)
})

test.each(of('fixed', 'bimodal'))('service_time is what the server logged: $name', ({ name }) => {
  const { read, log, misses } = answers.get(name)!
  expect(read.summary).toMatchObject({ calls: REPLIES.calls * ROUNDS, errors: 0 })
  expect(log).toHaveLength(REPLIES.calls * ROUNDS)
  expect(misses).toEqual([])
})

test.each(of('gaps', 'echo'))(
  'chunks: gaps and the first one are what the server logged: $name',
  ({ name }) => {
    const { read, log, misses } = answers.get(name)!
    expect(read.summary).toMatchObject({ calls: STREAMS.calls * ROUNDS, errors: 0 })
    expect(log).toHaveLength(STREAMS.calls * ROUNDS)
    expect(read.metrics.inter_chunk_latency!.count).toBe(log.flatMap(({ gapsMs }) => gapsMs).length)
    expect(misses).toEqual([])
  },
)

test.each(of('echo'))('each message has its answer, and the pause shows in one of six: $name', ({ name }) => {
  const { read, log } = answers.get(name)!
  const answersMs = log.flatMap((call) => call.answersMs)
  expect(answersMs).toHaveLength(ECHOED.messages * STREAMS.calls * ROUNDS)
  const told = read.metrics.message_latency!
  expect(told.count).toBe(answersMs.length)
  expect(told.p90 - told.p50).toBeGreaterThan(ECHO_PAUSE_MS / 2)
})

test.each(of('stall'))(
  'a server that stands still is not left out, as latency counts from the plan: $name',
  ({ name }) => {
    const { read, log } = answers.get(name)!
    expect(read.summary).toMatchObject({ calls: STALLED.calls, errors: 0 })
    // Whatever the server did, only the generator's own lateness may make a run invalid.
    const { p50, p99 } = read.metrics.dispatch_delay!
    const generatorIsLate = p50 > 1 || p99 > 5
    expect(read.verdict.valid || generatorIsLate, read.verdict.reasons.join('; ')).toBe(true)
    // A fifth of the calls fell due while it stood still: half of those waited for more than half of it, and the first
    // five, which are the last 1% of all, for nearly all. A busy machine only adds to that.
    const stoodMs = Math.max(...log.map(({ delayMs }) => delayMs))
    expect(stoodMs / STALL_MS).toBeGreaterThan(0.95)
    const { p50: halfMs, p90: longMs, p99: longestMs } = read.metrics.request_latency!
    expect(longestMs / stoodMs).toBeGreaterThan(0.9)
    expect(longestMs / stoodMs).toBeLessThan(1.2)
    expect(longMs / (stoodMs / 2)).toBeGreaterThan(0.9)
    expect(longMs / (stoodMs / 2)).toBeLessThan(1.4)
    expect(halfMs / stoodMs).toBeLessThan(0.1)
  },
)

test.each(of('flaky'))('every call and every error is counted once: $name', ({ name, way }) => {
  const { read, log } = answers.get(name)!
  const failed = log.filter(({ ended }) => ended === 'failed').length
  expect(log).toHaveLength(FLAKY.calls)
  expect(failed).toBe(FLAKY.calls / FAIL_EVERY)
  expect(read.summary).toMatchObject({ calls: log.length, errors: failed })
  expect(read.errors).toMatchObject([{ class: way.failure, count: failed }])
})

test.each(of('hang'))('the server hears of a call that is given up: $name', ({ name }) => {
  const { read, log } = answers.get(name)!
  expect(read.summary).toMatchObject({ calls: HUNG.calls, errors: HUNG.calls })
  expect(new Set(read.errors.map(({ class: errorClass }) => errorClass))).toEqual(new Set(['timeout.total']))
  // A call whose connection was still being opened did not come to the server at all.
  expect(log.length).toBeGreaterThanOrEqual(HUNG.concurrency)
  expect(new Set(log.map(({ ended }) => ended))).toEqual(new Set(['cancelled']))
  const longestMs = Math.max(...log.map(({ delayMs }) => delayMs))
  expect(longestMs / HANG_MS).toBeGreaterThan(0.9)
})
