/**
 * What the reference server's faces know of the models behind them. The faces run on the front-end event
 * loop; everything here that computes does so in model workers, because ONNX Runtime blocks its thread.
 */

/** An ONNX Runtime execution provider that this server can be told to use. */
export type Provider = 'cuda' | 'webgpu' | 'cpu'

/** Tensor element types, by their Open Inference Protocol names. */
export type DataType =
  | 'BOOL'
  | 'UINT8'
  | 'INT8'
  | 'UINT16'
  | 'INT16'
  | 'UINT32'
  | 'INT32'
  | 'UINT64'
  | 'INT64'
  | 'FP32'
  | 'FP64'

/**
 * A tensor as it travels between a face and a model worker: raw little-endian bytes, row-major. Whoever hands a
 * tensor over gives `data` away: bytes that fill their ArrayBuffer move to the worker without a copy, which
 * leaves the giver with an empty array.
 */
export interface Tensor {
  name: string
  datatype: DataType
  shape: number[]
  data: Uint8Array
}

/** Where one inference spent its time inside the server, in milliseconds. */
export interface Timing {
  /** From the face handing it over until a worker began to compute. */
  queueMs: number
  /** Inside ONNX Runtime; of a generation, the sum of its steps. A join of requests counts whole for each. */
  computeMs: number
}

export interface TensorSpec {
  name: string
  datatype: DataType | null
  /** -1 stands for any extent; null for any shape. */
  shape: number[] | null
}

export interface ModelInfo {
  name: string
  /** `tensor` models take tensors, `decoder` models generate tokens; `echo` does both. */
  kinds: ('tensor' | 'decoder')[]
  inputs: TensorSpec[]
  outputs: TensorSpec[]
  /** Decoders with a limit: the most tokens that prompt and reply may have together. */
  contextTokens: number | null
}

export interface InferReply {
  outputs: Tensor[]
  timing: Timing
}

export interface GenerateRequest {
  prompt: string
  maxTokens: number
  /** Go on to `maxTokens` even if the model says that it has finished. */
  ignoreEos: boolean
}

export interface GenerateReply {
  promptTokens: number
  outputTokens: number
  finishReason: 'stop' | 'length' | 'cancelled'
  timing: Timing
}

/** What is wrong with a request, told to the client; the faces map it to 404 or 400. */
export class RequestError extends Error {
  readonly code: 'unknown_model' | 'invalid_input'

  constructor(code: RequestError['code'], message: string) {
    super(message)
    this.name = 'RequestError'
    this.code = code
  }
}

/** The worker that had a call is gone, whatever it was that ended it; not the call's fault, nor the front end's. */
export class WorkerLostError extends Error {
  override name = 'WorkerLostError'
}

export interface Runtime {
  /** The provider that really runs. */
  readonly provider: Provider
  /** Those that were tried before it, each with the reason why it does not run here. */
  readonly skipped: readonly { provider: Provider; reason: string }[]
  /** ONNX Runtime's own version. */
  readonly version: string
  readonly models: ReadonlyMap<string, ModelInfo>
  /** CPU time of the model workers' threads so far, in seconds; a GPU driver's own threads are not in it. */
  modelCpuSeconds(): number
  /**
   * One inference. Rejects with RequestError for a request that does not fit the model, and with the signal's
   * reason on an abort. `echo` answers each tensor under the name that it came with.
   */
  infer(model: string, inputs: Tensor[], signal?: AbortSignal): Promise<InferReply>
  /**
   * One generation. `onToken` gets each token's text as soon as it exists. An abort stops the generation
   * within one token; the promise then resolves with `cancelled`. Rejects with RequestError for a request that
   * the model cannot take.
   */
  generate(
    model: string,
    request: GenerateRequest,
    onToken: (text: string) => void,
    signal?: AbortSignal,
  ): Promise<GenerateReply>
  /** Finishes what runs, releases the sessions, ends the workers. */
  close(): Promise<void>
}

export interface RuntimeOptions {
  /** Tried in this order; the first that runs is used. */
  providers: Provider[]
  /** Model workers (CPU only; a GPU provider has one). */
  workers: number
  /** The batching queue in front of `mlp`: at most `size` requests joined, waiting at most `waitMs`. Off when size is 1. */
  batching: { size: number; waitMs: number }
  /** A model worker is gone, and so many are left; with none, every call is rejected. */
  onLoss?: (error: WorkerLostError, left: number) => void
}
