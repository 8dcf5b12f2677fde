import { afterEach, describe, expect, test, vi } from 'vitest'
import { monotonicMs } from '../../reference-server/runtime/messages.ts'
import type { InferReply, Provider, Tensor } from '../../reference-server/runtime/runtime.ts'
import { startRuntime } from '../../reference-server/runtime/start.ts'
import { WorkerLink } from '../../reference-server/runtime/worker-link.ts'
import { generate, mlpInput, ONE_WORKER } from './requests.ts'

const WIDE = 2_621_440

test('several workers compute the same, at the same time', async () => {
  const runtime = await startRuntime({ ...ONE_WORKER, workers: 2 })
  const replies = await Promise.all(
    Array.from({ length: 6 }, () => generate(runtime, 'gpt-tiny', { maxTokens: 30 })),
  )
  for (const { tokens } of replies) expect(tokens).toEqual(replies[0]!.tokens)

  // One worker would let the second wait for the whole of the first, each time. A busy machine may do so once.
  let together = false
  for (let attempt = 0; attempt < 10 && !together; attempt++) {
    const inputs = [mlpInput(1, WIDE), mlpInput(1, WIDE)]
    const [first, second] = await Promise.all(inputs.map((input) => runtime.infer('mlp', [input])))
    together = second!.timing.queueMs < first!.timing.computeMs / 2
  }
  expect(together).toBe(true)
  await runtime.close()
})

test('close finishes what runs and takes nothing new', async () => {
  const runtime = await startRuntime(ONE_WORKER)
  const running = generate(runtime, 'gpt-tiny', { maxTokens: 60 })
  const closed = runtime.close()
  await expect(runtime.infer('mlp', [mlpInput(1, 64)])).rejects.toThrow('the runtime is closed')
  expect(await running).toMatchObject({ outputTokens: 60, finishReason: 'length' })
  await closed
  await runtime.close()
})

describe('a worker', () => {
  afterEach(() => vi.unstubAllEnvs())
  const start = (provider: Provider) =>
    new WorkerLink({ provider, index: 0, cpuSeconds: new Float64Array(new SharedArrayBuffer(8)) })
  /** Sends a request past all checks, as only a fault of our own could. */
  const infer = (link: WorkerLink, inputs: Tensor[]) =>
    new Promise<InferReply>((resolve, reject) =>
      link.infer('mlp', [{ id: 1, handedMs: monotonicMs(), inputs, resolve, reject }]),
    )

  test('survives a run that fails', async () => {
    const link = start('cpu')
    await link.ready
    const tooShort = { ...mlpInput(1, 64), shape: [2, 64] }
    await expect(infer(link, [tooShort])).rejects.toThrow(/Tensor/)
    expect(link.load).toBe(0)
    expect((await infer(link, [mlpInput(1, 64)])).outputs).toHaveLength(1)
    await link.close()
  })

  test('that ends fails its calls instead of leaving them open', async () => {
    vi.stubEnv('CUDA_VISIBLE_DEVICES', '-1')
    const link = start('cuda')
    const early = infer(link, [mlpInput(1, 64)])
    await expect(link.ready).rejects.toThrow(/cuda/i)
    await expect(early).rejects.toThrow(/cuda/i)
    await expect(infer(link, [mlpInput(1, 64)])).rejects.toThrow(/cuda/i)
    expect(link.load).toBe(Number.POSITIVE_INFINITY)
    await link.close()
  })
})
