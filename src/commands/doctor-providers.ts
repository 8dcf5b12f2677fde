import type { Diagnosis } from '../result/diagnosis.ts'

/** A driver that does not answer must not keep the doctor waiting. */
const TRIAL_LIMIT_MS = 8000

/** Which providers of ONNX Runtime run a small model here. */
export async function tryProviders(): Promise<Diagnosis['onnxruntime']> {
  const { HOW_TO_INSTALL, isInstalled, tryProvider } = await import(
    '../../reference-server/runtime/providers.ts'
  )
  const { resolveProviders, softwareGraphicsReason } = await import('../../reference-server/auto-provider.ts')
  if (!isInstalled()) return { providers: [], missing: HOW_TO_INSTALL }
  const { providers, skipped } = resolveProviders(['auto'], softwareGraphicsReason())
  const trials = providers.map(async (provider) => {
    const result = await tryProvider(provider, TRIAL_LIMIT_MS)
    return 'version' in result
      ? { provider, version: result.version, reason: null }
      : { provider, version: null, reason: result.reason }
  })
  const left = skipped.map(({ provider, reason }) => ({ provider, version: null, reason }))
  return { providers: [...(await Promise.all(trials)), ...left], missing: null }
}
