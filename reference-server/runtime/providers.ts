import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Provider } from './runtime.ts'

/** What keeps the reference server from starting, and what to do about it. */
class RuntimeError extends Error {
  readonly code: 'onnxruntime_missing' | 'no_provider'

  constructor(code: RuntimeError['code'], message: string) {
    super(message)
    this.name = 'RuntimeError'
    this.code = code
  }
}

export interface ProviderChoice {
  provider: Provider
  skipped: { provider: Provider; reason: string }[]
  /** ONNX Runtime's own version. */
  version: string
}

/** What a trial prints: ONNX Runtime's version, or why the provider does not run. */
export type TrialResult = { version: string } | { reason: string }

const TRIAL_LIMIT_MS = 60_000

export const HOW_TO_INSTALL =
  'npm install onnxruntime-node\n' +
  '(on a machine that does not need CUDA, put onnxruntime-node-install=skip into .npmrc first: ' +
  'it spares a large download)'

const CURES: Record<Provider, string> = {
  cuda:
    'It needs Linux x64, an NVIDIA driver, CUDA 12, cuDNN 9 and the CUDA libraries of onnxruntime-node, which its ' +
    'installation leaves out under `onnxruntime-node-install=skip`: remove that from .npmrc, then ' +
    '`npm rebuild onnxruntime-node`.',
  webgpu:
    'It needs a GPU with a Vulkan, Direct3D 12 or Metal driver; without a GPU, a software Vulkan such as ' +
    'SwiftShader, named in VK_ICD_FILENAMES.',
  cpu: 'onnxruntime-node has no build that runs on this platform, or its installation is damaged: reinstall it.',
}

/**
 * The first of the providers that runs here. Each is tried alone, by running a small model in a process of its
 * own: ONNX Runtime lists providers whose libraries are missing, throws when given several of which the first
 * does not load, and a GPU driver that crashes must not take the server along.
 */
export async function chooseProvider(providers: readonly Provider[]): Promise<ProviderChoice> {
  if (!isInstalled()) {
    throw new RuntimeError('onnxruntime_missing', `infer-bench serve needs ONNX Runtime: ${HOW_TO_INSTALL}`)
  }
  const skipped: ProviderChoice['skipped'] = []
  for (const provider of providers) {
    const result = await tryProvider(provider)
    if ('version' in result) return { provider, skipped, version: result.version }
    skipped.push({ provider, reason: `${result.reason}. ${CURES[provider]}` })
  }
  const reasons = skipped.map(({ provider, reason }) => `\n- ${provider}: ${reason}`).join('')
  throw new RuntimeError('no_provider', `none of the providers asked for runs here:${reasons}`)
}

export function isInstalled(): boolean {
  try {
    createRequire(import.meta.url).resolve('onnxruntime-node')
    return true
  } catch {
    return false
  }
}

/** Runs a small model on the provider, in a process of its own, which this one's end ends, too. */
export function tryProvider(provider: Provider, limitMs = TRIAL_LIMIT_MS): Promise<TrialResult> {
  const file = new URL(
    import.meta.url.endsWith('.ts') ? './provider-trial.ts' : './provider-trial.js',
    import.meta.url,
  )
  const limits = { timeout: limitMs, killSignal: 'SIGKILL' } as const
  return new Promise((resolve) => {
    const trial = execFile(
      process.execPath,
      [fileURLToPath(file), provider],
      limits,
      (error, stdout, stderr) => {
        if (error === null) return resolve(JSON.parse(stdout) as TrialResult)
        const last = stderr.trim().split('\n').at(-1) ?? ''
        const end = error.killed
          ? `did not finish within ${limitMs / 1e3} s`
          : `ended with ${error.signal ?? `exit code ${error.code}`}`
        resolve({ reason: `a trial of it ${end}${last === '' ? '' : `: ${last}`}` })
      },
    )
    // A driver that hangs would never let it end by itself.
    const endTrial = () => trial.kill('SIGKILL')
    process.once('exit', endTrial)
    trial.once('close', () => process.off('exit', endTrial))
  })
}
