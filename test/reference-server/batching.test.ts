import { beforeAll, describe, expect, test } from 'vitest'
import type { Runtime } from '../../reference-server/runtime/runtime.ts'
import { startRuntime } from '../../reference-server/runtime/start.ts'
import { mlpInput, numbersOf, ONE_WORKER } from './requests.ts'

describe('batching', () => {
  let runtime: Runtime
  // A wait that no test survives: whatever comes back was sent because its batch was full, or on close.
  beforeAll(async () => {
    runtime = await startRuntime({ ...ONE_WORKER, batching: { size: 3, waitMs: 600_000 } })
  })

  test('joins requests of one width and splits the reply', async () => {
    const batches = [1, 4, 2]
    const replies = await Promise.all(
      batches.map((batch, index) => runtime.infer('mlp', [mlpInput(batch, 100, index * 1000)])),
    )
    // One run, so one duration for all three, to the nanosecond.
    expect(new Set(replies.map(({ timing }) => timing.computeMs)).size).toBe(1)
    const plain = await startRuntime(ONE_WORKER)
    for (const [index, batch] of batches.entries()) {
      const [output] = replies[index]!.outputs
      expect(output!.shape).toEqual([batch, 16])
      const alone = await plain.infer('mlp', [mlpInput(batch, 100, index * 1000)])
      const expected = numbersOf(alone.outputs[0]!)
      numbersOf(output!).forEach((value, place) => {
        expect(value).toBeCloseTo(expected[place]!, 5)
      })
    }
    await plain.close()
  })

  test('joins requests that share their bytes', async () => {
    const input = mlpInput(1, 100)
    const replies = await Promise.all([input, input, input].map((same) => runtime.infer('mlp', [same])))
    const [first, second, third] = replies.map(({ outputs }) => numbersOf(outputs[0]!))
    expect([second, third]).toEqual([first, first])
  })

  test('leaves out who went away, keeps widths apart, sends the rest on close', async () => {
    const stop = new AbortController()
    const gone = runtime.infer('mlp', [mlpInput(1, 100)], stop.signal)
    const stays = runtime.infer('mlp', [mlpInput(1, 100)])
    const other = runtime.infer('mlp', [mlpInput(1, 200)])
    stop.abort(new Error('gone'))
    await expect(gone).rejects.toThrow('gone')
    const third = runtime.infer('mlp', [mlpInput(1, 100)])
    await runtime.close()
    const [first, second] = await Promise.all([stays, third, other])
    expect(first.timing.computeMs).toBe(second.timing.computeMs)
  })

  test('does not wait longer than it was told to', async () => {
    const brief = await startRuntime({ ...ONE_WORKER, batching: { size: 1000, waitMs: 20 } })
    const { outputs, timing } = await brief.infer('mlp', [mlpInput(1, 64)])
    expect(outputs[0]!.shape).toEqual([1, 16])
    expect(timing.queueMs).toBeGreaterThan(19)
    await brief.close()
  })
})
