/** Calls of which nobody but their .proto file, or their server, knows what they are made of. */

import { afterAll, beforeAll, describe, expect, test as serial } from 'vitest'
import { generationProto } from '../../reference-server/grpc/protos/generation.ts'
import type { ReferenceServer } from '../../reference-server/server.ts'
import { started } from '../reference-server/started.ts'
import { type PlainGrpc, startGrpcServer } from '../servers/plain-grpc.ts'
import { cli } from './cli.ts'
import { folderWith, readResultFile } from './folder.ts'

const test = serial.concurrent

let server: ReferenceServer
let silent: PlainGrpc

beforeAll(async () => {
  server = await started({}, true)
  silent = await startGrpcServer('unary', (call) => call.end('x'))
})
afterAll(async () => {
  await server.close()
  await silent.stop()
})

const scenario = (target: string, payload: string, more = '') => `name: learned
targets:
  a: { interface: grpc, api: raw, service: inferbench.v1.Generation, ${target} }
defaults: { rounds: 1, load: { concurrency: 2, calls: 20, warmup: 0s }, timeout: { connect: 5s, total: 5s } }
cases: [{ target: a, payload: ${payload} }]
${more}`

const run = async (text: string) => {
  const cwd = await folderWith({ 'scenario.yaml': text, 'protos/generation.proto': generationProto })
  const ended = await cli(['run', 'scenario.yaml', '--out', 'result.json', '--quiet'], { cwd })
  return { ...ended, result: () => readResultFile(cwd) }
}

test('the server tells what a streaming call is made of, over TLS', async () => {
  const target = `url: "${server.grpcsUrl}", tls: { ca: ${server.caFile} }, method: Generate, reflection: true`
  const payload = '{ json: { model: echo, prompt: abc, max_tokens: 5 } }'
  const ended = await run(scenario(target, payload))
  expect(ended.stderr).not.toContain('error')
  expect(ended.code).toBe(0)
  const [one] = (await ended.result()).cases
  expect(one!.summary).toMatchObject({ calls: 20, errors: 0 })
  // Five tokens and the end: five gaps.
  expect(one!.metrics.inter_chunk_latency!.count).toBe(20 * 5)
})

test('a file tells what a call is made of whose client streams', async () => {
  const target = `url: "${server.grpcUrl}", method: Collect, proto: protos/generation.proto`
  const ended = await run(scenario(target, '{ json: { data: aGVsbG8= }, messages: 3 }'))
  expect(ended.code).toBe(0)
  const [one] = (await ended.result()).cases
  expect(one!.summary).toMatchObject({ calls: 20, errors: 0 })
})

describe('before any load', () => {
  test.each([
    [
      'a message that does not fit',
      () => `url: "${server.grpcUrl}", method: Generate, reflection: true`,
      '{ json: { prompt: 7 } }',
      ['scenario.yaml:5:49: this is no string', '  Write a text.'],
    ],
    [
      'a method that the server does not have',
      () => `url: "${server.grpcUrl}", method: Generat, reflection: true`,
      '{ json: {} }',
      ['inferbench.v1.Generation has no method `Generat`', '  Did you mean `Generate`?'],
    ],
    [
      'a server whose reflection is off',
      () => `url: "${silent.url.replace('/test.Plain/Call', '')}", method: Generate, reflection: true`,
      '{ json: {} }',
      ['scenario.yaml:3:', 'its reflection is off', 'name the files that describe the service'],
    ],
  ])('%s: exit 104', async (_what, target, payload, expected) => {
    const ended = await run(scenario(target(), payload))
    for (const text of expected) expect(ended.stderr).toContain(text)
    expect(ended.code).toBe(104)
    expect(ended.stdout).toBe('')
  })

  test('a server that is not there: exit 114', async () => {
    const ended = await run(
      scenario('url: "grpc://127.0.0.1:9", method: Generate, reflection: true', '{ json: {} }'),
    )
    expect(ended.stderr).toContain(
      'target a cannot be reached at grpc://127.0.0.1:9/inferbench.v1.Generation/Generate',
    )
    expect(ended.code).toBe(114)
  })
})
