/** A process of its own: runs a small model on the provider named in its argument, prints a `TrialResult`. */
import { mlpGraph, PATCH_WIDTH } from '../models/mlp.ts'
import type { TrialResult } from './providers.ts'
import type { Provider } from './runtime.ts'
import { loadOnnxRuntime, sessionOptions } from './session.ts'

async function attempt(provider: Provider): Promise<TrialResult> {
  try {
    const ort = await loadOnnxRuntime()
    const session = await ort.InferenceSession.create(mlpGraph(), sessionOptions(provider))
    const patches = new ort.Tensor('float32', new Float32Array(PATCH_WIDTH), [1, 1, PATCH_WIDTH])
    await session.run({ patches })
    await session.release()
    return { version: ort.env.versions.node ?? ort.env.versions.common }
  } catch (error) {
    return { reason: plainReason(error) }
  }
}

/** ONNX Runtime puts the place in its C++ source before what it has to say, or a chain of such places. */
function plainReason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message
    .trim()
    .replace(/^\/onnxruntime_src\/.*(?: was false\.|: FAIL :) */s, '')
    .replace(/\s+/g, ' ')
    .replace(/\.$/, '')
}

process.stdout.write(JSON.stringify(await attempt(process.argv[2] as Provider)))
