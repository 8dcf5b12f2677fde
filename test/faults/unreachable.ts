/** Faults from the first connection on: a run that finds a target broken ends at once, and says of each what it found. */

import { type Cell, runWrongsOf, wrongsOf } from './cell.ts'
import type { Fault } from './fault.ts'
import type { Borne } from './matrix.ts'
import { startFaultProxy } from './proxy.ts'
import { holdRefusingPort } from './refusing-port.ts'
import { runToEnd } from './tool.ts'
import { portOf, serverOf, targetOf, type Way } from './ways.ts'

const UNREACHABLE = 114
/** A busy machine may take a second until it tells a fault that is there at once. */
const CONNECT_MS = 1500
/** A busy machine takes so long to begin a run, whatever it meets. */
const BEGIN_MS = 20_000
/** What stands behind the name of a fault that is met so. */
export const FROM_THE_START = ', from the start'
const NO_NAME = 'a host name that nobody has'

/** Of an interface that waits for nothing before its first call, a connection that stands shows no fault. */
function shows(way: Way, { at, inject, callsBefore }: Fault): boolean {
  if (callsBefore !== undefined) return false
  return at === 'tls' || (at === 'connection' && (way.hasSetup || inject === null))
}

export async function runUnreachable(way: Way, faults: readonly Fault[]): Promise<Borne> {
  const stops: (() => Promise<unknown>)[] = []
  try {
    const targets: Record<string, object> = {}
    const expected: { fault: string; classes: readonly string[] }[] = []
    for (const fault of faults.filter((one) => shows(way, one))) {
      const server = await serverOf(way, fault.at === 'tls', () => {})
      stops.push(() => server.stop())
      const broken = fault.inject
        ? await startFaultProxy({
            targetPort: () => portOf(server),
            at: 'connection',
            spared: 0,
            inject: fault.inject,
            noticed() {},
          })
        : await holdRefusingPort()
      stops.push(() => broken.stop())
      targets[`t${expected.length}`] = { ...targetOf(way, server, broken.port), ...fault.options }
      expected.push({ fault: fault.name, classes: fault.expected(way) })
    }
    const server = await serverOf(way, false, () => {})
    stops.push(() => server.stop())
    const nowhere = { ...server, url: server.url.replace('127.0.0.1', 'nobody.invalid') }
    targets[`t${expected.length}`] = targetOf(way, nowhere)
    expected.push({ fault: NO_NAME, classes: ['dns'] })
    const scenario = {
      name: 'unreachable',
      targets,
      defaults: { rounds: 1, timeout: { connect: `${CONNECT_MS}ms` } },
      cases: Object.keys(targets).map((target) => ({ target, load: { calls: 1 } })),
    }
    const ran = await runToEnd(scenario, { follows: true })
    const told = new Map(
      [...ran.stderr.matchAll(/target (t\d+) cannot be reached at \S+: ([\w.]+): (.*)/g)].map((line) => [
        line[1],
        { class: line[2]!, sample: line[3]! },
      ]),
    )
    const cells = expected.map(({ fault, classes }, index): Cell => {
      const one = told.get(`t${index}`)
      return {
        fault: `${fault}${FROM_THE_START}`,
        expected: classes,
        seen: one ? { [one.class]: 1 } : {},
        samples: one ? [one.sample] : [],
        failed: one ? 1 : 0,
        injected: 1,
        time: null,
        memory: null,
        mostGrowthMiB: 0,
      }
    })
    const wrongs = [...runWrongsOf(ran, UNREACHABLE), ...cells.flatMap(wrongsOf)]
    const allowedMs = BEGIN_MS + expected.length * CONNECT_MS
    if (ran.tookMs > allowedMs) wrongs.push(`took ${ran.tookMs} ms, allowed are ${allowedMs}`)
    return { cells, wrongs }
  } finally {
    for (const stop of stops) await stop()
  }
}
