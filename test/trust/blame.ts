/**
 * Whose fault is it? Ways to make the generator the bottleneck on purpose, each of which the tool must flag with the
 * right reason, and servers at fault, for which it must never flag itself.
 */

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { KnownPorts } from '../servers/known.ts'
import { startProcess, startServer } from '../servers/start.ts'
import { runWatched, type WatchedRun } from './flags.ts'
import type { RunOptions } from './tool.ts'
import { type Watcher, watchMachine } from './watcher.ts'

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
  run(servers: Servers, run: RunScenario): Promise<WatchedRun>
}

interface ServerAtFault {
  name: string
  run(servers: Servers, run: RunScenario): Promise<WatchedRun>
}

type RunScenario = (scenario: object, options?: RunOptions) => Promise<WatchedRun>

const OWN_CORE = ['taskset', '-c', '0']
const HOGS = 6
const HOG_S = 120
const STOPPED_AFTER_S = 1
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
    run: ({ replying }, run) =>
      run(scenario({ url: replying }, { model: 'constant', rate: '200000/s', duration: '1s', warmup: '0s' })),
  },
  {
    name: 'other work on its core',
    says: /no core ran it.*a core of its own/,
    run: ({ replying }, run) =>
      besideHogs(
        run,
        scenario({ url: replying }, { model: 'constant', rate: '500/s', duration: '3s', warmup: '500ms' }),
      ),
  },
  {
    name: 'an event loop that is blocked',
    says: /event loop was blocked for up to \d+/,
    run: ({ replying }, run) =>
      run(
        scenario({ url: replying }, { model: 'constant', rate: '200/s', duration: '3s', warmup: '500ms' }),
        { env: { NODE_OPTIONS: `--import ${here('blocked-thread.mjs')}` } },
      ),
  },
  {
    name: 'one connection for too many calls',
    says: /one of the 1 connections that the scenario allows/,
    run: ({ known }, run) =>
      run(
        scenario(
          { url: known, headers: { known: 'does=reply&ms=50' } },
          { model: 'constant', rate: '100/s', duration: '3s', warmup: '0s', connections: 1 },
        ),
      ),
  },
  {
    name: 'a large payload that takes long to encode',
    says: /encoding and decoding took \d+% of its thread’s time/,
    run: ({ replying }, run) =>
      run(
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
    run: ({ replying }, run) =>
      run(
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
    run: ({ known }, run) => open(run, known, 'does=reply&ms=300', '100/s'),
  },
  {
    name: 'a server that does less than is asked of it',
    run: ({ replying }, run) =>
      run(
        scenario(
          { url: `${replying}/worker` },
          { model: 'constant', rate: '300/s', duration: '3s', warmup: '0s' },
        ),
      ),
  },
  {
    name: 'a server that stands still',
    run: ({ known }, run) => open(run, known, 'does=stall&after=1000&for=800&log=stall', '200/s'),
  },
  {
    name: 'a server that refuses every other call',
    run: ({ known }, run) => open(run, known, 'does=fail&every=2', '200/s'),
  },
]

function open(run: RunScenario, url: string, known: string, rate: string): Promise<WatchedRun> {
  return run(scenario({ url, headers: { known } }, { model: 'constant', rate, duration: '3s', warmup: '0s' }))
}

/** Programs that do nothing but compute share its core, more of them than a scheduler can be fair to; the server has the others. */
async function besideHogs(run: RunScenario, scenario: object): Promise<WatchedRun> {
  const [command, ...rest] = [...OWN_CORE, process.execPath, '-e', hog]
  const hogs = Array.from({ length: HOGS }, () => spawn(command!, rest, { stdio: 'ignore' }))
  try {
    return await run(scenario, { through: OWN_CORE })
  } finally {
    for (const one of hogs) one.kill('SIGKILL')
  }
}

/** Ends by itself, whatever happens to the process that started it. */
const hog = `const until = Date.now() + ${HOG_S * 1000}; while (Date.now() < until);`

async function withServers<Value>(
  use: (servers: Servers, run: RunScenario) => Promise<Value>,
): Promise<Value> {
  const replying = await startServer('./replying-http.ts')
  const known = await startProcess<KnownPorts>('./known.ts')
  const watcher: Watcher = watchMachine()
  try {
    const servers = { replying: replying.url, known: `http://127.0.0.1:${known.ready.http}` }
    return await use(servers, (scenario, options) => runWatched(scenario, watcher, options))
  } finally {
    watcher.stop()
    await replying.stop()
    await known.stop()
  }
}

export interface Bottlenecked extends WatchedRun {
  name: string
  /** The flag that has the right reason; null where there is none. */
  right: string | null
}

export function runBottlenecks(): Promise<Bottlenecked[]> {
  return withServers(async (servers, runScenario) => {
    const judged: Bottlenecked[] = []
    for (const { name, says, run } of BOTTLENECKS) {
      const watched = await run(servers, runScenario)
      judged.push({ ...watched, name, right: watched.flags.find((flag) => says.test(flag)) ?? null })
    }
    return judged
  })
}

export function runServersAtFault(): Promise<(WatchedRun & { name: string })[]> {
  return withServers(async (servers, runScenario) => {
    const judged: (WatchedRun & { name: string })[] = []
    for (const { name, run } of SERVERS_AT_FAULT) {
      judged.push({ ...(await run(servers, runScenario)), name })
    }
    return judged
  })
}
