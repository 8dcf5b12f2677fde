// biome-ignore-all lint/suspicious/noTemplateCurlyInString: scenarios have such templates.
/** What a user gets: the packed package, installed into an empty folder, without the optional ONNX Runtime. */

import { type ExecFileException, execFile, execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest'
import { needs } from '../requirements.ts'
import { startOpenai } from '../servers/openai-http.ts'
import type { PlainServer } from '../servers/plain-http.ts'
import type { Ended } from './cli.ts'
import { folderWith, readResultFile } from './folder.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const MOST_BYTES = 1024 ** 2
const SETUP_TIMEOUT_MS = 120_000
const OFFLINE = /ENOTFOUND|EAI_AGAIN|ENETUNREACH|ECONNREFUSED|ETIMEDOUT/

let server: PlainServer
let packed: string
let app: string
/** Why the package could not be installed; null where it is. */
let offline: string | null = null

beforeAll(async () => {
  server = await startOpenai()
  app = await folderWith({ 'package.json': '{ "private": true }' })
  // Built by the test run: once more would take it from under other tests.
  const [pack] = JSON.parse(
    (await execute('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', app], ROOT)).stdout,
  ) as [{ filename: string }]
  packed = join(app, pack.filename)
  const flags = ['--omit=optional', '--omit=peer', '--prefer-offline', '--no-audit', '--no-fund']
  const { code, stderr } = await execute('npm', ['install', packed, ...flags], app)
  if (code === 0) return
  if (!OFFLINE.test(stderr) || process.env.INFER_BENCH_CI) throw new Error(`npm install failed: ${stderr}`)
  offline = 'the package registry is not reachable, so what the package depends on cannot be installed'
}, SETUP_TIMEOUT_MS)

afterAll(() => server.stop())

/** The variables of this process, but for those by which npm tells its scripts where they are. */
const ENV = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^(npm_(package|lifecycle|config_local)|INIT_CWD)/i.test(name),
  ),
)

function execute(
  command: string,
  args: string[],
  cwd: string,
): Promise<Pick<Ended, 'code' | 'stdout' | 'stderr'>> {
  return new Promise((resolve) => {
    // The runtime of this repository comes first: that of the machine may be too old for the package.
    const path = [join(ROOT, 'node_modules/.bin'), ENV.PATH].join(delimiter)
    execFile(
      command,
      args,
      { cwd, env: { ...ENV, PATH: path, npm_config_loglevel: 'error' } },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : Number((error as ExecFileException).code)
        resolve({ code, stdout, stderr })
      },
    )
  })
}

function npx(context: TestContext, args: string[]) {
  if (offline !== null) context.skip(offline)
  return execute('npx', ['--no', '--', 'infer-bench', ...args], app)
}

describe('the package', () => {
  test('is small, and holds what it needs and nothing else', () => {
    expect(statSync(packed).size).toBeLessThan(MOST_BYTES)
    const files = execFileSync('tar', ['-tzf', packed], { encoding: 'utf8' }).trim().split('\n')
    const strangers = files.filter(
      (file) => !/^package\/(package\.json|LICENSE|README\.md|(dist|scenarios|docs)\/.*)$/.test(file),
    )
    expect(strangers).toEqual([])
    expect(files).toContain('package/dist/src/bin.js')
    expect(files).toContain('package/dist/scenario.schema.json')
    expect(files.filter((file) => /\.ts$|\/test\//.test(file))).toEqual([])
  })

  test('installs without ONNX Runtime', (context) => {
    if (offline !== null) context.skip(offline)
    expect(existsSync(join(app, 'node_modules/infer-bench'))).toBe(true)
    expect(existsSync(join(app, 'node_modules/onnxruntime-node'))).toBe(false)
  })
})

describe.concurrent('installed', () => {
  test('it measures an endpoint of somebody else', async (context) => {
    writeFileSync(
      join(app, 'scenario.yaml'),
      `
targets:
  whole: { interface: rest, api: openai-chat, url: "${server.url}", model: any }
  stream: { interface: sse, api: openai-chat, url: "${server.url}", model: any }
defaults: { rounds: 1, load: { concurrency: 2, calls: 20, warmup: 0s } }
thresholds: { all: { error_rate: "<= 0%" } }
`,
    )
    const { code, stdout, stderr } = await npx(context, ['run', 'scenario.yaml', '--out', 'result.json'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'result: result.json\n' })
    expect(stdout).toMatch(/^scenario\n/)
    const { cases } = await readResultFile(app)
    expect(cases.map(({ name, summary }) => [name, summary.calls, summary.errors])).toEqual([
      ['whole', 20, 0],
      ['stream', 20, 0],
    ])
    expect(cases[1]!.metrics.inter_chunk_latency!.count).toBe(20 * 4)
  })

  test('it writes a first scenario that is valid, and whose schema is where it says', async (context) => {
    const made = await npx(context, ['init', 'first.yaml', '--url', server.url, '--interface', 'sse'])
    expect(made).toMatchObject({ code: 0 })
    const text = readFileSync(join(app, 'first.yaml'), 'utf8')
    const schema = /\$schema=(\S+)/.exec(text)?.[1] ?? ''
    expect(JSON.parse(readFileSync(join(app, dirname('first.yaml'), schema), 'utf8'))).toHaveProperty(
      'properties',
    )
    expect(await npx(context, ['validate', 'first.yaml'])).toMatchObject({ code: 0, stderr: '' })
  })

  test('it prints the schema that it ships', async (context) => {
    const { code, stdout } = await npx(context, ['schema'])
    const shipped = join(app, 'node_modules/infer-bench/dist/scenario.schema.json')
    expect(JSON.parse(stdout)).toEqual(JSON.parse(readFileSync(shipped, 'utf8')))
    expect(code).toBe(0)
  })

  test('serve, and a run that needs it, say how to get ONNX Runtime', async (context) => {
    const served = await npx(context, ['serve', '--port', '0'])
    expect(served.stderr).toMatch(/^error: .*npm install onnxruntime-node/)
    expect(served.stderr).not.toContain('--help')
    expect(served).toMatchObject({ code: 1, stdout: '' })
    const quickstart = 'node_modules/infer-bench/scenarios/quickstart.yaml'
    const run = await npx(context, ['run', quickstart])
    expect(run.stderr).toMatch(/^error: .*npm install onnxruntime-node/)
    expect(run.stderr).not.toMatch(/ {4}at /)
    expect(run).toMatchObject({ code: 1, stdout: '' })
    expect(readdirSync(app)).not.toContain('results')
  })
})

test('an older Node gets one clear sentence', (context) => {
  const older = olderNode()
  needs(context, older ?? '/a Node that is older than 22.19', 'the package greets such a Node')
  const bin = join(ROOT, 'dist/src/bin.js')
  for (const args of [['--version'], ['run', 'scenario.yaml']]) {
    const { status, stdout, stderr } = spawnSync(older!, [bin, ...args], { encoding: 'utf8' })
    expect(stderr).toMatch(/^infer-bench needs Node 22\.19 or later; this is Node [\d.]+ \(.*\)\.\n$/)
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
  }
})

/** One that this machine has; null where it has none. */
function olderNode(): string | null {
  for (const folder of (ENV.PATH ?? '').split(delimiter)) {
    const node = join(folder, 'node')
    if (folder.includes('node_modules') || !existsSync(node)) continue
    const version = execFileSync(node, ['--version'], { encoding: 'utf8' })
    const [major = 0, minor = 0] = version.slice(1).split('.').map(Number)
    if (major < 22 || (major === 22 && minor < 19)) return node
  }
  return null
}
