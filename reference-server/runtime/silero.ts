import {
  CONTEXT_SAMPLES,
  FRAME_SAMPLES,
  LAYER_STATE_LENGTH,
  SAMPLE_RATE_HZ,
  STATE_LENGTH,
} from '../models/silero.ts'
import { elementsOf } from './datatypes.ts'
import type { Tensor } from './runtime.ts'
import { type OnnxRuntime, runTimed, sessionOptions } from './session.ts'
import type { TensorModel } from './tensor-models.ts'

/**
 * `silero-vad`: a frame of audio and the state before it in, the probability of speech and the state after it out.
 * On the CPU whatever the provider: a frame takes it 0.2 ms, and a GPU knows not all of its operators.
 */
export async function openSilero(ort: OnnxRuntime, file: string): Promise<TensorModel> {
  const session = await ort.InferenceSession.create(file, sessionOptions('cpu'))
  const sr = new ort.Tensor('int64', BigInt64Array.of(BigInt(SAMPLE_RATE_HZ)), [])
  return {
    async run(requests) {
      const outputs: Tensor[][] = []
      let startMs = 0
      let computeMs = 0
      for (const inputs of requests) {
        const audio = floatsOf(inputs, 'audio')
        const before = floatsOf(inputs, 'state')
        const samples = new Float32Array(CONTEXT_SAMPLES + FRAME_SAMPLES)
        samples.set(before.subarray(LAYER_STATE_LENGTH))
        samples.set(audio, CONTEXT_SAMPLES)
        const run = await runTimed(session, {
          input: new ort.Tensor('float32', samples, [1, samples.length]),
          state: new ort.Tensor('float32', before.slice(0, LAYER_STATE_LENGTH), [
            2,
            1,
            LAYER_STATE_LENGTH / 2,
          ]),
          sr,
        })
        if (computeMs === 0) startMs = run.startMs
        computeMs += run.computeMs
        const after = new Float32Array(STATE_LENGTH)
        after.set(run.outputs.stateN!.data as Float32Array)
        after.set(samples.subarray(FRAME_SAMPLES), LAYER_STATE_LENGTH)
        const probability = Float32Array.from(run.outputs.output!.data as Float32Array)
        outputs.push([tensorOf('probability', [1, 1], probability), tensorOf('state', [STATE_LENGTH], after)])
      }
      return { outputs, startMs, computeMs }
    },
    release: () => session.release(),
  }
}

function floatsOf(inputs: Tensor[], wanted: string): Float32Array {
  const { data } = inputs.find(({ name }) => name === wanted)!
  return elementsOf('FP32', data as Uint8Array<ArrayBuffer>) as Float32Array
}

function tensorOf(name: string, shape: number[], values: Float32Array<ArrayBuffer>): Tensor {
  return { name, datatype: 'FP32', shape, data: new Uint8Array(values.buffer) }
}
