import { FRAME_SAMPLES, SILERO, STATE_LENGTH } from './models/silero.ts'
import { type InferReply, RequestError, type Runtime, type Tensor } from './runtime/runtime.ts'

/** Which sequence a request belongs to, and whether it begins or ends it; the names are Triton's. */
export interface SequencePlace {
  id: string
  start: boolean
  end: boolean
}

interface Sequence {
  state: Uint8Array
  /** Settles when the state is that after the last frame which came. */
  ready: Promise<void>
}

/** What one client may have in mid-sequence at once; one more forgets the oldest. */
const mostSequences = 64

/**
 * The audio streams of one connection. A model that hears one frame after another needs its state of the frame
 * before; here it is kept, so that a client sends nothing but its audio.
 */
export class Sequences {
  readonly #runtime: Runtime
  readonly #open = new Map<string, Sequence>()

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  /** As the runtime's own; frames of one sequence are heard in the order in which they came. */
  async infer(
    model: string,
    inputs: Tensor[],
    place: SequencePlace,
    signal: AbortSignal,
  ): Promise<InferReply> {
    const isFrame = model === SILERO && this.#runtime.models.has(model) && inputs.length === 1
    return isFrame
      ? this.#hear(frameOf(inputs[0]!), place, signal)
      : this.#runtime.infer(model, inputs, signal)
  }

  #hear(audio: Tensor, { id, start, end }: SequencePlace, signal: AbortSignal): Promise<InferReply> {
    let sequence = this.#open.get(id)
    if (!sequence || start) {
      const [oldest] = this.#open.keys()
      if (this.#open.size >= mostSequences) this.#open.delete(oldest!)
      sequence = { state: new Uint8Array(STATE_LENGTH * 4), ready: Promise.resolve() }
      this.#open.set(id, sequence)
    }
    if (end) this.#open.delete(id)
    const reply = this.#next(sequence, audio, signal, performance.now())
    // A frame that failed is as if it had never been sent.
    sequence.ready = reply.then(ignore, ignore)
    return reply
  }

  async #next(sequence: Sequence, audio: Tensor, signal: AbortSignal, cameMs: number): Promise<InferReply> {
    await sequence.ready
    const waitedMs = performance.now() - cameMs
    const state: Tensor = {
      name: 'state',
      datatype: 'FP32',
      shape: [STATE_LENGTH],
      data: sequence.state.slice(),
    }
    const { outputs, timing } = await this.#runtime.infer(SILERO, [audio, state], signal)
    sequence.state = outputs[1]!.data
    return { outputs: outputs.slice(0, 1), timing: { ...timing, queueMs: timing.queueMs + waitedMs } }
  }
}

function ignore(): void {}

/** A frame as the model takes it. @throws RequestError for one that is no 512 samples. */
function frameOf({ name, datatype, shape, data }: Tensor): Tensor {
  const byteCount = datatype === 'INT16' ? 2 : datatype === 'FP32' ? 4 : 0
  const isRow = shape.length === 1 || (shape.length === 2 && shape[0] === 1)
  if (name !== 'audio' || byteCount * FRAME_SAMPLES !== data.byteLength || !isRow) {
    const wanted = `'audio', FP32 or INT16, [${FRAME_SAMPLES}] or [1, ${FRAME_SAMPLES}]`
    throw new RequestError('invalid_input', `a frame is ${wanted}, got '${name}', ${datatype} [${shape}]`)
  }
  const audio: Tensor = { name, datatype: 'FP32', shape: [1, FRAME_SAMPLES], data }
  if (datatype === 'FP32') return audio
  const integers = new Int16Array(new Uint8Array(data).buffer)
  const samples = Float32Array.from(integers, (sample) => sample / 32_768)
  return { ...audio, data: new Uint8Array(samples.buffer) }
}
