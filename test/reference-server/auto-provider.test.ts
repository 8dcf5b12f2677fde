import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import {
  type ProviderWish,
  resolveProviders,
  softwareGraphicsReason,
} from '../../reference-server/auto-provider.ts'

test.each<[string, string | null, string, string]>([
  ['auto', null, 'cuda,webgpu,cpu', ''],
  ['auto', 'no GPU', 'cuda,cpu', 'webgpu'],
  ['webgpu', 'no GPU', 'webgpu', ''],
  ['webgpu,auto', 'no GPU', 'webgpu,cuda,cpu', ''],
  ['cpu,auto', null, 'cpu,cuda,webgpu', ''],
  ['cpu,cpu', null, 'cpu', ''],
])('%s, where graphics are software because of %j, tries %s', (wishes, reason, providers, skipped) => {
  const resolved = resolveProviders(wishes.split(',') as ProviderWish[], reason)
  expect(resolved.providers.join()).toBe(providers)
  expect(resolved.skipped.map(({ provider }) => provider).join()).toBe(skipped)
  for (const skip of resolved.skipped) expect(skip.reason).toContain(reason)
})

afterEach(() => vi.unstubAllEnvs())

test.skipIf(process.platform !== 'linux')('tells a software Vulkan by what its driver file names', () => {
  const folder = mkdtempSync(join(tmpdir(), 'infer-bench-icd-'))
  const file = join(folder, 'icd.json')
  writeFileSync(file, '{"ICD":{"library_path":"/usr/lib/libvk_swiftshader.so"}}')
  vi.stubEnv('VK_ICD_FILENAMES', `/nowhere.json:${file}`)
  expect(softwareGraphicsReason()).toBe('VK_ICD_FILENAMES names a software Vulkan')
  rmSync(folder, { recursive: true })
})
