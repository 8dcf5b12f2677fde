import { setMaxListeners } from 'node:events'
import type { ServerDuplexStream } from '@grpc/grpc-js'
import type { Timing } from '../runtime/runtime.ts'
import { Sequences } from '../sequences.ts'
import type { Service } from '../service.ts'
import { knownModel } from './known-model.ts'
import type { ModelInferRequest, ModelStreamInferResponse } from './messages.ts'
import { ReplyStream } from './reply-stream.ts'
import { timingTrailer, toStatusError } from './status.ts'
import { readInputs, writeOutputs } from './tensors.ts'
import { boolean, finalMark, isTextRequest, readPlace, readTextRequest, writeText } from './text-request.ts'

/** Requests of one stream that are worked on at once; more are not read until one is done. */
const maxOpenRequests = 64

/**
 * One `ModelStreamInfer` call. Its requests run side by side, so replies come as they are ready and are told apart by
 * their `id`. A tensor request has one reply. A text request has one per token; the last one says so in the parameter
 * `triton_final_response`, and is an empty one if the last token was not known to be the last when it came, or if the
 * request's `triton_enable_empty_final_response` asks for that. A request that fails is told in `error_message`, and
 * the stream goes on.
 */
export class ModelStream {
  readonly #service: Service
  readonly #call: ServerDuplexStream<ModelInferRequest, ModelStreamInferResponse>
  readonly #sequences: Sequences
  readonly #replies: ReplyStream<ModelStreamInferResponse>
  /** Summed over the requests. */
  readonly #timing: Timing = { queueMs: 0, computeMs: 0 }
  #openRequests = 0
  #ended = false

  constructor(service: Service, call: ServerDuplexStream<ModelInferRequest, ModelStreamInferResponse>) {
    this.#service = service
    this.#sequences = new Sequences(service.runtime)
    this.#call = call
    this.#replies = new ReplyStream(service, call)
    // Every open request listens to it; Node takes more than ten listeners for a leak unless it is told.
    setMaxListeners(maxOpenRequests, this.#replies.scope.signal)
    call.on('data', (request: ModelInferRequest) => void this.#answer(request))
    call.on('end', () => {
      this.#ended = true
      this.#settle()
    })
  }

  async #answer(request: ModelInferRequest): Promise<void> {
    this.#openRequests += 1
    if (this.#openRequests === maxOpenRequests) this.#call.pause()
    try {
      const timing = isTextRequest(request) ? await this.#generate(request) : await this.#infer(request)
      this.#timing.queueMs += timing.queueMs
      this.#timing.computeMs += timing.computeMs
    } catch (error) {
      this.#tellError(request, error)
    }
    // A client that sends without reading is not read from either.
    await this.#replies.room()
    this.#openRequests -= 1
    if (this.#openRequests === maxOpenRequests - 1) this.#call.resume()
    this.#settle()
  }

  async #infer(request: ModelInferRequest): Promise<Timing> {
    const model = knownModel(this.#service, request.model_name, request.model_version)
    const { signal } = this.#replies.scope
    const { outputs, timing } = await this.#sequences.infer(
      model.name,
      readInputs(request),
      readPlace(request),
      signal,
    )
    const response = writeOutputs(request, outputs)
    this.#replies.send(() => ({ infer_response: response }), '')
    return timing
  }

  async #generate(request: ModelInferRequest): Promise<Timing> {
    const model = knownModel(this.#service, request.model_name, request.model_version)
    const generation = readTextRequest(request)
    const endsEmpty = boolean(request.parameters, 'triton_enable_empty_final_response') ?? false
    const token = (text: string) => ({ infer_response: writeText(request, text, false) })
    const lastToken = (text: string) => ({ infer_response: writeText(request, text, true) })
    const lastCount = endsEmpty ? Number.POSITIVE_INFINITY : generation.maxTokens
    let count = 0
    const onToken = (text: string) => {
      count += 1
      this.#replies.send(count === lastCount ? lastToken : token, text)
    }
    const { signal } = this.#replies.scope
    const { timing } = await this.#service.generate(model.name, generation, onToken, signal)
    if (count < lastCount) this.#replies.send(() => ({ infer_response: finalMark(request, true) }), '')
    return timing
  }

  #tellError(request: ModelInferRequest, error: unknown): void {
    if (this.#replies.scope.over) return
    const known = toStatusError(error)
    if (!known) {
      this.#replies.fail(error)
      return
    }
    const infer_response = finalMark(request, true)
    this.#replies.send(() => ({ error_message: known.message, infer_response }), '')
  }

  #settle(): void {
    if (this.#ended && this.#openRequests === 0) void this.#replies.end(timingTrailer(this.#timing))
  }
}
