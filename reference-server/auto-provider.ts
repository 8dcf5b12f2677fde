import { readdirSync, readFileSync } from 'node:fs'
import type { Provider } from './runtime/runtime.ts'

export interface SkippedProvider {
  provider: Provider
  reason: string
}

/** What may be asked for: a provider by name, or the best that this machine's hardware has. */
export type ProviderWish = Provider | 'auto'

const bestFirst: Provider[] = ['cuda', 'webgpu', 'cpu']

/**
 * The providers to try, in order. `auto` leaves WebGPU out where it could only run on a software Vulkan:
 * that is slower than the CPU provider, and its figures would pass for a GPU's.
 * @param softwareReason What softwareGraphicsReason() says of this machine.
 */
export function resolveProviders(
  wishes: ProviderWish[],
  softwareReason: string | null,
): { providers: Provider[]; skipped: SkippedProvider[] } {
  const providers = new Set<Provider>()
  const skipped: SkippedProvider[] = []
  for (const wish of wishes) {
    if (wish !== 'auto') providers.add(wish)
    else {
      for (const provider of bestFirst) {
        if (provider !== 'webgpu' || softwareReason === null) providers.add(provider)
        else if (!wishes.includes('webgpu')) {
          skipped.push({ provider, reason: `${softwareReason}; name webgpu to use it all the same` })
        }
      }
    }
  }
  return { providers: [...providers], skipped }
}

const softwareDriver = /swiftshader|lvp_|lavapipe|llvmpipe/i

/** Why WebGPU here could only run in software, or null where that cannot be told. */
export function softwareGraphicsReason(): string | null {
  if (process.platform !== 'linux') return null
  for (const name of ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES']) {
    const files = process.env[name]
    if (files && softwareDriver.test(files + files.split(':').map(contents).join())) {
      return `${name} names a software Vulkan`
    }
  }
  const devices = [...names('/dev'), ...names('/dev/dri')]
  // A render node, NVIDIA's own, and the one through which WSL reaches the host's GPU.
  if (devices.some((name) => /^(renderD\d+|nvidia\d+|dxg)$/.test(name))) return null
  return 'this machine has no graphics device, so its Vulkan can only be a software one'
}

function contents(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    // The Vulkan loader ignores such a file, too.
    return ''
  }
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
