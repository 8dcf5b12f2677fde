/**
 * Runs with which nothing is wrong: a moderate rate, a server that is at ease. Whatever the tool flags there must be a
 * stall of the machine, which a watcher that knows nothing of the tool has seen, too.
 */

import type { KnownPorts } from '../servers/known.ts'
import { startProcess } from '../servers/start.ts'
import { runWatched, type WatchedRun } from './flags.ts'
import { watchMachine } from './watcher.ts'

const RATE = 200
const SECONDS = 2

/** Asks servers of every interface in turn, which reply after 5 ms. */
export async function runHealthy(count: number): Promise<WatchedRun[]> {
  const known = await startProcess<KnownPorts>('./known.ts')
  const watcher = watchMachine()
  try {
    const runs: WatchedRun[] = []
    for (let index = 0; index < count; index++) {
      runs.push(await runWatched(scenarioOf(known.ready, index), watcher))
    }
    return runs
  } finally {
    watcher.stop()
    await known.stop()
  }
}

function scenarioOf(ports: KnownPorts, index: number): object {
  const targets = [
    { interface: 'rest', api: 'raw', url: `http://127.0.0.1:${ports.http}/`, method: 'GET' },
    { interface: 'grpc', api: 'raw', url: `grpc://127.0.0.1:${ports.grpc}/known.Known/One` },
    { interface: 'websocket', api: 'raw', url: `ws://127.0.0.1:${ports.websocket}/`, correlation: 'id' },
    { interface: 'mcp', api: 'raw', url: `http://127.0.0.1:${ports.mcp}/mcp`, tool: 'known' },
  ]
  const target = targets[index % targets.length]!
  const payload =
    target.interface === 'websocket' ? { json: {} } : target.interface === 'grpc' ? { text: 'x' } : {}
  const load = { model: 'constant', rate: `${RATE}/s`, duration: `${SECONDS}s`, warmup: '500ms' }
  return {
    name: 'healthy',
    targets: { mine: { ...target, headers: { known: 'does=reply&ms=5' } } },
    cases: [{ target: 'mine', rounds: 1, floor: 'off', load, payload }],
  }
}
