import { afterAll, beforeAll, expect, test } from 'vitest'
import { play } from '../contract/play.ts'
import type { KnownPorts } from '../servers/known.ts'
import { type ServerProcess, startProcess } from '../servers/start.ts'

const IDLE_MS = 200
const CHUNKS = 60

let server: ServerProcess<KnownPorts>

beforeAll(async () => {
  server = await startProcess<KnownPorts>('./known.ts')
})
afterAll(() => server.stop())

/** Longer than the idle timeout, while the server, which has a process to itself, goes on. */
function standStill(): void {
  const untilMs = performance.now() + 1.5 * IDLE_MS
  while (performance.now() < untilMs);
}

// Timers come right after the one, and what has arrived is read right after the other.
test.each([
  ['before its timers', () => setImmediate(standStill)],
  ['within them', standStill],
])('a load thread that stood still %s does not take that for a pause of the server', async (_when, stand) => {
  const timer = setInterval(stand, 50)
  const played = await play({
    target: {
      interface: 'sse',
      url: `http://127.0.0.1:${server.ready.http}/`,
      headers: { known: `does=stream&chunks=${CHUNKS}&gap=20` },
      options: { method: 'GET' },
    },
    timeouts: { idleMs: IDLE_MS },
  })
  clearInterval(timer)
  expect(played.errors).toEqual([])
  expect(played.valuesOf('inter_chunk_latency')).toBe(CHUNKS - 1)
})
