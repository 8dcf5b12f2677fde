import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { watchMemory } from '../../src/agent/memory-watch.ts'
import { play } from '../contract/play.ts'
import { startServer } from '../servers/start.ts'

/** A server whose memory changes at given times, in ms, and which takes so long to tell it. */
function serverOf(steps: readonly [number, number | null][], takesMs = 0) {
  const beganMs = Date.now()
  const asked: number[] = []
  const read = async () => {
    const atMs = Date.now() - beganMs
    asked.push(atMs)
    if (takesMs > 0) await new Promise((resolve) => setTimeout(resolve, takesMs))
    return steps.findLast(([fromMs]) => fromMs <= atMs)![1]
  }
  return { asked, read }
}

async function watched(read: () => Promise<number | null>, forMs: number) {
  const done = watchMemory(read, () => new Promise((resolve) => setTimeout(resolve, forMs, 'done')))
  await vi.advanceTimersByTimeAsync(forMs + 5000)
  return done
}

describe('the growth of a server’s memory', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test('is that of its peak, which may be over when the round ends', async () => {
    const { read } = serverOf([
      [0, 100],
      [350, 900],
      [700, 120],
    ])
    expect(await watched(read, 1000)).toEqual({ value: 'done', growthBytes: 800 })
  })

  test('is asked for once more in the end', async () => {
    const { read } = serverOf([
      [0, 100],
      [990, 300],
    ])
    expect(await watched(read, 999)).toEqual({ value: 'done', growthBytes: 200 })
  })

  test('is nothing where memory only shrank', async () => {
    const { read } = serverOf([
      [0, 500],
      [100, 80],
    ])
    expect(await watched(read, 1000)).toEqual({ value: 'done', growthBytes: 0 })
  })

  test('of a server that answers late: it is asked one thing at a time', async () => {
    const { read, asked } = serverOf([[0, 100]], 450)
    await watched(read, 1500)
    const gapsMs = asked.slice(1).map((atMs, index) => atMs - asked[index]!)
    expect(Math.min(...gapsMs)).toBeGreaterThanOrEqual(450)
  })

  test('of a server that tells nothing is not known, and it is not asked again', async () => {
    const { read, asked } = serverOf([[0, null]])
    expect(await watched(read, 1000)).toEqual({ value: 'done', growthBytes: null })
    expect(asked).toEqual([0])
  })

  test('of a server that is gone meanwhile is what it was', async () => {
    const { read } = serverOf([
      [0, 100],
      [300, 250],
      [500, null],
    ])
    expect(await watched(read, 1000)).toEqual({ value: 'done', growthBytes: 150 })
  })

  test('a round that fails asks nothing more', async () => {
    const { read, asked } = serverOf([[0, 100]])
    const failing = watchMemory(read, async () => {
      throw new Error('no round')
    })
    await expect(failing).rejects.toThrow('no round')
    await vi.advanceTimersByTimeAsync(2000)
    expect(asked).toEqual([0])
  })
})

describe('a slow reader', () => {
  const STREAMS = 3
  const STREAM_BYTES = 600 * 64 * 1024

  /** By how much a server grows whose streams are read with a pause of 300 ms after every 200 chunks. */
  async function growthOf(path: string) {
    const server = await startServer('pouring-process.ts')
    try {
      const read = async () => Number(await (await fetch(`${server.url}/memory`)).text())
      const { value, growthBytes } = await watchMemory(read, () =>
        play({
          target: { interface: 'sse', url: server.url + path },
          reader: { every: 200, pauseMs: 300 },
          load: { model: 'closed', concurrency: STREAMS, calls: STREAMS },
          timeouts: { totalMs: 25_000 },
        }),
      )
      expect(value.counts).toMatchObject({ calls: STREAMS, errors: 0 })
      expect(value.counts.payloadBytes).toBe(STREAMS * STREAM_BYTES)
      return growthBytes!
    } finally {
      await server.stop()
    }
  }

  test('shows in the memory of a server that keeps what is not read, and not in that of one that waits', async () => {
    const [keeps, waits] = [await growthOf('/keep'), await growthOf('/wait')]
    expect(keeps).toBeGreaterThan(0.5 * STREAMS * STREAM_BYTES)
    expect(waits).toBeLessThan(keeps / 2)
  })
})
