import { CATALOGUE, unknownModelMessage } from '../models/catalogue.ts'
import { BatchingQueue } from './batching.ts'
import { checkGeneration, checkInputs } from './check.ts'
import { generateEcho } from './echo-generation.ts'
import { monotonicMs } from './messages.ts'
import { chooseProvider, type ProviderChoice } from './providers.ts'
import {
  type GenerateReply,
  type GenerateRequest,
  type InferReply,
  type ModelInfo,
  RequestError,
  type Runtime,
  type RuntimeOptions,
  type Tensor,
} from './runtime.ts'
import { type InferCall, WorkerLink } from './worker-link.ts'

/**
 * Finds the provider, starts the model workers and loads the models. Throws `RuntimeError` when ONNX Runtime is
 * not installed or none of the providers runs here.
 */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  const choice = await chooseProvider(options.providers)
  // A second thread that opens a session on the GPU crashes the process (ONNX Runtime 1.30 with WebGPU).
  const count = choice.provider === 'cpu' ? options.workers : 1
  const cpuSeconds = new Float64Array(new SharedArrayBuffer(count * Float64Array.BYTES_PER_ELEMENT))
  const links = Array.from(
    { length: count },
    (_, index) => new WorkerLink({ provider: choice.provider, cpuSeconds, index }),
  )
  try {
    await Promise.all(links.map((link) => link.ready))
  } catch (error) {
    await Promise.all(links.map((link) => link.close()))
    throw error
  }
  const { onLoss } = options
  for (const link of links) {
    void link.lost.then((error) =>
      onLoss?.(error, links.filter(({ load }) => load < Number.POSITIVE_INFINITY).length),
    )
  }
  return new PooledRuntime(choice, links, cpuSeconds, options.batching)
}

class PooledRuntime implements Runtime {
  readonly provider: Runtime['provider']
  readonly skipped: Runtime['skipped']
  readonly version: string
  readonly models = CATALOGUE
  private readonly workers: WorkerLink[]
  private readonly cpuSeconds: Float64Array
  private readonly queue: BatchingQueue
  /** Every call that has not settled; `close` waits for them. */
  private readonly open = new Set<Promise<unknown>>()
  private lastId = 0
  private closed: Promise<void> | null = null

  constructor(
    choice: ProviderChoice,
    workers: WorkerLink[],
    cpuSeconds: Float64Array,
    batching: RuntimeOptions['batching'],
  ) {
    this.provider = choice.provider
    this.skipped = choice.skipped
    this.version = choice.version
    this.workers = workers
    this.cpuSeconds = cpuSeconds
    this.queue = new BatchingQueue(batching.size, batching.waitMs, (calls) =>
      this.leastLoaded().infer('mlp', calls),
    )
  }

  modelCpuSeconds(): number {
    return this.cpuSeconds.reduce((sum, seconds) => sum + seconds, 0)
  }

  async infer(model: string, inputs: Tensor[], signal?: AbortSignal): Promise<InferReply> {
    checkInputs(this.find(model), inputs)
    signal?.throwIfAborted()
    return this.track(this.inferOnWorker(model, inputs, signal))
  }

  async generate(
    model: string,
    request: GenerateRequest,
    onToken: (text: string) => void,
    signal?: AbortSignal,
  ): Promise<GenerateReply> {
    const promptTokens = checkGeneration(this.find(model), request)
    if (signal?.aborted) {
      const timing = { queueMs: 0, computeMs: 0 }
      return { promptTokens, outputTokens: 0, finishReason: 'cancelled', timing }
    }
    if (model === 'echo') return this.track(generateEcho(request, onToken, signal))
    return this.track(this.generateOnWorker(model, request, onToken, signal))
  }

  close(): Promise<void> {
    this.closed ??= this.drain()
    return this.closed
  }

  private find(name: string): ModelInfo {
    if (this.closed !== null) throw new Error('the runtime is closed')
    const model = this.models.get(name)
    if (model !== undefined) return model
    throw new RequestError('unknown_model', unknownModelMessage(name))
  }

  private inferOnWorker(model: string, inputs: Tensor[], signal?: AbortSignal): Promise<InferReply> {
    return new Promise((resolve, reject) => {
      const abort = () => {
        if (!this.queue.remove(call)) this.workers.some((worker) => worker.cancel(call.id))
        reject(signal?.reason)
      }
      const call: InferCall = {
        id: this.newId(),
        handedMs: monotonicMs(),
        inputs,
        resolve(reply) {
          signal?.removeEventListener('abort', abort)
          resolve(reply)
        },
        reject(error) {
          signal?.removeEventListener('abort', abort)
          reject(error)
        },
      }
      signal?.addEventListener('abort', abort)
      if (model === 'mlp') this.queue.add(call)
      else this.leastLoaded().infer(model, [call])
    })
  }

  private generateOnWorker(
    model: string,
    request: GenerateRequest,
    onToken: (text: string) => void,
    signal?: AbortSignal,
  ): Promise<GenerateReply> {
    const worker = this.leastLoaded()
    const id = this.newId()
    let stopped = false
    let outputTokens = 0
    const stop = () => {
      stopped = true
      worker.cancel(id)
    }
    return new Promise<GenerateReply>((resolve, reject) => {
      signal?.addEventListener('abort', stop, { once: true })
      worker.generate({
        id,
        handedMs: monotonicMs(),
        model,
        request,
        token(text) {
          // What the worker had already sent when the abort came is not for the client any more.
          if (stopped) return
          outputTokens += 1
          try {
            onToken(text)
          } catch (error) {
            stop()
            reject(error)
          }
        },
        resolve: (reply) => resolve(stopped ? { ...reply, outputTokens, finishReason: 'cancelled' } : reply),
        reject,
      })
    }).finally(() => signal?.removeEventListener('abort', stop))
  }

  /** The worker with the fewest calls; the first of equals, so that a lone caller always meets a warm one. */
  private leastLoaded(): WorkerLink {
    let best = this.workers[0]!
    for (const worker of this.workers) if (worker.load < best.load) best = worker
    return best
  }

  private newId(): number {
    this.lastId += 1
    return this.lastId
  }

  private track<Reply>(call: Promise<Reply>): Promise<Reply> {
    this.open.add(call)
    const drop = () => this.open.delete(call)
    call.then(drop, drop)
    return call
  }

  private async drain(): Promise<void> {
    this.queue.flushAll()
    await Promise.allSettled(this.open)
    await Promise.all(this.workers.map((worker) => worker.close()))
  }
}
