/** Searches for the highest rate of servers whose highest rate is known. */

import { startServer } from '../servers/start.ts'
import { runTool } from './tool.ts'

export interface FoundLimit {
  /** Calls a second that the server can do. */
  limit: number
  /** What the search found; null where it found none. */
  rate: number | null
  steps: number
}

const WORK_MS = [10, 5, 2.5]

export async function findKnownLimits(): Promise<FoundLimit[]> {
  const server = await startServer('./replying-http.ts')
  try {
    const found: FoundLimit[] = []
    for (const workMs of WORK_MS) {
      const limit = 1000 / workMs
      const { result } = await runTool({
        name: 'search',
        targets: { worker: { interface: 'rest', api: 'raw', url: `${server.url}/worker?ms=${workMs}` } },
        defaults: { rounds: 1, floor: 'off' },
        cases: [
          {
            target: 'worker',
            load: {
              model: 'search',
              metric: 'request_latency.p90',
              below: '100ms',
              start_rate: `${limit / 8}/s`,
              duration: '4s',
              warmup: '200ms',
            },
          },
        ],
      })
      const { search } = result.cases[0]!
      found.push({ limit, rate: search?.rate ?? null, steps: search?.steps.length ?? 0 })
    }
    return found
  } finally {
    await server.stop()
  }
}
