/** A reader that makes pauses on purpose; on simulated time. */

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type CallSlot, type Driver, SUCCESS } from '../../src/drivers/driver.ts'
import { clock, type Simulation, simulate, simulateTime } from './simulated.ts'

beforeEach(() => simulateTime())
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const PIECE_MS = 10
/** In place of a piece: nothing comes any more. */
const SILENCE = Number.NaN

/** A server that streams pieces of chunks, one every 10 ms of those in which it is read, and then ends. */
class StreamingServer implements Driver {
  /** Each turn of the reader, `true` for a pause, and when. */
  readonly turns: [number, boolean][] = []
  readonly #pieces: readonly number[]
  readonly #ahead: number

  /** `pieces`: how many chunks each of them has. `ahead`: how many pieces still come within each pause. */
  constructor(pieces: readonly number[], ahead = 0) {
    this.#pieces = pieces
    this.#ahead = ahead
  }

  async open() {
    let stream: Stream | null = null
    return {
      capacity: () => (stream === null ? 1 : 0),
      start: (call: CallSlot) => {
        const ended = () => {
          stream = null
        }
        stream = new Stream(call, this.#pieces, this.#ahead, ended)
        stream.goOn()
      },
      pause: (_call: CallSlot, on: boolean) => {
        this.turns.push([clock.now(), on])
        stream?.pause(on)
      },
      cancel: () => {
        stream?.stop()
        stream = null
      },
      wireBytes() {},
      close() {},
    }
  }

  async close() {}
}

class Stream {
  readonly #call: CallSlot
  readonly #pieces: number[]
  readonly #mostAhead: number
  readonly #ended: () => void
  #aheadLeft = Number.POSITIVE_INFINITY
  #timer: NodeJS.Timeout | null = null

  constructor(call: CallSlot, pieces: readonly number[], ahead: number, ended: () => void) {
    this.#call = call
    this.#pieces = [...pieces]
    this.#mostAhead = ahead
    this.#ended = ended
    call.firstByte()
  }

  goOn(): void {
    this.#timer = setTimeout(() => this.#next(), PIECE_MS)
  }

  pause(on: boolean): void {
    this.#aheadLeft = on ? this.#mostAhead : Number.POSITIVE_INFINITY
    if (!on && !this.#timer) this.goOn()
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer)
  }

  #next(): void {
    this.#timer = null
    if (this.#aheadLeft-- === 0) return
    const chunks = this.#pieces.shift()
    if (Number.isNaN(chunks)) return
    if (chunks === undefined) {
      this.#call.lastByte()
      this.#ended()
      this.#call.end(SUCCESS)
      return
    }
    this.#call.received()
    for (let chunk = 0; chunk < chunks; chunk++) this.#call.content(1, 1)
    this.goOn()
    this.#call.decoded()
  }
}

function read(server: StreamingServer, more: Partial<Simulation>) {
  return simulate({
    load: { model: 'closed', concurrency: 1, calls: 1 },
    throttle: null,
    answer: () => ({ outcome: SUCCESS, takesMs: 0 }),
    driver: server,
    ...more,
  })
}

const reader = { every: 2, pauseMs: 100 }

test('after so many chunks it reads nothing for so long', async () => {
  const server = new StreamingServer([1, 1, 1, 1, 1])
  const { calls } = await read(server, { reader })
  expect(server.turns).toEqual([
    [20, true],
    [120, false],
    [140, true],
    [240, false],
  ])
  // Five pieces and the end, and two pauses.
  expect(calls).toMatchObject([{ ok: true, plannedMs: 0, endMs: 6 * PIECE_MS + 2 * 100 }])
})

test('chunks of one piece are read together, and their pauses are made up for', async () => {
  const server = new StreamingServer([7, 1, 1])
  const { calls } = await read(server, { reader })
  // Seven chunks owe three pauses, the eighth one more.
  expect(server.turns).toEqual([
    [10, true],
    [310, false],
    [320, true],
    [420, false],
  ])
  expect(calls[0]!.endMs).toBe(4 * PIECE_MS + 4 * 100)
})

test('what comes within a pause makes it longer', async () => {
  const server = new StreamingServer([2, 2, 2, 1], 2)
  const { calls } = await read(server, { reader })
  expect(server.turns).toEqual([
    [10, true],
    [310, false],
  ])
  expect(calls[0]!.endMs).toBe(310 + 2 * PIECE_MS)
})

test('a chunk without content is none', async () => {
  const server = new StreamingServer([0, 0, 1, 0, 1, 0])
  await read(server, { reader })
  expect(server.turns).toHaveLength(2)
})

test('a case without a reader pauses nothing', async () => {
  const server = new StreamingServer([4, 4])
  const { calls } = await read(server, {})
  expect(server.turns).toEqual([])
  expect(calls[0]!.endMs).toBe(3 * PIECE_MS)
})

describe('timeouts', () => {
  test('a pause is no silence of the server, however long', async () => {
    const server = new StreamingServer([2, 2, 2])
    const { calls } = await read(server, { reader, timeouts: { idleMs: 50 } })
    expect(calls).toMatchObject([{ ok: true }])
    expect(server.turns).toHaveLength(6)
  })

  test('its silence after one is', async () => {
    const server = new StreamingServer([2, SILENCE])
    const { calls } = await read(server, { reader, timeouts: { idleMs: 50 } })
    expect(calls).toMatchObject([{ ok: false, class: 'timeout.idle' }])
    expect(server.turns).toHaveLength(2)
    expect(calls[0]!.endMs).toBeGreaterThanOrEqual(110 + 50)
  })

  test('the call as a whole has its time, and what is left of its pause is no other call’s', async () => {
    const server = new StreamingServer([2, 1])
    const { calls } = await read(server, {
      reader: { every: 2, pauseMs: 500 },
      load: { model: 'closed', concurrency: 1, calls: 2 },
      timeouts: { totalMs: 200 },
    })
    expect(calls.map((call) => call.class)).toEqual(['timeout.total', 'timeout.total'])
    const [first, second] = calls
    expect(first!.endMs).toBeLessThanOrEqual(250)
    expect(second!.plannedMs).toBe(first!.endMs)
    // Each call began a pause, and neither was told that one is over.
    expect(server.turns.map(([, on]) => on)).toEqual([true, true])
  })
})

test('a run that is ended within a pause ends', async () => {
  const server = new StreamingServer([2, 1])
  const seen = await read(server, {
    reader: { every: 1, pauseMs: 20_000 },
    running: (round) => setTimeout(() => round.stop(), 100),
  })
  expect(seen.interrupted).toBe(1)
  expect(seen.endedMs).toBeLessThan(2000)
})
