import { execFile } from 'node:child_process'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { chooseProvider } from '../../reference-server/runtime/providers.ts'
import { startRuntime } from '../../reference-server/runtime/start.ts'
import { ONE_WORKER } from './requests.ts'

// Without a GPU in sight CUDA cannot run, on machines that have one too.
beforeEach(() => {
  vi.stubEnv('CUDA_VISIBLE_DEVICES', '-1')
})
afterEach(() => vi.unstubAllEnvs())

describe('providers', () => {
  test('the first that runs is used, and why the others are not is told', async () => {
    const runtime = await startRuntime({ ...ONE_WORKER, providers: ['cuda', 'cpu'] })
    await runtime.close()
    expect(runtime.provider).toBe('cpu')
    expect(runtime.skipped).toHaveLength(1)
    expect(runtime.skipped[0]).toMatchObject({
      provider: 'cuda',
      reason: expect.stringMatching(/^\S.*\. It needs .*NVIDIA driver.*npm rebuild onnxruntime-node/),
    })
  })

  test('nothing is tried after one that runs', async () => {
    expect(await chooseProvider(['cpu', 'cuda'])).toMatchObject({ provider: 'cpu', skipped: [] })
  })

  test('none that runs is one error, with a reason and a cure for each', async () => {
    vi.stubEnv('VK_ICD_FILENAMES', '/nowhere.json')
    // Metal and Direct3D need no driver file, so that WebGPU runs where they are.
    const asked = process.platform === 'linux' ? (['cuda', 'webgpu'] as const) : (['cuda'] as const)
    const failure = chooseProvider(asked)
    await expect(failure).rejects.toMatchObject({ name: 'RuntimeError', code: 'no_provider' })
    const { message } = (await failure.catch((error) => error)) as Error
    const [head, ...reasons] = message.split('\n')
    expect(head).toBe('none of the providers asked for runs here:')
    expect(reasons).toHaveLength(asked.length)
    for (const [place, provider] of asked.entries()) {
      expect(reasons[place]).toMatch(new RegExp(`^- ${provider}: .{10,}\\. It needs `))
      expect(reasons[place]).not.toContain('/onnxruntime_src/')
    }
  })

  test('a provider that takes its process along is a provider that does not run', async () => {
    vi.stubEnv('NODE_OPTIONS', '--max-old-space-size=1')
    const failure = chooseProvider(['cpu'])
    await expect(failure).rejects.toMatchObject({ code: 'no_provider' })
    await expect(failure).rejects.toThrow(/- cpu: a trial of it ended with (SIG\w+|exit code \d+)/)
  })
})

test('without the optional package the error says what to install', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'infer-bench-'))
  try {
    // Outside this package's folder no node_modules is in reach, as in an installation without the package.
    await cp(fileURLToPath(new URL('../../reference-server', import.meta.url)), join(folder, 'server'), {
      recursive: true,
    })
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
    await writeFile(
      join(folder, 'main.ts'),
      `import { startRuntime } from './server/runtime/start.ts'
      await startRuntime({ providers: ['cpu'], workers: 1, batching: { size: 1, waitMs: 0 } }).catch((error) => {
        console.log(JSON.stringify({ name: error.name, code: error.code, message: error.message }))
      })`,
    )
    const { stdout } = await promisify(execFile)(process.execPath, [join(folder, 'main.ts')])
    expect(JSON.parse(stdout)).toMatchObject({
      name: 'RuntimeError',
      code: 'onnxruntime_missing',
      message: expect.stringMatching(
        /^infer-bench serve needs ONNX Runtime: npm install onnxruntime-node\n.*onnxruntime-node-install=skip/,
      ),
    })
  } finally {
    await rm(folder, { recursive: true })
  }
})
