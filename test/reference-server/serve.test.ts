import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'

const program = fileURLToPath(new URL('./serve-program.ts', import.meta.url))
const anyPort = ['serve', '--port', '0', '--provider', 'cpu']
const children = new Set<ChildProcess>()

afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
  children.clear()
})

interface Run {
  child: ChildProcess
  output: { stdout: string; stderr: string }
  ended: Promise<{ code: number | null; signal: string | null }>
  firstLine(): Promise<string>
}

function run(args: string[]): Run {
  return watch(spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] }))
}

function watch(child: ChildProcess): Run {
  children.add(child)
  const output = { stdout: '', stderr: '' }
  child.stderr!.setEncoding('utf8').on('data', (chunk: string) => {
    output.stderr += chunk
  })
  // A child whose channel the parent has closed never emits `close`.
  const ended = once(child, child.channel ? 'exit' : 'close').then(([code, signal]) => ({ code, signal }))
  const line = new Promise<string>((resolve, reject) => {
    child.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
      output.stdout += chunk
      if (output.stdout.includes('\n')) resolve(output.stdout.split('\n')[0]!)
    })
    void ended.then(() => reject(new Error(`it ended without a line: ${output.stderr}`)))
  })
  // Runs that are meant to fail never ask for their first line.
  line.catch(() => {})
  return { child, output, ended, firstLine: () => line }
}

test('its first line names the URLs and the provider; SIGTERM ends it well', async () => {
  const { child, ended, firstLine, output } = run([...anyPort, '--tls-port', '0'])
  const line = await firstLine()
  const [, httpUrl, caFile] = /(http:\S+) and https:\S+ \(CA (\S+)\) and grpc:\S+ and grpcs:\S+ on cpu$/.exec(
    line,
  )!
  expect((await fetch(`${httpUrl}/healthz`)).status).toBe(200)
  expect(existsSync(caFile!)).toBe(true)
  child.kill('SIGTERM')
  expect(await ended).toEqual({ code: 0, signal: null })
  expect(existsSync(caFile!)).toBe(false)
  expect(output.stderr).toBe('')
})

test('--json tells the same to a program, and why auto skipped what it skipped', async () => {
  const { child, ended, firstLine } = run(['serve', '--port', '0', '--json'])
  const ready = JSON.parse(await firstLine())
  expect(ready).toMatchObject({ httpsUrl: null, caFile: null, version: '1.2.3', software: null })
  expect(ready.runtimeVersion).toMatch(/^\d+\.\d+\.\d+/)
  if (ready.provider === 'cpu') {
    const reason = expect.stringMatching(/\w+/)
    expect(ready.skipped).toHaveLength(2)
    expect(ready.skipped).toContainEqual({ provider: 'cuda', reason })
    expect(ready.skipped).toContainEqual({ provider: 'webgpu', reason })
  }
  const metadata = (await (await fetch(`${ready.httpUrl}/v2`)).json()) as Record<string, unknown>
  expect(metadata).toMatchObject({ provider: ready.provider, providers_skipped: ready.skipped })
  child.kill('SIGINT')
  expect(await ended).toEqual({ code: 0, signal: null })
})

test('a forked one tells its parent when it is ready, and stops with it', async () => {
  const child = fork(program, anyPort, { silent: true })
  const { ended } = watch(child)
  const [message] = (await once(child, 'message')) as [Record<string, unknown>]
  expect(message).toMatchObject({
    type: 'ready',
    httpUrl: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    httpsUrl: null,
    grpcUrl: expect.stringMatching(/^grpc:\/\/127\.0\.0\.1:\d+$/),
    grpcsUrl: null,
    caFile: null,
    provider: 'cpu',
    skipped: [],
    version: '1.2.3',
  })
  child.disconnect()
  expect(await ended).toEqual({ code: 0, signal: null })
})

test('a port that is taken is told in one sentence', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as { port: number }
  const { ended, output } = run(['serve', '--port', String(port), '--provider', 'cpu'])
  expect(await ended).toEqual({ code: 1, signal: null })
  expect(output.stderr).toBe(
    `error: port ${port} of 127.0.0.1 is already in use; choose another with --port, --grpc-port, --tls-port or --grpc-tls-port\n`,
  )
  other.close()
})

test.skipIf(existsSync('/dev/nvidia0'))(
  'providers that do not run here are told with their reasons',
  async () => {
    const { ended, output } = run(['serve', '--port', '0', '--provider', 'cuda'])
    expect(await ended).toEqual({ code: 1, signal: null })
    expect(output.stderr).toMatch(/^error: none of the providers asked for runs here:\n- cuda: /)
  },
)

test.each([
  ['--provider', 'tpu', '"tpu" is none of auto, cuda, webgpu, cpu'],
  ['--port', '65536', 'a port number from 0 to 65535'],
  ['--port', '', 'a port number from 0 to 65535'],
  ['--workers', '0', 'a whole number of at least 1'],
  ['--batch-wait', '5', 'a number with a unit: us, ms, s, m, h'],
  ['--max-body', '5MB', 'a number with a unit: B, KiB, MiB, GiB'],
])('%s %j is a usage error', async (flag, value, message) => {
  const { ended, output } = run(['serve', flag, value])
  expect((await ended).code).toBe(2)
  expect(output.stderr).toContain(message)
})

test('a token from the environment, and certificates for clients', async () => {
  const env = { ...process.env, OWN_TOKEN: 'canary-4Tq9' }
  const args = [program, ...anyPort, '--mtls', '--token-env', 'OWN_TOKEN', '--json']
  const { child, ended, firstLine, output } = watch(
    spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], env }),
  )
  const ready = JSON.parse(await firstLine())
  for (const file of [ready.caFile, ready.clientCertFile, ready.clientKeyFile]) {
    expect(existsSync(file)).toBe(true)
  }
  expect((await fetch(`${ready.httpUrl}/v2`)).status).toBe(401)
  const headers = { authorization: 'Bearer canary-4Tq9' }
  expect((await fetch(`${ready.httpUrl}/v2`, { headers })).status).toBe(200)
  child.kill('SIGTERM')
  expect(await ended).toEqual({ code: 0, signal: null })
  expect(existsSync(ready.clientKeyFile)).toBe(false)
  expect(output.stdout + output.stderr).not.toContain('canary')
})

test.each([
  ['a variable without a token', ['--token-env', 'NO_SUCH_TOKEN'], /NO_SUCH_TOKEN holds no token/],
  ['a CA that is not there', ['--client-ca', '/no/such.pem'], /no\/such\.pem/],
])('%s is told in one sentence', async (_what, flags, says) => {
  const { ended, output } = run([...anyPort, ...flags])
  expect(await ended).toMatchObject({ code: 1 })
  expect(output.stderr).toMatch(says)
  expect(output.stderr.trim().split('\n')).toHaveLength(1)
})
