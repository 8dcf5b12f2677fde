/** All that a way has to bear, for the test and for the report alike. */

import { runOutOfDescriptors } from './descriptors.ts'
import { faultsOn, isFirst } from './faults.ts'
import { type Borne, runMatrix } from './matrix.ts'
import { runRestart } from './restart.ts'
import { runUnreachable } from './unreachable.ts'
import { WAYS, type Way } from './ways.ts'

/** Much of what a way bears is silence, so several can be at it at once, also on a machine of two cores. */
const AT_ONCE = 3

async function bear(way: Way): Promise<Borne> {
  const faults = faultsOn(way)
  const runs = [await runMatrix(way, faults), await runUnreachable(way, faults)]
  if (isFirst(way)) runs.push(await runOutOfDescriptors(way), await runRestart(way))
  return { cells: runs.flatMap(({ cells }) => cells), wrongs: runs.flatMap(({ wrongs }) => wrongs) }
}

/** By the name of the way. A few are under way at a time, in their order. */
export function bearAll(): Map<string, Promise<Borne>> {
  const waiting = [...WAYS]
  const borne = new Map<string, Promise<Borne>>()
  const settle = new Map<string, (result: Promise<Borne>) => void>()
  for (const { name } of WAYS) {
    const { promise, resolve } = Promise.withResolvers<Borne>()
    borne.set(name, promise)
    settle.set(name, resolve)
  }
  const next = async (): Promise<void> => {
    for (let way = waiting.shift(); way; way = waiting.shift()) {
      const result = bear(way)
      settle.get(way.name)!(result)
      await result.catch(() => {})
    }
  }
  for (let turn = 0; turn < AT_ONCE; turn++) void next()
  return borne
}
