/**
 * Whose fault is it? Ways to make the generator the bottleneck on purpose, each of which the tool must flag with the
 * right reason, and servers at fault, for which it must never flag itself.
 */

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Result } from '../../src/result/document.ts'
import { isSaturated } from '../../src/result/verdict.ts'
import type { KnownPorts } from '../servers/known.ts'
import { startProcess, startServer } from '../servers/start.ts'
import { type Run, type RunOptions, runTool } from './tool.ts'

/** Where the servers of these runs listen. */
interface Servers {
  /** Replies at once; `/worker` like one worker that takes 5 ms a call. */
  replying: string
  /** Does what a header says. */
  known: string
}

interface Bottleneck {
  name: string
  /** What has to stand in the reasons or notes. */
  says: RegExp
  run(servers: Servers): Promise<Run>
}

interface ServerAtFault {
  name: string
  run(servers: Servers): Promise<Run>
}

export interface Judged {
  name: string
  code: number | null
  /** Every reason and note that blames the generator. */
  flags: string[]
}

const OWN_CORE = ['taskset', '-c', '0']
const HOGS = 2
const HOG_S = 20
const STOPPED_AFTER_S = 2.5
const STOPPED_FOR_S = 3

const here = (name: string) => new URL(name, import.meta.url)

function scenario(target: object, load: object, more: object = {}): object {
  return {
    name: 'blame',
    targets: { mine: { interface: 'rest', api: 'raw', method: 'GET', ...target } },
    cases: [{ target: 'mine', rounds: 1, floor: 'off', load, timeout: { total: '20s' }, ...more }],
  }
}

const BOTTLENECKS: readonly Bottleneck[] = [
  {
    name: 'a rate that is too high',
    says: /could not keep its schedule.*busy for \d+% of the time.*add --workers/,
    run: ({ replying }) =>
      runTool(
        scenario({ url: replying }, { model: 'constant', rate: '200000/s', duration: '1s', warmup: '0s' }),
      ),
  },
  {
    name: 'other work on its core',
    says: /no core ran it.*a core of its own/,
    run: ({ replying }) =>
      besideHogs(
        scenario({ url: replying }, { model: 'constant', rate: '500/s', duration: '3s', warmup: '500ms' }),
      ),
  },
  {
    name: 'an event loop that is blocked',
    says: /event loop was blocked for up to \d+/,
    run: ({ replying }) =>
      runTool(
        scenario({ url: replying }, { model: 'constant', rate: '200/s', duration: '3s', warmup: '500ms' }),
        { env: { NODE_OPTIONS: `--import ${here('blocked-thread.mjs')}` } },
      ),
  },
  {
    name: 'one connection for too many calls',
    says: /one of the 1 connections that the scenario allows/,
    run: ({ known }) =>
      runTool(
        scenario(
          { url: known, headers: { known: 'does=reply&ms=50' } },
          { model: 'constant', rate: '100/s', duration: '3s', warmup: '0s', connections: 1 },
        ),
      ),
  },
  {
    name: 'a large payload that takes long to encode',
    says: /encoding and decoding took \d+% of its thread’s time/,
    run: ({ replying }) =>
      runTool(
        scenario(
          { url: replying, api: 'kserve-v2', model: 'mlp', method: 'POST' },
          { model: 'constant', rate: '20/s', duration: '3s', warmup: '0s' },
          { payload: { size: '4MiB' } },
        ),
      ),
  },
  {
    name: 'output that nobody reads',
    says: /^run: was held up for \d+/,
    run: ({ replying }) =>
      runTool(
        scenario(
          { url: replying },
          { model: 'constant', rate: '100/s', duration: '4s', warmup: '500ms' },
          { rounds: 2 },
        ),
        {
          through: [
            'python3',
            fileURLToPath(here('stopped-terminal.py')),
            String(STOPPED_AFTER_S),
            String(STOPPED_FOR_S),
          ],
          env: { TERM: 'xterm' },
        },
      ),
  },
]

const SERVERS_AT_FAULT: readonly ServerAtFault[] = [
  {
    name: 'a server that is slow',
    run: ({ known }) => open(known, 'does=reply&ms=300', '100/s'),
  },
  {
    name: 'a server that does less than is asked of it',
    run: ({ replying }) =>
      runTool(
        scenario(
          { url: `${replying}/worker` },
          { model: 'constant', rate: '300/s', duration: '3s', warmup: '0s' },
        ),
      ),
  },
  {
    name: 'a server that stands still',
    run: ({ known }) => open(known, 'does=stall&after=1000&for=800&log=stall', '200/s'),
  },
  {
    name: 'a server that refuses every other call',
    run: ({ known }) => open(known, 'does=fail&every=2', '200/s'),
  },
]

function open(url: string, known: string, rate: string): Promise<Run> {
  return runTool(
    scenario({ url, headers: { known } }, { model: 'constant', rate, duration: '3s', warmup: '0s' }),
  )
}

/** Two programs that do nothing but compute share its core; the server has the others. */
async function besideHogs(what: object): Promise<Run> {
  const [command, ...rest] = [...OWN_CORE, process.execPath, '-e', hog]
  const hogs = Array.from({ length: HOGS }, () => spawn(command!, rest, { stdio: 'ignore' }))
  try {
    return await runTool(what, { through: OWN_CORE } satisfies RunOptions)
  } finally {
    for (const one of hogs) one.kill('SIGKILL')
  }
}

/** Ends by itself, whatever happens to the process that started it. */
const hog = `const until = Date.now() + ${HOG_S * 1000}; while (Date.now() < until);`

/** What of a result blames the generator. */
export function flagsOf({ cases, verdict }: Result): string[] {
  const notes = (given: Result['verdict']['notes']) =>
    Object.entries(given ?? {}).map(([metric, note]) => `${metric}: ${note}`)
  const isDrift = (flag: string) => /^request_latency: was not steady/.test(flag)
  return [
    ...notes(verdict.notes),
    ...cases.flatMap((one) => [
      ...(isSaturated(one.verdict) ? one.verdict.reasons : []),
      ...notes(one.verdict.notes).filter((flag) => !isDrift(flag)),
    ]),
  ]
}

async function withServers<Value>(use: (servers: Servers) => Promise<Value>): Promise<Value> {
  const replying = await startServer('./replying-http.ts')
  const known = await startProcess<KnownPorts>('./known.ts')
  try {
    return await use({ replying: replying.url, known: `http://127.0.0.1:${known.ready.http}` })
  } finally {
    await replying.stop()
    await known.stop()
  }
}

/** Each bottleneck, with the flag that has the right reason; null where there is none. */
export function runBottlenecks(): Promise<(Judged & { right: string | null })[]> {
  return withServers(async (servers) => {
    const judged: (Judged & { right: string | null })[] = []
    for (const { name, says, run } of BOTTLENECKS) {
      const { code, result } = await run(servers)
      const flags = flagsOf(result)
      judged.push({ name, code, flags, right: flags.find((flag) => says.test(flag)) ?? null })
    }
    return judged
  })
}

export function runServersAtFault(): Promise<Judged[]> {
  return withServers(async (servers) => {
    const judged: Judged[] = []
    for (const { name, run } of SERVERS_AT_FAULT) {
      const { code, result } = await run(servers)
      judged.push({ name, code, flags: flagsOf(result) })
    }
    return judged
  })
}
