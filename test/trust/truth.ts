/**
 * What servers of known behaviour did, and what the tool read of it: over every interface, at every percentile, in an
 * open and in a closed loop. `test/truth` asks the same in every change, with fewer calls.
 */

import { type CallKind, streamsRequest } from '../../src/drivers/driver.ts'
import type { CaseResult } from '../../src/result/document.ts'
import type { KnownPorts } from '../servers/known.ts'
import type { KnownLog } from '../servers/known-behaviour.ts'
import { startProcess } from '../servers/start.ts'
import { startControl } from '../truth/control.ts'
import { quantile } from '../truth/quantile.ts'
import { WAYS, type Way } from '../truth/ways.ts'
import { runTool } from './tool.ts'

export const SHARES = { p50: 0.5, p90: 0.9, p99: 0.99, p99_9: 0.999 } as const
export type Statistic = keyof typeof SHARES

interface Behaviour {
  name: string
  /** In a header; see test/servers/known-behaviour.ts. */
  known: string
  kinds: readonly CallKind[]
  metric: string
  /** From the log, in ms. */
  truthMs(log: KnownLog): number[]
  loads: Partial<Record<'open' | 'closed', object>>
  rounds: number
  /** Of calls whose client streams. */
  messages?: object
  /** One call at a time on a connection, where calls would share one. */
  isAlone?: true
}

export interface TruthRow {
  interface: string
  kind: CallKind
  behaviour: string
  loop: string
  metric: string
  count: number
  at: Record<Statistic, { truthMs: number; readMs: number }>
}

export interface Truth {
  rows: TruthRow[]
  /** What a bare socket misread of the same process's replies in the same minutes, in ms. */
  control: Record<Statistic, number>
}

const CALLS = 1000
const ROUNDS = 2
const STREAM_CALLS = 100
const RATE_PER_SECOND = 150
const STALL_RATE_PER_SECOND = 200
const CONTROL_EVERY_MS = 20

const REPLIES = {
  open: { model: 'constant', rate: `${RATE_PER_SECOND}/s`, calls: CALLS, warmup: '0s' },
  closed: { model: 'closed', concurrency: 2, calls: CALLS, warmup: '0s' },
}
const STREAMS = {
  open: { model: 'constant', rate: '23/s', calls: STREAM_CALLS, warmup: '0s' },
  closed: { model: 'closed', concurrency: 3, calls: STREAM_CALLS, warmup: '0s' },
}

const delays = (log: KnownLog) => log.map(({ delayMs }) => delayMs)
const gaps = (log: KnownLog) => log.flatMap(({ gapsMs }) => gapsMs)

/** How late each reply was by the schedule, by when the server wrote it. */
function sincePlanned(log: KnownLog): number[] {
  const firstMs = log[0]!.atMs
  return log.map(
    ({ atMs, delayMs }, index) => atMs + delayMs - firstMs - (index * 1000) / STALL_RATE_PER_SECOND,
  )
}

const BEHAVIOURS: readonly Behaviour[] = [
  {
    name: 'every reply after 20 ms',
    known: 'does=reply&ms=20',
    kinds: ['unary'],
    metric: 'service_time',
    truthMs: delays,
    loads: REPLIES,
    rounds: ROUNDS,
  },
  {
    name: '95% after 5 ms, 5% after 80 ms',
    known: 'does=reply&ms=5&slow=80',
    kinds: ['unary'],
    metric: 'service_time',
    truthMs: delays,
    loads: REPLIES,
    rounds: ROUNDS,
  },
  {
    name: 'a reply in 10 pieces, 2 ms apart',
    known: 'does=drip&pieces=10&gap=2',
    kinds: ['unary'],
    metric: 'service_time',
    truthMs: delays,
    loads: REPLIES,
    rounds: ROUNDS,
    isAlone: true,
  },
  {
    name: 'stands still for 0.5 s, over one connection',
    known: 'does=stall&after=1000&for=500',
    kinds: ['unary'],
    metric: 'request_latency',
    truthMs: sincePlanned,
    loads: {
      open: {
        model: 'constant',
        rate: `${STALL_RATE_PER_SECOND}/s`,
        calls: CALLS,
        warmup: '0s',
        connections: 1,
      },
    },
    rounds: 1,
    isAlone: true,
  },
  {
    name: '20 chunks, 10 ms apart: gaps',
    known: 'does=stream&chunks=20&gap=10',
    kinds: ['server-stream'],
    metric: 'inter_chunk_latency',
    truthMs: gaps,
    loads: STREAMS,
    rounds: ROUNDS,
  },
  {
    name: '6 messages, 10 ms apart, echoed: gaps',
    known: 'does=echo&pause=15',
    kinds: ['bidi'],
    metric: 'inter_chunk_latency',
    truthMs: gaps,
    loads: STREAMS,
    rounds: ROUNDS,
    messages: { messages: 6, message_interval: '10ms' },
  },
]

interface Question {
  name: string
  behaviour: Behaviour
  way: Way
  loop: string
  load: object
}

export async function askForTruth(): Promise<Truth> {
  const questions = BEHAVIOURS.flatMap((behaviour) =>
    WAYS.filter(({ kind }) => behaviour.kinds.includes(kind)).flatMap((way) =>
      Object.entries(behaviour.loads).map(
        ([loop, load], index): Question => ({
          name: `${way.name}-${way.kind}-${BEHAVIOURS.indexOf(behaviour)}-${index}`,
          behaviour,
          way,
          loop,
          load,
        }),
      ),
    ),
  )
  const server = await startProcess<KnownPorts>('./known.ts')
  const control = startControl(server.ready.http, CONTROL_EVERY_MS)
  try {
    const fromMs = Date.now()
    const { result } = await runTool(scenarioOf(questions, server.ready))
    const misreadsMs = control.between(fromMs, Date.now())
    const rows: TruthRow[] = []
    for (const question of questions) {
      const read = result.cases.find(({ target }) => target === question.name)!
      rows.push(rowOf(question, read, await logOf(server.ready.http, question.name)))
    }
    return { rows, control: quantiles(misreadsMs) }
  } finally {
    control.stop()
    await server.stop()
  }
}

function scenarioOf(questions: readonly Question[], ports: KnownPorts): object {
  const targets = questions.map(({ name, way, behaviour }) => {
    const headers = { known: `${behaviour.known}&kind=${way.kind}&log=${name}` }
    return [name, { api: 'raw', ...way.target(ports), ...(behaviour.isAlone && way.alone), headers }]
  })
  const cases = questions.map(({ name, way, behaviour, load }) => ({
    target: name,
    load,
    rounds: behaviour.rounds,
    payload: { ...way.payload, ...(streamsRequest(way.kind) && behaviour.messages) },
  }))
  return { name: 'truth', targets: Object.fromEntries(targets), cases, defaults: { floor: 'off' } }
}

async function logOf(port: number, name: string): Promise<KnownLog> {
  const reply = await fetch(`http://127.0.0.1:${port}/log?${name}`)
  return (await reply.json()) as KnownLog
}

function rowOf({ behaviour, way, loop }: Question, read: CaseResult, log: KnownLog): TruthRow {
  const told = read.metrics[behaviour.metric]!
  const truthMs = behaviour.truthMs(log)
  if (told.count !== truthMs.length) {
    throw new Error(`${read.name}: ${told.count} values were read, and ${truthMs.length} are in the log`)
  }
  const truth = quantiles(truthMs)
  const at = Object.fromEntries(
    Object.keys(SHARES).map((name) => {
      const statistic = name as Statistic
      return [statistic, { truthMs: truth[statistic], readMs: told[statistic] }]
    }),
  ) as TruthRow['at']
  return {
    interface: way.name,
    kind: way.kind,
    behaviour: behaviour.name,
    loop,
    metric: behaviour.metric,
    count: told.count,
    at,
  }
}

function quantiles(values: readonly number[]): Record<Statistic, number> {
  return Object.fromEntries(
    Object.entries(SHARES).map(([name, share]) => [name, quantile(values, share)]),
  ) as Record<Statistic, number>
}
