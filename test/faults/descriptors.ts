/** A tool that may open fewer descriptors than its load has connections. */

import { type Cell, errorsOf, runWrongsOf, wrongsOf } from './cell.ts'
import type { Borne } from './matrix.ts'
import { runToEnd } from './tool.ts'
import { serverOf, targetOf, type Way } from './ways.ts'

const LIMIT = 64
const CONCURRENCY = 200
const CALLS = 400
const TOTAL_MS = 20_000

export async function runOutOfDescriptors(way: Way): Promise<Borne> {
  let served = 0
  const server = await serverOf(way, false, () => {
    served++
  })
  try {
    const scenario = {
      name: 'descriptors',
      targets: { cold: { ...targetOf(way, server), connection: 'cold' } },
      defaults: { rounds: 1, floor: 'off', timeout: { total: `${TOTAL_MS}ms` } },
      cases: [{ target: 'cold', load: { concurrency: CONCURRENCY, calls: CALLS, warmup: '0s' } }],
    }
    // Node raises the limit as far as it may, so both have to be low.
    const through = ['sh', '-c', `ulimit -n ${LIMIT}; exec "$@"`, 'sh']
    const ran = await runToEnd(scenario, { through, follows: true })
    const wrongs = runWrongsOf(ran, 0)
    const found = ran.result?.cases[0]
    if (!found) return { cells: [], wrongs: [...wrongs, 'left no result'] }
    const { longestMs, ...told } = errorsOf(found)
    const cell: Cell = {
      fault: `${CONCURRENCY} connections at once, and ${LIMIT} descriptors`,
      expected: ['client.descriptors'],
      ...told,
      // The server has seen the others, each of which succeeded.
      injected: CALLS - served,
      time: { longestMs, allowedMs: TOTAL_MS },
      memory: null,
      mostGrowthMiB: 0,
    }
    return { cells: [cell], wrongs: [...wrongs, ...wrongsOf(cell)] }
  } finally {
    await server.stop()
  }
}
