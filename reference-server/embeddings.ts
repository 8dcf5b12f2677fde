import { OUTPUT_WIDTH, PATCH_WIDTH } from './models/mlp.ts'
import { RequestError, type Runtime, type Timing } from './runtime/runtime.ts'

/** The one model whose output is read as an embedding. */
export const EMBEDDING_MODEL = 'mlp'
export const EMBEDDING_WIDTH = OUTPUT_WIDTH

export interface Embeddings {
  /** One for each text, of length 1. */
  vectors: Float32Array<ArrayBuffer>[]
  /** The first run's queue, and all runs' computing. */
  timing: Timing
}

/**
 * Texts as vectors: the bytes of a text are the numbers of a row, and what `mlp` makes of the row is its embedding.
 * Texts that make rows of one width go through the model at once; the vector of a text does not depend on the others.
 * @throws RequestError for another model, or a text of no bytes.
 */
export async function embed(
  runtime: Runtime,
  model: string,
  texts: readonly Uint8Array[],
  signal: AbortSignal,
): Promise<Embeddings> {
  if (model !== EMBEDDING_MODEL) {
    const message = `model '${model}' makes no embeddings; '${EMBEDDING_MODEL}' does`
    throw new RequestError(runtime.models.has(model) ? 'invalid_input' : 'unknown_model', message)
  }
  if (texts.some((text) => text.length === 0)) throw new RequestError('invalid_input', 'a text is empty')
  const byWidth = Map.groupBy(texts.keys(), (place) => widthOf(texts[place]!))
  const vectors: Float32Array<ArrayBuffer>[] = []
  const timings: Timing[] = []
  const runs = Array.from(byWidth, async ([width, places]) => {
    const rows = new Float32Array(places.length * width)
    for (const [row, place] of places.entries()) {
      const text = texts[place]!
      for (let index = 0; index < text.length; index++) rows[row * width + index] = text[index]! / 128 - 1
    }
    const shape = [places.length, width]
    const data = new Uint8Array(rows.buffer)
    const input = { name: 'input', datatype: 'FP32' as const, shape, data }
    const { outputs, timing } = await runtime.infer(model, [input], signal)
    // Bytes that came out of a message begin where their buffer does.
    const values = new Float32Array(outputs[0]!.data.buffer as ArrayBuffer)
    for (const [row, place] of places.entries()) {
      vectors[place] = ofLengthOne(values.slice(row * EMBEDDING_WIDTH, (row + 1) * EMBEDDING_WIDTH))
    }
    timings.push(timing)
  })
  await Promise.all(runs)
  const queueMs = Math.min(...timings.map((timing) => timing.queueMs))
  const computeMs = timings.reduce((sum, timing) => sum + timing.computeMs, 0)
  return { vectors, timing: { queueMs, computeMs } }
}

/** As wide as the model would make the row anyway, so that more texts share a width. */
function widthOf({ length }: Uint8Array): number {
  return Math.ceil(length / PATCH_WIDTH) * PATCH_WIDTH
}

/** Divides in place. */
export function ofLengthOne(vector: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  const length = Math.hypot(...vector)
  if (length > 0) for (let index = 0; index < vector.length; index++) vector[index]! /= length
  return vector
}
