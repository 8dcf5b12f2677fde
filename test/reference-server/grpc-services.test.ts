import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:http2'
import {
  type ChannelCredentials,
  type Client,
  credentials,
  loadPackageDefinition,
  type ServiceClientConstructor,
  status,
} from '@grpc/grpc-js'
import { service as healthService } from 'grpc-health-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ReferenceServer } from '../../reference-server/server.ts'
import { address, channelOptions, clearText, clientOf, reflect, serverStream, unary } from './grpc-client.ts'
import { eventually, metric, started } from './started.ts'

let server: ReferenceServer
let secure: ChannelCredentials

beforeAll(async () => {
  server = await started({}, true)
  secure = credentials.createSsl(await readFile(server.caFile!))
})
afterAll(() => server.close())

/** A client with the health protocol as gRPC's own package has it. */
function healthClient(url: string, channel = clearText): Client {
  const Constructor = loadPackageDefinition({ healthService }).healthService as ServiceClientConstructor
  return new Constructor(address(url), channel, channelOptions)
}

const names = [
  'inference.GRPCInferenceService',
  'inferbench.v1.Generation',
  'tensorflow.serving.PredictionService',
  'grpc.health.v1.Health',
  'grpc.reflection.v1.ServerReflection',
  'grpc.reflection.v1alpha.ServerReflection',
]

test('health: check, list, and an unknown service', async () => {
  const client = healthClient(server.grpcUrl)
  for (const service of ['', ...names]) {
    expect((await unary(client, 'Check', { service })).reply).toEqual({ status: 'SERVING' })
  }
  await expect(unary(client, 'Check', { service: 'nope' })).rejects.toMatchObject({ code: status.NOT_FOUND })
  const { statuses } = (await unary(client, 'List', {})).reply
  expect(Object.keys(statuses)).toEqual(['', ...names])
  const watch = serverStream(client, 'Watch', { service: 'nope' })
  expect((await once(watch, 'data'))[0]).toEqual({ status: 'SERVICE_UNKNOWN' })
  watch.on('error', () => {})
  watch.cancel()
  client.close()
})

test.each(['v1', 'v1alpha'] as const)('reflection %s: services, files and symbols', async (version) => {
  const ask = (query: object) => reflect(server.grpcUrl, clearText, query, version)
  const list = await ask({ list_services: '*' })
  expect(list.list_services_response.service.map(({ name }: { name: string }) => name)).toEqual(names)
  expect(list).toMatchObject({ valid_host: 'here', original_request: { list_services: '*' } })
  const file = await ask({ file_by_filename: 'inference.proto' })
  expect(file.file_descriptor_response.file_descriptor_proto).toHaveLength(1)
  for (const symbol of ['inference.ModelInferRequest.InferInputTensor', `${names[0]}.ModelInfer`]) {
    const same = await ask({ file_containing_symbol: symbol })
    expect(same.file_descriptor_response).toEqual(file.file_descriptor_response)
  }
  const none = await ask({ all_extension_numbers_of_type: 'inference.ModelInferRequest' })
  expect(none.all_extension_numbers_response.base_type_name).toBe('inference.ModelInferRequest')
})

test.each([
  [{ file_by_filename: 'nope.proto' }, status.NOT_FOUND],
  [{ file_containing_symbol: 'inference.Nope' }, status.NOT_FOUND],
  [{ all_extension_numbers_of_type: 'inference.Nope' }, status.NOT_FOUND],
  [
    { file_containing_extension: { containing_type: 'inference.ModelInferRequest', extension_number: 9 } },
    status.NOT_FOUND,
  ],
  [{}, status.INVALID_ARGUMENT],
])('reflection of %j is refused', async (query, code) => {
  expect((await reflect(server.grpcUrl, clearText, query)).error_response.error_code).toBe(code)
})

test('TLS with the throw-away CA, and with none', async () => {
  const client = await clientOf(server.grpcsUrl!, 'inferbench.v1.Generation', secure)
  const stream = serverStream(client, 'Generate', { model: 'echo', prompt: 'ab', max_tokens: 3 })
  expect((await stream.toArray()).map(({ text }) => text)).toEqual(['a', 'b', 'a', undefined])
  client.close()
  const distrustful = healthClient(server.grpcsUrl!, credentials.createSsl())
  await expect(unary(distrustful, 'Check', {})).rejects.toMatchObject({
    code: status.UNAVAILABLE,
    details: expect.stringMatching(/unable to verify|self-signed/),
  })
  distrustful.close()
})

test.each(['grpcUrl', 'grpcsUrl'] as const)('at %s a client may send far ahead', async (name) => {
  const url = server[name]!.replace('grpc', 'http')
  const session = connect(url, { ca: await readFile(server.caFile!) })
  await once(session, 'remoteSettings')
  expect(session.remoteSettings.initialWindowSize).toBe(1024 * 1024)
  expect(session.remoteSettings.maxConcurrentStreams).toBe(1_000)
  await eventually(async () => session.state.remoteWindowSize! > 10 * 1024 * 1024)
  session.close()
})

test('a stopping server tells those who watch, and ends what runs', async () => {
  const stopping = await started()
  const health = healthClient(stopping.grpcUrl)
  const generation = await clientOf(stopping.grpcUrl, 'inferbench.v1.Generation')
  const watch = serverStream(health, 'Watch', { service: '' })
  const statuses: string[] = []
  watch.on('data', (reply) => statuses.push(reply.status))
  const ended = once(watch, 'error')
  const stream = serverStream(generation, 'Generate', { model: 'echo', prompt: 'abc', max_tokens: 5_000 })
  await once(stream, 'data')
  const [, replies, [error]] = await Promise.all([stopping.close(), stream.toArray(), ended])
  expect(statuses).toEqual(['SERVING', 'NOT_SERVING'])
  expect(error.code).toBe(status.UNAVAILABLE)
  expect(replies.at(-1)).toMatchObject({ finish: { output_tokens: 5_000 } })
  await expect(unary(health, 'Check', {})).rejects.toMatchObject({ code: status.UNAVAILABLE })
  health.close()
  generation.close()
})

test('a call that outlasts the grace is cut off', async () => {
  const stopping = await started({ stopGraceMs: 100 })
  const generation = await clientOf(stopping.grpcUrl, 'inferbench.v1.Generation')
  const stream = serverStream(generation, 'Generate', { model: 'echo', prompt: 'abc', max_tokens: 65_000 })
  await once(stream, 'data')
  const begun = performance.now()
  const ended = once(stream.resume(), 'error')
  await stopping.close()
  expect(performance.now() - begun).toBeLessThan(3_000)
  expect([status.CANCELLED, status.UNAVAILABLE]).toContain((await ended)[0].code)
  generation.close()
})

test('it is counted as gRPC', async () => {
  const client = healthClient(server.grpcUrl)
  const before = await metric(server, 'infer_requests_total{interface="grpc",status="OK"}')
  await unary(client, 'Check', {})
  expect(await metric(server, 'infer_requests_total{interface="grpc",status="OK"}')).toBe(before + 1)
  client.close()
})
