/** What is learned of a server by asking it, and what is said of one that does not tell. */

import { once } from 'node:events'
import net from 'node:net'
import { Server, ServerCredentials, type ServerDuplexStream, status } from '@grpc/grpc-js'
import { afterEach, describe, expect, test } from 'vitest'
import { readProto } from '../../reference-server/grpc/proto-file.ts'
import { generationProto } from '../../reference-server/grpc/protos/generation.ts'
import { reflectionProto } from '../../reference-server/grpc/protos/reflection.ts'
import { tensorflowProto, tfServingProto } from '../../reference-server/grpc/protos/tf-serving.ts'
import { DialectError } from '../../src/dialects/dialect.ts'
import { TargetCredentials } from '../../src/drivers/credentials.ts'
import { OpenError } from '../../src/drivers/driver.ts'
import { askSchema } from '../../src/drivers/grpc/ask.ts'
import { type GrpcSchema, withMethod } from '../../src/drivers/grpc/schema.ts'
import { caseOf } from '../contract/play.ts'

interface Question {
  file_containing_symbol: string
  file_by_filename: string
  list_services: string
  message_request: string
}

const FILES = [
  readProto(generationProto),
  readProto(tfServingProto, [tensorflowProto]),
  readProto(tensorflowProto),
]

const told = (file: (typeof FILES)[number] | undefined): object =>
  file
    ? { file_descriptor_response: { file_descriptor_proto: [file.descriptor] } }
    : { error_response: { error_code: status.NOT_FOUND, error_message: 'not found' } }

function truth(question: Question): object {
  if (question.message_request === 'list_services') {
    const service = FILES.flatMap(({ services }) => services.map(({ fullName: name }) => ({ name })))
    return { list_services_response: { service } }
  }
  if (question.message_request === 'file_by_filename') {
    return told(FILES.find(({ name }) => name === question.file_by_filename))
  }
  return told(FILES.find(({ symbols }) => symbols.has(question.file_containing_symbol)))
}

let server: Server | null = null
let url = ''

afterEach(() => server?.forceShutdown())

type Call = ServerDuplexStream<Question, object>

async function serve(version: 'v1' | 'v1alpha', handle: (call: Call) => void): Promise<void> {
  server = new Server()
  const { definition } = readProto(reflectionProto(version)).services[0]!
  server.addService(definition, { ServerReflectionInfo: handle })
  const port = await new Promise<number>((resolve, reject) => {
    const done = (error: Error | null, bound: number) => (error ? reject(error) : resolve(bound))
    server!.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), done)
  })
  url = `grpc://127.0.0.1:${port}`
}

const answering = (reply: (question: Question) => object) => (call: Call) => {
  call.on('error', () => {})
  call.on('data', (question: Question) => call.write(reply(question)))
  call.on('end', () => call.end())
}

function ask(path: string, options: Record<string, unknown> = {}, timeoutMs = 5000): Promise<GrpcSchema> {
  const { target } = caseOf({
    target: { interface: 'grpc', url: url + path, options: { reflection: true, ...options } },
  })
  return askSchema(target, new TargetCredentials(target), timeoutMs, new AbortController().signal)
}

const GENERATE = '/inferbench.v1.Generation/Generate'

async function refused(what: Promise<unknown>): Promise<unknown> {
  try {
    await what
  } catch (error) {
    return error
  }
  throw new Error('it was not refused')
}

describe.each(['v1', 'v1alpha'] as const)('%s', (version) => {
  test('a method, its kind and its messages', async () => {
    await serve(version, answering(truth))
    const schema = await ask(GENERATE)
    const { target } = caseOf({ target: { interface: 'grpc', url, options: { reflection: true } } })
    expect(withMethod(target, GENERATE, schema).options.learned).toMatchObject({
      kind: 'server-stream',
      request: 'inferbench.v1.GenerateRequest',
      types: { 'inferbench.v1.Finish': { fields: { reason: { type: 'string', id: 1 } } } },
    })
  })

  test('files that a file imports', async () => {
    await serve(version, answering(truth))
    const { types } = await ask('/tensorflow.serving.PredictionService/Predict')
    expect(types.has('tensorflow.TensorProto')).toBe(true)
  })
})

test('a service that it does not have: those that it has, or the one that was meant', async () => {
  await serve('v1', answering(truth))
  const error = await refused(
    ask('/inferbench.v1.Generatoin/Generate', { service: 'inferbench.v1.Generatoin' }),
  )
  expect(error).toBeInstanceOf(DialectError)
  expect(error).toMatchObject({ cure: 'Did you mean `inferbench.v1.Generation`?', at: ['service'] })
})

test('reflection is off', async () => {
  await serve('v1', (call) => call.emit('error', { code: status.UNIMPLEMENTED, details: 'unknown' }))
  const error = await refused(ask(GENERATE))
  expect(error).toBeInstanceOf(DialectError)
  expect(error).toMatchObject({
    message: expect.stringContaining('its reflection is off'),
    at: ['reflection'],
  })
})

describe('a server that cannot be asked', () => {
  const outcomeOf = async (asked: Promise<unknown>) => {
    const error = await refused(asked)
    expect(error).toBeInstanceOf(OpenError)
    return (error as OpenError).outcome
  }

  test('refuses who asks', async () => {
    await serve('v1', (call) => call.emit('error', { code: status.UNAUTHENTICATED, details: 'who?' }))
    expect(await outcomeOf(ask(GENERATE))).toMatchObject({ class: 'grpc.UNAUTHENTICATED', sample: 'who?' })
  })

  test('never answers', async () => {
    await serve('v1', () => {})
    expect(await outcomeOf(ask(GENERATE, {}, 200))).toMatchObject({ class: 'timeout.connect' })
  })

  test('ends without an answer', async () => {
    await serve('v1', (call) => call.end())
    expect(await outcomeOf(ask(GENERATE))).toMatchObject({
      class: 'decode',
      sample: 'its reflection tells nothing',
    })
  })

  test('tells what is no schema', async () => {
    await serve(
      'v1',
      answering(() => ({ file_descriptor_response: { file_descriptor_proto: [Buffer.from([0xff, 0xff])] } })),
    )
    expect(await outcomeOf(ask(GENERATE))).toMatchObject({ class: 'decode' })
  })

  test('leaves out a file that another imports', async () => {
    await serve(
      'v1',
      answering((question) => (question.file_by_filename ? told(undefined) : truth(question))),
    )
    expect(await outcomeOf(ask('/tensorflow.serving.PredictionService/Predict'))).toMatchObject({
      class: 'decode',
      sample: 'its reflection tells no file tensorflow.proto',
    })
  })

  test('is not there', async () => {
    const listener = net.createServer().listen(0, '127.0.0.1')
    await once(listener, 'listening')
    url = `grpc://127.0.0.1:${(listener.address() as net.AddressInfo).port}`
    await new Promise((resolve) => listener.close(resolve))
    expect(await outcomeOf(ask(GENERATE))).toMatchObject({ class: 'tcp.refused' })
  })
})
