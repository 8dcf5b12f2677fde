import type { InferCall } from './worker-link.ts'

interface Batch {
  calls: InferCall[]
  timer: NodeJS.Timeout
}

/**
 * The queue in front of `mlp`: requests of one width wait for each other and go to a worker as one, when `size`
 * of them are there or the first has waited `waitMs`.
 */
export class BatchingQueue {
  private readonly batches = new Map<number, Batch>()
  private readonly size: number
  private readonly waitMs: number
  private readonly send: (calls: InferCall[]) => void

  constructor(size: number, waitMs: number, send: (calls: InferCall[]) => void) {
    this.size = size
    this.waitMs = waitMs
    this.send = send
  }

  add(call: InferCall): void {
    if (this.size === 1) {
      this.send([call])
      return
    }
    const width = call.inputs[0]!.shape[1]!
    const waiting = this.batches.get(width)
    if (waiting === undefined) {
      const timer = setTimeout(() => this.flush(width), this.waitMs)
      this.batches.set(width, { calls: [call], timer })
    } else {
      waiting.calls.push(call)
      if (waiting.calls.length === this.size) this.flush(width)
    }
  }

  /** Takes a call out that nobody waits for any more; false if it has gone to a worker already. */
  remove(call: InferCall): boolean {
    const batch = this.batches.get(call.inputs[0]!.shape[1]!)
    const place = batch?.calls.indexOf(call) ?? -1
    if (place < 0) return false
    batch!.calls.splice(place, 1)
    return true
  }

  /** Sends everything that waits, at once. */
  flushAll(): void {
    for (const width of [...this.batches.keys()]) this.flush(width)
  }

  private flush(width: number): void {
    const batch = this.batches.get(width)!
    clearTimeout(batch.timer)
    this.batches.delete(width)
    if (batch.calls.length > 0) this.send(batch.calls)
  }
}
