import type { InferenceSession, OnnxValue } from 'onnxruntime-node'
import { cacheNames, type GptShape, gptGraph } from '../models/gpt.ts'
import type { Provider } from './runtime.ts'
import { type OnnxRuntime, runTimed, sessionOptions } from './session.ts'

/** Masks a later token out: small enough that its share of the attention is exactly zero in FP32. */
const MASKED = -1e9

/** The keys and values of the tokens that a sequence has already fed to its decoder. */
export interface Sequence {
  cache: Record<string, OnnxValue>
  tokenCount: number
}

export interface DecoderStep {
  /** The next token's scores, one for each token of the vocabulary. */
  logits: Float32Array
  startMs: number
  computeMs: number
}

/** One decoder model, loaded. The cache of a sequence stays on the device where the provider can keep it there. */
export class Decoder {
  private readonly ort: OnnxRuntime
  private readonly shape: GptShape
  private readonly session: InferenceSession
  private readonly names: { past: string; present: string }[]

  private constructor(ort: OnnxRuntime, shape: GptShape, session: InferenceSession) {
    this.ort = ort
    this.shape = shape
    this.session = session
    this.names = cacheNames(shape)
  }

  static async open(ort: OnnxRuntime, shape: GptShape, provider: Provider): Promise<Decoder> {
    const onDevice = cacheNames(shape).map(({ present }) => present)
    const session = await ort.InferenceSession.create(gptGraph(shape), sessionOptions(provider, onDevice))
    return new Decoder(ort, shape, session)
  }

  begin(): Sequence {
    const { heads, width } = this.shape
    const headWidth = width / heads
    const cache: Sequence['cache'] = {}
    for (const { past } of this.names) {
      const dims = past.startsWith('past_key') ? [heads, headWidth, 0] : [heads, 0, headWidth]
      cache[past] = new this.ort.Tensor('float32', new Float32Array(0), dims)
    }
    return { cache, tokenCount: 0 }
  }

  /** Feeds tokens after those that the sequence holds, and tells what the model expects next. */
  async advance(sequence: Sequence, tokens: Int32Array): Promise<DecoderStep> {
    const { Tensor } = this.ort
    const past = sequence.tokenCount
    const positions = Int32Array.from(tokens, (_, index) => past + index)
    const { outputs, startMs, computeMs } = await runTimed(this.session, {
      ...sequence.cache,
      tokens: new Tensor('int32', tokens, [tokens.length]),
      positions: new Tensor('int32', positions, [tokens.length]),
      mask: this.mask(past, tokens.length),
    })
    this.end(sequence)
    for (const { past: input, present } of this.names) sequence.cache[input] = outputs[present]!
    sequence.tokenCount += tokens.length
    return { logits: outputs.logits!.data as Float32Array, startMs, computeMs }
  }

  /** Gives the cache's device memory back. */
  end(sequence: Sequence): void {
    for (const value of Object.values(sequence.cache)) {
      if (value.location === 'gpu-buffer') value.dispose()
    }
    sequence.cache = {}
  }

  release(): Promise<void> {
    return this.session.release()
  }

  /** A token sees itself and what came before it; a single new token sees everything. */
  private mask(past: number, count: number): OnnxValue {
    const { Tensor } = this.ort
    if (count === 1) return new Tensor('float32', new Float32Array(1), [1, 1])
    const total = past + count
    const mask = new Float32Array(count * total)
    for (let row = 0; row < count; row++) mask.fill(MASKED, row * total + past + row + 1, (row + 1) * total)
    return new Tensor('float32', mask, [count, total])
  }
}
