import { isMarkedAsUntransferable } from 'node:worker_threads'
import type { GenerateReply, GenerateRequest, Provider, Tensor, Timing } from './runtime.ts'

/** What a model worker is started with. */
export interface WorkerSetup {
  provider: Provider
  /** Where the worker keeps its thread's CPU seconds up to date, at `index`, for the front end to read. */
  cpuSeconds: Float64Array<SharedArrayBuffer>
  index: number
}

interface InferPart {
  id: number
  /** When the face handed the request over, on `monotonicMs`. */
  handedMs: number
  inputs: Tensor[]
}

/** From the front end to a worker. The parts of one `infer` are joined along the batch axis. */
export type WorkerOrder =
  | { kind: 'infer'; model: string; parts: InferPart[] }
  | { kind: 'generate'; id: number; handedMs: number; model: string; request: GenerateRequest }
  | { kind: 'cancel'; id: number }
  | { kind: 'close' }

/** From a worker to the front end. A bare number is a generated token (`tokenEvent`), the most frequent by far. */
export type WorkerEvent =
  | number
  | { kind: 'ready' }
  | { kind: 'inferred'; id: number; outputs: Tensor[]; timing: Timing }
  | { kind: 'generated'; id: number; reply: GenerateReply }
  | { kind: 'failed'; id: number; message: string }

const TOKEN_RADIX = 256

/** Packs a token of a generation into one number, which crosses threads at less cost than any object. */
export function tokenEvent(id: number, token: number): number {
  return id * TOKEN_RADIX + token
}

export function readTokenEvent(event: number): { id: number; token: number } {
  return { id: Math.floor(event / TOKEN_RADIX), token: event % TOKEN_RADIX }
}

/** A clock that all threads of the process share (`performance.now` begins anew in each), in milliseconds. */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1e3 + nanoseconds / 1e6
}

/**
 * The same bytes in an ArrayBuffer of their own, ready for a transfer list. Bytes that already fill one are not
 * copied; a part of a larger buffer is, because a post would otherwise clone the whole of it.
 */
function movable(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = data
  const whole = buffer instanceof ArrayBuffer && data.byteLength === buffer.byteLength
  if (whole && !isMarkedAsUntransferable(buffer)) return data as Uint8Array<ArrayBuffer>
  return new Uint8Array(data)
}

/** Moves tensors into a message: the same tensors with movable data, and the list that `postMessage` wants. */
export function packTensors(requests: Tensor[][]): { packed: Tensor[][]; transfer: ArrayBuffer[] } {
  const transfer = new Set<ArrayBuffer>()
  const pack = (tensor: Tensor): Tensor => {
    let data = movable(tensor.data)
    // Two tensors may share their bytes; a buffer can move but once.
    if (transfer.has(data.buffer)) data = data.slice()
    transfer.add(data.buffer)
    return { ...tensor, data }
  }
  const packed = requests.map((tensors) => tensors.map(pack))
  return { packed, transfer: [...transfer] }
}
