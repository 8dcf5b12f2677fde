import { END_TOKEN, tokenize } from '../models/tokenizer.ts'
import type { Decoder, Sequence } from './decoder.ts'
import type { GenerateReply, GenerateRequest } from './runtime.ts'

/** Prompt tokens fed at once: long enough to be fast, short enough that other generations need not wait long. */
const PREFILL_TOKENS = 128

/** One generation inside a model worker, advanced a step at a time so that several progress together. */
export class Generation {
  readonly id: number
  cancelled = false
  private readonly decoder: Decoder
  private readonly request: GenerateRequest
  private readonly handedMs: number
  private readonly sequence: Sequence
  private readonly promptTokens: number
  /** What the decoder is yet to be fed: the prompt behind its begin token, then each token as it comes. */
  private pending: Int32Array
  private queueMs: number | null = null
  private computeMs = 0
  private outputTokens = 0

  constructor(id: number, handedMs: number, decoder: Decoder, request: GenerateRequest) {
    this.id = id
    this.handedMs = handedMs
    this.decoder = decoder
    this.request = request
    this.sequence = decoder.begin()
    const prompt = tokenize(request.prompt)
    this.promptTokens = prompt.length
    this.pending = Int32Array.of(END_TOKEN, ...prompt)
  }

  /** One run of the model: `token` is what it wrote, null while it reads the prompt or when it has finished. */
  async step(): Promise<{ token: number | null; reply: GenerateReply | null }> {
    if (this.cancelled) return { token: null, reply: this.finish('cancelled') }
    const fed = this.pending.subarray(0, PREFILL_TOKENS)
    this.pending = this.pending.subarray(fed.length)
    const { logits, startMs, computeMs } = await this.decoder.advance(this.sequence, fed)
    this.queueMs ??= startMs - this.handedMs
    this.computeMs += computeMs
    if (this.pending.length > 0) return { token: null, reply: null }

    const token = likeliest(logits, this.request.ignoreEos)
    if (token === END_TOKEN) return { token: null, reply: this.finish('stop') }
    this.outputTokens += 1
    this.pending = Int32Array.of(token)
    const full = this.outputTokens === this.request.maxTokens
    return { token, reply: full ? this.finish('length') : null }
  }

  /** Gives the device memory back; for a generation whose step failed, too. */
  release(): void {
    this.decoder.end(this.sequence)
  }

  private finish(finishReason: GenerateReply['finishReason']): GenerateReply {
    this.release()
    const { promptTokens, outputTokens, computeMs } = this
    return { promptTokens, outputTokens, finishReason, timing: { queueMs: this.queueMs ?? 0, computeMs } }
  }
}

/** Greedy choice. Who ignores the end gets the best token that has a text, so that every token is a chunk. */
function likeliest(logits: Float32Array, ignoreEnd: boolean): number {
  const count = ignoreEnd ? END_TOKEN : logits.length
  let best = 0
  for (let token = 1; token < count; token++) {
    if (logits[token]! > logits[best]!) best = token
  }
  return best
}
