/**
 * Runs with which nothing is wrong: a moderate rate, a server that is at ease. Whatever the tool flags there must be a
 * stall of the machine, which a watcher that knows nothing of the tool has seen, too.
 */

import type { KnownPorts } from '../servers/known.ts'
import { startProcess } from '../servers/start.ts'
import { flagsOf } from './blame.ts'
import { runTool } from './tool.ts'
import { type MachineStall, watchMachine } from './watcher.ts'

export interface HealthyRun {
  flags: string[]
  /** The longest stall in ms that the watcher saw while it ran. */
  watchedMs: number
  /** The longest in ms by which a load thread was late, as the tool tells it. */
  toldMs: number
}

const RATE = 200
const SECONDS = 2

/** Asks servers of every interface in turn, which reply after 5 ms. */
export async function runHealthy(count: number): Promise<HealthyRun[]> {
  const known = await startProcess<KnownPorts>('./known.ts')
  const watcher = watchMachine()
  try {
    const runs: HealthyRun[] = []
    for (let index = 0; index < count; index++) {
      const fromMs = Date.now()
      const { result } = await runTool(scenarioOf(known.ready, index))
      const { metrics } = result.cases[0]!
      runs.push({
        flags: flagsOf(result),
        watchedMs: longest(watcher.stalls, fromMs, Date.now()),
        toldMs: Math.max(metrics.event_loop_delay?.max ?? 0, metrics.dispatch_delay?.max ?? 0),
      })
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

function longest(stalls: readonly MachineStall[], fromMs: number, toMs: number): number {
  const within = stalls.filter((stall) => stall.toMs >= fromMs && stall.fromMs <= toMs)
  return Math.max(0, ...within.map((stall) => stall.toMs - stall.fromMs))
}
