/** Sessions without calls, over a driver of the test's own and on simulated time. */

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { failure, OpenError, type Outcome, type SessionProbe, SUCCESS } from '../../src/drivers/driver.ts'
import type { Clock } from '../../src/load/clock.ts'
import { IdleRound } from '../../src/load/idle-round.ts'
import type { Recording } from '../../src/load/recording.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'Date'] })
})

afterEach(() => {
  vi.useRealTimers()
})

const DURATION_MS = 1000
const EXPIRED = failure('response', 'mcp.session_lost', '404', 'unknown session')

interface Played {
  failed: { class: string; phase: string; afterMs: number }[]
  handshakes: number
  windows: [fromMs: number, toMs: number][]
  probes: SessionProbe[]
  closed: number
  mostAtOnce: number
  round: IdleRound
}

interface Behaviour {
  /** How long the handshake of the session takes that is opened as the `index`th, and what comes of it. */
  open?(index: number): { takesMs: number; refusal?: Outcome }
  check?(index: number): Promise<Outcome>
  concurrency?: number
}

function play({ open = () => ({ takesMs: 10 }), check, concurrency = 2 }: Behaviour): Played {
  const clock: Clock = { now: () => Date.now() }
  let [opened, underWay] = [0, 0]
  const recording = {
    handshake: () => played.handshakes++,
    sessionFailed: ({ class: errorClass, phase }: Outcome, afterMs: number) =>
      played.failed.push({ class: errorClass, phase, afterMs }),
    window: (fromMs: number, toMs: number) => played.windows.push([fromMs, toMs]),
    connection() {},
  } as unknown as Recording
  const driver = {
    async open(probe: SessionProbe, signal: AbortSignal) {
      const index = opened++
      played.mostAtOnce = Math.max(played.mostAtOnce, ++underWay)
      const { takesMs, refusal } = open(index)
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, takesMs)
      signal.addEventListener('abort', () => {
        clearTimeout(timer)
        reject(new OpenError(failure('tcp', 'cancelled', '', '')))
      })
      try {
        await promise
      } finally {
        underWay--
      }
      if (refusal) throw new OpenError(refusal)
      played.probes[index] = probe
      return {
        wireBytes: (into: { read: number; written: number }) =>
          Object.assign(into, { read: 30, written: 20 }),
        ...(check && { check: () => check(index) }),
        close: () => played.closed++,
      }
    },
    async close() {},
  }
  const round = new IdleRound({
    case: {
      load: { durationMs: DURATION_MS },
      timeouts: { connectMs: 500 },
    } as unknown as ConstructorParameters<typeof IdleRound>[0]['case'],
    driver: driver as never,
    clock,
    recording,
    concurrency,
  })
  const played: Played = {
    failed: [],
    handshakes: 0,
    windows: [],
    probes: [],
    closed: 0,
    mostAtOnce: 0,
    round,
  }
  return played
}

async function opened(played: Played, sessions: number): Promise<void> {
  const open = played.round.open(sessions)
  await vi.advanceTimersByTimeAsync(5000)
  await open
}

async function ran({ round }: Played, meanwhile: () => Promise<void> = async () => {}) {
  const running = round.run(Date.now())
  await meanwhile()
  await vi.advanceTimersByTimeAsync(5000)
  return running
}

test('opens a few at a time, lets all of them stand for the window, and closes them', async () => {
  const played = play({ concurrency: 3 })
  await opened(played, 10)
  expect(played.mostAtOnce).toBe(3)
  const beganMs = Date.now()
  const { asked, stood, left, connections, handshakeBytes } = await ran(played)
  expect({ asked, stood, left, connections }).toEqual({ asked: 10, stood: 10, left: 10, connections: 10 })
  expect(handshakeBytes).toBe(500)
  expect(played).toMatchObject({ failed: [], handshakes: 10, closed: 10 })
  const [fromMs, toMs] = played.windows[0]!
  expect(fromMs - beganMs).toBe(0)
  expect(toMs - fromMs).toBeGreaterThanOrEqual(DURATION_MS)
})

test('a refusal is counted by class, with how long it took, and nobody tries again', async () => {
  const refusal = failure('setup', 'http.503', '503', 'full')
  const played = play({ open: (index) => (index < 2 ? { takesMs: 40, refusal } : { takesMs: 5 }) })
  await opened(played, 5)
  const { asked, stood, left, connections } = await ran(played)
  expect({ asked, stood, left, connections }).toEqual({ asked: 5, stood: 3, left: 3, connections: 3 })
  const told = { class: 'http.503', phase: 'setup', afterMs: 40 }
  expect(played.failed).toEqual([told, told])
})

test('a session that is lost while it stands is counted with how long it stood, and not replaced', async () => {
  const played = play({ concurrency: 3 })
  await opened(played, 3)
  const { stood, left } = await ran(played, async () => {
    await vi.advanceTimersByTimeAsync(400)
    played.probes[1]!.lost(failure('response', 'tcp.reset', '', 'reset'), false)
    // An ordinary end is one all the same: the session no longer stands.
    played.probes[2]!.lost(SUCCESS, true)
  })
  expect({ stood, left }).toEqual({ stood: 3, left: 1 })
  expect(played.failed).toMatchObject([{ class: 'tcp.reset', phase: 'idle' }, { phase: 'idle' }])
  // Of the 5 s that opening was given, its handshake took 10 ms.
  for (const { afterMs } of played.failed) expect(afterMs).toBe(5000 - 10 + 400)
})

test('a connection that is cut ends the session, even where calls could have gone on over another one', async () => {
  const played = play({})
  await opened(played, 2)
  const { left } = await ran(played, async () => played.probes[0]!.broken(0))
  expect(left).toBe(1)
  expect(played.failed).toMatchObject([{ class: 'tcp.closed', phase: 'idle' }])
})

test('a session that the server has forgotten is told when it is asked after', async () => {
  const played = play({ check: async (index) => (index === 0 ? EXPIRED : SUCCESS) })
  await opened(played, 4)
  const { stood, left } = await ran(played)
  expect({ stood, left }).toEqual({ stood: 4, left: 3 })
  expect(played.failed).toMatchObject([{ class: 'mcp.session_lost', phase: 'idle' }])
  expect(played.closed).toBe(4)
})

test('its user ends it: nothing is opened any more, nothing waits, and nothing is an error', async () => {
  const played = play({ open: (index) => ({ takesMs: index === 0 ? 10 : 60_000 }), concurrency: 2 })
  const opening = played.round.open(100)
  await vi.advanceTimersByTimeAsync(50)
  played.round.stop()
  await opening
  const { asked, left } = await played.round.run(Date.now())
  expect(asked).toBeLessThan(5)
  expect(left).toBe(1)
  expect(played).toMatchObject({ failed: [], closed: 1 })
})
