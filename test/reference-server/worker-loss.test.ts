/** A model worker that is lost fails its calls at once; the others go on, and a server without any ends, and says so. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { status } from '@grpc/grpc-js'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { toStatusError } from '../../reference-server/grpc/status.ts'
import { WorkerLostError } from '../../reference-server/runtime/runtime.ts'
import { breakable } from '../faults/breakable.ts'
import { post } from './started.ts'

const program = fileURLToPath(new URL('./serve-program.ts', import.meta.url))

let folder: string
const children = new Set<ChildProcess>()

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'infer-bench-test-'))
})
afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
  children.clear()
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function serve(args: string[]) {
  const { env, breaks } = await breakable(folder)
  const child = spawn(process.execPath, [program, 'serve', '--provider', 'cpu', ...args], {
    stdio: 'pipe',
    env: { ...process.env, ...env },
  })
  children.add(child)
  const said = { stdout: '', stderr: '' }
  const listeners = new Set<() => void>()
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text
      for (const listener of listeners) listener()
    })
  }
  /** Resolves once the program has said it. */
  const says = (name: keyof typeof said, text: string) =>
    new Promise<void>((resolve) => {
      const listener = () => said[name].includes(text) && resolve()
      listeners.add(listener)
      listener()
    })
  return { child, said, says, breaks, ended: once(child, 'close') }
}

/** It takes seconds to write so many. */
const LONG = { model: 'gpt-small', prompt: 'a', max_tokens: 2000, ignore_eos: true }
const SHORT = { max_tokens: 1 }

test('one of two, then the other', async () => {
  const { said, says, breaks, ended } = await serve(['--port', '0', '--workers', '2', '--json'])
  await says('stdout', '\n')
  const { httpUrl } = JSON.parse(said.stdout) as { httpUrl: string }
  const complete = (more: object) => post(`${httpUrl}/v1/completions`, { ...LONG, ...more })
  await breaks('model-0 exit')
  await says('stderr', 'error: a model worker is gone: it ended with exit code 3; 1 of 2 go on\n')
  const replies = await Promise.all([complete(SHORT), complete(SHORT), complete(SHORT)])
  expect(replies.map((reply) => reply.status)).toEqual([200, 200, 200])

  const stream = await complete({ stream: true })
  const whole = complete({})
  // Answered after the request before it has arrived, which a server that ends would not have taken any more.
  await (await fetch(`${httpUrl}/v2/health/live`)).text()
  await breaks('model-1 throw')
  expect((await whole).status).toBe(503)
  expect(await (await whole).text()).toContain('a model worker is gone: broken on purpose')
  expect(await stream.text()).toContain('a model worker is gone: broken on purpose')
  expect(await ended).toEqual([1, null])
  expect(said.stderr).toMatch(/\nerror: a model worker is gone: broken on purpose; none is left\n$/)
})

test('the only one, over standard input and output', async () => {
  const { child, said, says, breaks, ended } = await serve(['--mcp-stdio'])
  const call = (id: number, name: string, fields: object) =>
    child.stdin.write(
      `${JSON.stringify({
        jsonrpc: '2.0',
        id,
        method: 'tools/call',
        params: { name, arguments: fields, _meta: META },
      })}\n`,
    )
  call(1, 'generate', { ...LONG, ...SHORT })
  await says('stdout', '"id":1')
  call(2, 'generate', LONG)
  await breaks('model-0 throw')
  await says('stdout', '"id":2')
  expect(said.stdout).toContain('a model worker is gone: broken on purpose')
  // Its input is still open.
  expect(await ended).toEqual([1, null])
  expect(said.stderr).toBe('error: a model worker is gone: broken on purpose; none is left\n')
})

/** Of the stateless revision, in which a call needs no session. */
const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
}

test('gRPC calls it unavailable', () => {
  expect(toStatusError(new WorkerLostError('gone'))).toMatchObject({
    code: status.UNAVAILABLE,
    details: 'gone',
  })
})
