import { Worker } from 'node:worker_threads'
import { tokenText } from '../models/tokenizer.ts'
import {
  packTensors,
  readTokenEvent,
  type WorkerEvent,
  type WorkerOrder,
  type WorkerSetup,
} from './messages.ts'
import {
  type GenerateReply,
  type GenerateRequest,
  type InferReply,
  type Tensor,
  WorkerLostError,
} from './runtime.ts'

/** An inference on its way: what to compute, and whom to tell. */
export interface InferCall {
  id: number
  handedMs: number
  inputs: Tensor[]
  resolve(reply: InferReply): void
  reject(error: unknown): void
}

/** A generation on its way. */
export interface GenerateCall {
  id: number
  handedMs: number
  model: string
  request: GenerateRequest
  token(text: string): void
  resolve(reply: GenerateReply): void
  reject(error: unknown): void
}

/** The front end's side of one model worker: sends orders, hands each event to the call that waits for it. */
export class WorkerLink {
  private readonly worker: Worker
  private readonly inferences = new Map<number, InferCall>()
  private readonly generations = new Map<number, GenerateCall>()
  /** Settles when the worker's models are loaded, or when it ended before. */
  readonly ready: Promise<void>
  private readonly loaded = Promise.withResolvers<void>()
  private readonly ended = Promise.withResolvers<void>()
  private readonly losing = Promise.withResolvers<WorkerLostError>()
  private failure: WorkerLostError | null = null
  private closing = false

  constructor(setup: WorkerSetup) {
    const file = new URL(
      import.meta.url.endsWith('.ts') ? './model-worker.ts' : './model-worker.js',
      import.meta.url,
    )
    this.ready = this.loaded.promise
    this.worker = new Worker(file, { workerData: setup })
    this.worker.on('message', (event: WorkerEvent) => this.take(event))
    this.worker.on('error', (error: Error) => this.fail(error))
    this.worker.on('exit', (code) => {
      this.fail(new Error(`it ended with exit code ${code}`))
      this.ended.resolve()
    })
  }

  /** Resolves when the worker ends without having been told to. */
  get lost(): Promise<WorkerLostError> {
    return this.losing.promise
  }

  /** Calls that wait for this worker; Infinity for one that ended. */
  get load(): number {
    return this.failure === null ? this.inferences.size + this.generations.size : Number.POSITIVE_INFINITY
  }

  /** Runs the calls as one inference, joined along the batch axis where there are several. */
  infer(model: string, calls: InferCall[]): void {
    if (this.failure !== null) {
      for (const call of calls) call.reject(this.failure)
      return
    }
    const { packed, transfer } = packTensors(calls.map((call) => call.inputs))
    const parts = calls.map(({ id, handedMs }, place) => ({ id, handedMs, inputs: packed[place]! }))
    for (const call of calls) this.inferences.set(call.id, call)
    this.post({ kind: 'infer', model, parts }, transfer)
  }

  generate(call: GenerateCall): void {
    if (this.failure !== null) {
      call.reject(this.failure)
      return
    }
    this.generations.set(call.id, call)
    const { id, handedMs, model, request } = call
    this.post({ kind: 'generate', id, handedMs, model, request })
  }

  /**
   * Takes a call back; false if this worker does not have it. An inference is forgotten at once; a generation
   * still answers.
   */
  cancel(id: number): boolean {
    if (!this.inferences.delete(id) && !this.generations.has(id)) return false
    this.post({ kind: 'cancel', id })
    return true
  }

  /** Lets the worker finish what it has, release its sessions and end. */
  async close(): Promise<void> {
    this.closing = true
    if (this.failure === null) this.post({ kind: 'close' })
    await this.ended.promise
  }

  private post(order: WorkerOrder, transfer: ArrayBuffer[] = []): void {
    this.worker.postMessage(order, transfer)
  }

  private take(event: WorkerEvent): void {
    if (typeof event === 'number') {
      const { id, token } = readTokenEvent(event)
      this.generations.get(id)?.token(tokenText(token))
    } else if (event.kind === 'inferred') {
      this.inferences.get(event.id)?.resolve({ outputs: event.outputs, timing: event.timing })
      this.inferences.delete(event.id)
    } else if (event.kind === 'generated') {
      this.generations.get(event.id)?.resolve(event.reply)
      this.generations.delete(event.id)
    } else if (event.kind === 'ready') {
      this.loaded.resolve()
    } else {
      const call = this.inferences.get(event.id) ?? this.generations.get(event.id)
      this.inferences.delete(event.id)
      this.generations.delete(event.id)
      call?.reject(new Error(event.message))
    }
  }

  private fail(error: Error): void {
    this.failure ??= new WorkerLostError(`a model worker is gone: ${error.message}`, { cause: error })
    if (!this.closing) this.losing.resolve(this.failure)
    this.loaded.reject(this.failure)
    for (const call of [...this.inferences.values(), ...this.generations.values()]) call.reject(this.failure)
    this.inferences.clear()
    this.generations.clear()
  }
}
