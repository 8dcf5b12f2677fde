/** Runs the tool against every fault that is possible on a way, in one run, and tells what became of each. */

import type { Result } from '../../src/result/document.ts'
import { type Cell, errorsOf, runWrongsOf, wrongsOf } from './cell.ts'
import type { Fault } from './fault.ts'
import { Meter } from './meter.ts'
import { type FaultProxy, startFaultProxy } from './proxy.ts'
import { runToEnd } from './tool.ts'
import { portOf, type Server, serverOf, targetOf, type Way } from './ways.ts'

/** What a run tells of itself, and of each fault that it met. */
export interface Borne {
  cells: Cell[]
  /** What was wrong with it; empty where nothing was. */
  wrongs: string[]
}

/** The case after all faults, against the server itself: whatever they left behind would show in it. */
const WELL = 'well'
const PATIENT_MS = 20_000
const CALLS = 4
/** A run connects once to see whether a target is there, and once more before a case of cold connections. */
const CONNECTIONS_BEFORE = { cold: 2, reused: 1, gone: 1 }
/** Some case had no success. */
const UNREACHABLE = 114

interface Met {
  fault: Fault
  proxy: FaultProxy
  target: object
}

export async function runMatrix(way: Way, faults: readonly Fault[]): Promise<Borne> {
  const stops: (() => Promise<unknown>)[] = []
  let meter: Meter | null = null
  /** Targets that the run has still to look for, before its first case. */
  let unseen = faults.length
  const noticed = (name: string) => {
    if (unseen === 0) meter?.enter(name)
    else if (--unseen === 0) meter?.enter(faults[0]!.name)
  }
  const begin = async (isSecure: boolean, called: (port: number) => void): Promise<Server> => {
    const server = await serverOf(way, isSecure, called)
    stops.push(() => server.stop())
    return server
  }
  try {
    const met: Met[] = []
    for (const fault of faults) {
      const isSecure = fault.at === 'tls'
      const server = await begin(isSecure, (port) => proxy.called(port))
      const other = fault.callsBefore === undefined ? server : await begin(isSecure, () => {})
      const connection = connectionOf(fault)
      const spared = CONNECTIONS_BEFORE[fault.inject ? connection : 'gone'] + (fault.callsBefore ?? 0)
      const proxy = await startFaultProxy({
        targetPort: (index) => portOf(index < spared ? server : other),
        at: fault.at === 'call' ? 'call' : 'connection',
        spared,
        inject: fault.inject,
        noticed: () => noticed(fault.name),
      })
      stops.push(() => proxy.stop())
      met.push({
        fault,
        proxy,
        target: { ...targetOf(way, server, proxy.port), ...fault.options, connection },
      })
    }
    const well = await begin(false, () => noticed(WELL))
    const scenario = {
      name: 'faults',
      targets: {
        ...Object.fromEntries(met.map(({ target }, index) => [`t${index}`, target])),
        [WELL]: targetOf(way, well),
      },
      defaults: { rounds: 1, floor: 'off', timeout: { total: `${PATIENT_MS}ms` } },
      cases: [
        ...met.map(({ fault }, index) => caseOf(fault, `t${index}`)),
        { target: WELL, name: WELL, load: loadOf({}) },
      ],
    }
    const ran = await runToEnd(scenario, {
      follows: true,
      begun: (pid) => {
        meter = new Meter(pid)
      },
    })
    const { result } = ran
    const wrongs = runWrongsOf(ran, UNREACHABLE)
    if (!result) return { cells: [], wrongs: [...wrongs, 'left no result'] }
    const after = caseNamed(result, WELL).summary
    if (after.errors > 0 || after.calls !== CALLS)
      wrongs.push(`calls after all faults: ${JSON.stringify(after)}`)
    const cells = met.map((one) => cellOf(one, way, result, meter!))
    return { cells, wrongs: [...wrongs, ...cells.flatMap(wrongsOf)] }
  } finally {
    meter = null
    for (const stop of stops) await stop()
  }
}

function connectionOf({ at }: Fault): 'cold' | 'reused' {
  return at === 'call' ? 'reused' : 'cold'
}

function timeoutsOf({ at, totalMs }: Fault): { connect: number; total: number } {
  if (totalMs === undefined) return { connect: PATIENT_MS, total: 2 * PATIENT_MS }
  // A call is to be told that no connection came about, and not that it has no time left itself.
  return { connect: at === 'call' ? PATIENT_MS : totalMs / 2, total: totalMs }
}

function loadOf({ totalMs, calls, concurrency = 1 }: Partial<Fault>): object {
  // Where each takes as long as it is allowed to, one is enough.
  const few = totalMs === undefined ? CALLS : 1
  return { concurrency, calls: calls ?? Math.max(few, concurrency), warmup: '0s' }
}

function caseOf(fault: Fault, target: string): object {
  const { connect, total } = timeoutsOf(fault)
  return {
    target,
    name: fault.name,
    load: loadOf(fault),
    timeout: { connect: `${connect}ms`, total: `${total}ms` },
  }
}

function cellOf({ fault, proxy }: Met, way: Way, result: Result, { memory }: Meter): Cell {
  const { longestMs, ...told } = errorsOf(caseNamed(result, fault.name))
  return {
    fault: fault.name,
    expected: fault.expected(way),
    ...told,
    injected: fault.inject && fault.expected(way).length > 0 ? proxy.injected : null,
    time: { longestMs, allowedMs: timeoutsOf(fault).total },
    memory: memory.get(fault.name) ?? null,
    mostGrowthMiB: fault.mostGrowthMiB ?? 0,
  }
}

function caseNamed({ cases }: Result, name: string): Result['cases'][number] {
  const found = cases.find((one) => one.name === name)
  if (!found) throw new Error(`the run measured no case ${name}`)
  return found
}
