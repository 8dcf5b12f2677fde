import type { InferenceSession, OnnxValue } from 'onnxruntime-node'
import { monotonicMs } from './messages.ts'
import type { Provider } from './runtime.ts'

/** The loaded ONNX Runtime package; it is optional, hence imported at run time alone. */
export type OnnxRuntime = typeof import('onnxruntime-node')

/** Loads the optional package; `startRuntime` has made sure that it is there. */
export async function loadOnnxRuntime(): Promise<OnnxRuntime> {
  const loaded = await import('onnxruntime-node')
  // A CommonJS package: its exports may arrive under `default`.
  return (loaded as { default?: OnnxRuntime }).default ?? loaded
}

/**
 * Options for a session that runs wholly on the provider: on a GPU, an operator that would have to run on the
 * CPU fails the load instead of slowing every call in silence. One thread each, so that the worker's thread is
 * where all CPU time goes and several workers share the cores. `onDevice` names the outputs that stay in GPU
 * memory, which ONNX Runtime's Node binding knows to do for WebGPU alone.
 */
export function sessionOptions(provider: Provider, onDevice: string[] = []): InferenceSession.SessionOptions {
  const common = { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 } as const
  if (provider === 'cpu') return { ...common, executionProviders: ['cpu'] }
  return {
    ...common,
    executionProviders: [provider],
    extra: { session: { disable_cpu_ep_fallback: '1' } },
    ...(provider === 'webgpu' &&
      onDevice.length > 0 && {
        preferredOutputLocation: Object.fromEntries(onDevice.map((name) => [name, 'gpu-buffer' as const])),
      }),
  }
}

export interface TimedRun {
  outputs: Record<string, OnnxValue>
  /** When ONNX Runtime began, on `monotonicMs`. */
  startMs: number
  computeMs: number
}

/**
 * Runs a session and times ONNX Runtime alone. `run` defers its work with `setImmediate`, and messages are taken
 * in before that; our own immediate, queued just ahead of it, marks the true start.
 */
export async function runTimed(
  session: InferenceSession,
  feeds: InferenceSession.OnnxValueMapType,
): Promise<TimedRun> {
  let startMs = monotonicMs()
  setImmediate(() => {
    startMs = monotonicMs()
  })
  const outputs = await session.run(feeds)
  return { outputs, startMs, computeMs: monotonicMs() - startMs }
}
