import { execFile } from 'node:child_process'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { startRuntime } from '../../reference-server/runtime/start.ts'
import { needs } from '../requirements.ts'
import { generate, mlpInput, numbersOf, ONE_WORKER } from './requests.ts'

const DRIVER = '/usr/lib/chromium/libvk_swiftshader.so'
const LOADER = '/usr/lib/chromium/libvulkan.so.1'

/** Runs the child on SwiftShader, a Vulkan driver that needs no GPU, and answers what it printed. */
async function onSwiftShader(): Promise<Record<string, unknown>> {
  const folder = await mkdtemp(join(tmpdir(), 'infer-bench-'))
  try {
    const driver = join(folder, 'driver.json')
    const icd = { file_format_version: '1.0.0', ICD: { library_path: DRIVER, api_version: '1.1.0' } }
    await writeFile(driver, JSON.stringify(icd))
    await symlink(LOADER, join(folder, 'libvulkan.so.1'))
    const child = fileURLToPath(new URL('./webgpu-child.ts', import.meta.url))
    const { stdout } = await promisify(execFile)(process.execPath, [child], {
      env: { ...process.env, VK_ICD_FILENAMES: driver, LD_LIBRARY_PATH: folder },
      timeout: 100_000,
      killSignal: 'SIGKILL',
    })
    return JSON.parse(stdout)
  } finally {
    await rm(folder, { recursive: true })
  }
}

// Every session there forbids ONNX Runtime to place a part of the model on the CPU, so a reply means WebGPU.
test('WebGPU says the same as the CPU', { timeout: 120_000 }, async (context) => {
  for (const file of [DRIVER, LOADER]) {
    needs(context, file, "WebGPU without a GPU runs on SwiftShader, from Debian's package chromium")
  }
  const { provider, tiny, other, small, scores, echo, banned } = await onSwiftShader()
  expect(provider).toBe('webgpu')
  expect(banned).toMatch(/fallback to CPU EP has been explicitly disabled/)

  const runtime = await startRuntime(ONE_WORKER)
  const write = async (model: string, prompt: string, maxTokens: number) =>
    (await generate(runtime, model, { prompt, maxTokens })).tokens.join('')
  expect(tiny).toBe(await write('gpt-tiny', 'Hello world', 6))
  expect(other).toBe(await write('gpt-tiny', 'To be', 6))
  expect(small).toBe(await write('gpt-small', 'Hello world', 2))
  const expected = numbersOf((await runtime.infer('mlp', [mlpInput(2, 200)])).outputs[0]!)
  expect(scores).toHaveLength(expected.length)
  for (const [place, score] of expected.entries()) expect((scores as number[])[place]).toBeCloseTo(score, 4)
  expect(echo).toEqual(numbersOf(mlpInput(1, 3)))
  await runtime.close()
})
