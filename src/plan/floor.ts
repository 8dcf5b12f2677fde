/** How the floor under a case is measured: how long, and at which load. Pure numbers, no clock. */

import { streamsRequest } from '../drivers/driver.ts'
import { protocol } from '../drivers/registry.ts'
import type { Case, Load } from './plan.ts'

/** What of a case's own length its floor may take, warm-up included. */
const SHARE = 0.1
const SHORTEST_MS = 100
const LONGEST_MS = 1250
/** What of that warms the server up, whose code is interpreted at first. */
const WARMUP_SHARE = 0.2
/** So many are asked for where there is a choice, for the sake of the median. */
const WANTED_CALLS = 30
/** Fewer tell no median. */
const FEWEST_CALLS = 10
/** Unless the scenario says so, no floor is measured for less: it would cost more than it tells. */
const WORTH_MS = 2000
const WORTH_CALLS = 2000
/** A call that sends for longer has no time to be repeated. */
const LONGEST_CALL_MS = 500

/** What a floor is measured with: its warm-up is a round of its own, in a closed loop. */
export interface FloorLoads {
  warmup: Load
  measured: Load
}

/** Equal for cases whose floor is the same: they ask for it once. Their own servers and tokens do not matter. */
export function floorKey({ target, payload, load }: Case, scheme: string): string {
  const { interface: name, api, connection, tls, options } = target
  const { seed: _seed, label: _label, ...sent } = payload
  const { warmupMs: _warmup, durationMs: _duration, calls: _calls, overflow: _overflow, ...arrivals } = load
  const { minVersion, maxVersion } = tls
  return JSON.stringify([name, api, connection, scheme, minVersion, maxVersion, options, sent, arrivals])
}

/** Whether the floor of these cases, which have it in common, is to be measured. */
export function wantsFloor(alike: readonly Case[]): boolean {
  if (alike.some(({ floor }) => floor === 'on')) return true
  const open = alike.filter(({ floor, load }) => floor === undefined && load.model !== 'idle')
  const lengthsMs = open.map(lengthMs)
  if (sum(lengthsMs.map((one) => one ?? 0)) >= WORTH_MS) return true
  return sum(open.map(({ load, rounds }) => (load.calls ?? 0) * rounds)) >= WORTH_CALLS
}

/** Why there can be no floor under a case; null where there can. */
export function noFloorReason({ target, payload, load }: Case): string | null {
  if (load.model === 'idle') return 'its sessions make no calls'
  const isSending = streamsRequest(protocol(target.interface).kind(target))
  const sendingMs = isSending ? ((payload.messages ?? 1) - 1) * (payload.messageIntervalMs ?? 0) : 0
  return sendingMs > LONGEST_CALL_MS
    ? `one call sends for ${(sendingMs / 1000).toFixed(1)} s, and a floor must take less`
    : null
}

/** The loads of the floor that these cases have in common; `foundRatePerSecond`: of those whose rate is searched for. */
export function floorLoads(alike: readonly Case[], foundRatePerSecond: number | null): FloorLoads {
  const { load } = alike[0]!
  if (load.model === 'idle') throw new Error('a load without calls has no floor')
  const wholeMs = sum(alike.map((one) => lengthMs(one) ?? LONGEST_MS / SHARE))
  const costMs = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, wholeMs * SHARE))
  const windowMs = costMs * (1 - WARMUP_SHARE)
  const calls = sum(alike.map(({ load: own, rounds }) => (own.calls ?? 0) * rounds))
  const common = { connections: load.connections, overflow: 'queue' as const }
  return {
    warmup: {
      ...common,
      model: 'closed',
      concurrency: load.model === 'closed' ? load.concurrency : 1,
      warmupMs: 0,
      durationMs: costMs * WARMUP_SHARE,
      calls: null,
    },
    measured: {
      ...common,
      ...arrivals(load, foundRatePerSecond, windowMs),
      warmupMs: 0,
      durationMs: windowMs,
      // Where calls end a case's rounds, a tenth of them is enough here, too.
      calls: load.model === 'closed' && calls > 0 ? Math.max(WANTED_CALLS, Math.ceil(calls * SHARE)) : null,
    },
  }
}

/** Whether so many calls tell a median. */
export function isEnough(calls: number): boolean {
  return calls >= FEWEST_CALLS
}

/** Where calls are slower than the time for them: as many as tell a median, in the longest time that there is. */
export function longerLoad(load: Load): Load {
  return { ...load, durationMs: LONGEST_MS, ...(load.model === 'closed' && { calls: WANTED_CALLS }) }
}

type CallingLoad = Exclude<Load, { model: 'idle' }>

type Arrivals =
  | { model: 'closed'; concurrency: number }
  | { model: 'constant'; ratePerSecond: number }
  | { model: 'poisson'; ratePerSecond: number; seed: number }

/** The case's own; a ramp at its highest. A rate that gives no median in the time is raised until it does. */
function arrivals(load: CallingLoad, foundRatePerSecond: number | null, windowMs: number): Arrivals {
  const enough = (ratePerSecond: number) => Math.max(ratePerSecond, (WANTED_CALLS * 1000) / windowMs)
  switch (load.model) {
    case 'closed':
      return { model: 'closed', concurrency: load.concurrency }
    case 'constant':
      return { model: 'constant', ratePerSecond: enough(load.ratePerSecond) }
    case 'poisson':
      return { model: 'poisson', ratePerSecond: enough(load.ratePerSecond), seed: load.seed }
    case 'search':
      return { model: 'constant', ratePerSecond: enough(foundRatePerSecond ?? load.startRatePerSecond) }
    case 'ramp': {
      const rates = load.stages.map(({ ratePerSecond }) => ratePerSecond)
      return {
        model: 'constant',
        ratePerSecond: enough(Math.max(load.startRatePerSecond, ...rates)),
      }
    }
  }
}

/** All rounds of a case, warm-up included; null where nobody can know. */
function lengthMs({ load, rounds }: Case): number | null {
  const windowMs = windowLengthMs(load)
  return windowMs === null ? null : rounds * (load.warmupMs + windowMs)
}

function windowLengthMs(load: Load): number | null {
  if (load.durationMs !== null) return load.durationMs
  if (load.model === 'ramp') return sum(load.stages.map(({ durationMs }) => durationMs))
  if (!('ratePerSecond' in load) || load.calls === null) return null
  return (load.calls * 1000) / load.ratePerSecond
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
