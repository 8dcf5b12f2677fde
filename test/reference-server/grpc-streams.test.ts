import { once } from 'node:events'
import { type Client, status } from '@grpc/grpc-js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ReferenceServer } from '../../reference-server/server.ts'
import { bidi, clientOf, clientStream, parameters, serverStream, type unary } from './grpc-client.ts'
import { eventually, metric, started } from './started.ts'

let server: ReferenceServer
let inference: Client
let generation: Client

beforeAll(async () => {
  server = await started({ streams: 4, streamBufferBytes: 400_000 })
  inference = await clientOf(server.grpcUrl, 'inference.GRPCInferenceService')
  generation = await clientOf(server.grpcUrl, 'inferbench.v1.Generation')
})
afterAll(async () => {
  inference.close()
  generation.close()
  await server.close()
})

const idle = async () => (await metric(server, 'infer_active_streams')) === 0

const counted = (code: status) =>
  metric(server, `infer_requests_total{interface="grpc",status="${status[code]}"}`)

// Far more than is generated while a test looks on.
const endless = { model: 'echo', prompt: 'abc', max_tokens: 65_000 }

test('server streaming: a reply per token, how it ended, and where the time went', async () => {
  const request = { model: 'gpt-tiny', prompt: 'Hello', max_tokens: 6, ignore_eos: true }
  const stream = serverStream(generation, 'Generate', request)
  const replies = await stream.toArray()
  expect(replies.slice(0, 6).map(({ text }) => text)).toEqual(Array(6).fill(expect.stringMatching(/^.$/)))
  expect(replies[6]).toMatchObject({ finish: { reason: 'length', prompt_tokens: 5, output_tokens: 6 } })
  expect(replies).toHaveLength(7)
  const [final] = await once(serverStream(generation, 'Generate', request).resume(), 'status')
  expect(final.metadata.get('server-timing')[0]).toMatch(/^queue;dur=\d+\.\d{3}, compute;dur=[1-9]\d*\./)
})

test('client streaming: an upload in pieces', async () => {
  const { call, reply } = clientStream(generation, 'Collect')
  for (const byteCount of [0, 10, 100_000, 3_000_000]) call.write({ data: Buffer.alloc(byteCount) })
  call.end()
  expect(await reply).toEqual({ chunk_count: '4', byte_count: '3100010' })
})

test('a stream that cannot begin tells why', async () => {
  const refusal = async (request: object) => {
    const [error] = await once(serverStream(generation, 'Generate', request).resume(), 'error')
    return error
  }
  expect(await refusal({ ...endless, model: 'nope' })).toMatchObject({ code: status.NOT_FOUND })
  expect(await refusal({ ...endless, prompt: '' })).toMatchObject({ code: status.INVALID_ARGUMENT })
  expect(await refusal({ ...endless, model: 'gpt-tiny' })).toMatchObject({ code: status.INVALID_ARGUMENT })
})

test('a client that cancels in mid-stream ends the generation', async () => {
  const [tokens, cancelled] = [
    await metric(server, 'infer_generated_tokens_total'),
    await counted(status.CANCELLED),
  ]
  const stream = serverStream(generation, 'Generate', endless)
  await once(stream, 'data')
  expect(await metric(server, 'infer_active_streams')).toBe(1)
  stream.cancel()
  const [error] = await once(stream, 'error')
  expect(error.code).toBe(status.CANCELLED)
  await eventually(idle)
  expect((await metric(server, 'infer_generated_tokens_total')) - tokens).toBeLessThan(endless.max_tokens)
  expect(await counted(status.CANCELLED)).toBe(cancelled + 1)
})

test('a deadline ends the generation', async () => {
  const before = await metric(server, 'infer_generated_tokens_total')
  const stream = serverStream(generation, 'Generate', endless, { deadline: Date.now() + 200 }).resume()
  const [error] = await once(stream, 'error')
  expect(error.code).toBe(status.DEADLINE_EXCEEDED)
  await eventually(idle)
  expect((await metric(server, 'infer_generated_tokens_total')) - before).toBeLessThan(endless.max_tokens)
})

test('one generation too many is refused, and the others go on', async () => {
  const streams = Array.from({ length: 4 }, () => serverStream(generation, 'Generate', endless))
  await Promise.all(streams.map((stream) => once(stream, 'data')))
  const [error] = await once(serverStream(generation, 'Generate', endless).resume(), 'error')
  expect(error).toMatchObject({ code: status.RESOURCE_EXHAUSTED, details: expect.stringContaining('4 gen') })
  expect(await metric(server, 'infer_active_streams')).toBe(4)
  for (const stream of streams) {
    stream.on('error', () => {})
    stream.cancel()
  }
  await eventually(idle)
})

const tensor = (id: string, values: number[]) => ({
  model_name: 'echo',
  id,
  inputs: [{ name: 'x', datatype: 'UINT8', shape: [values.length] }],
  raw_input_contents: [Buffer.from(values)],
})

const text = (id: string, model: string, prompt: string, rest: Record<string, object>) => {
  const length = Buffer.alloc(4)
  length.writeUInt32LE(prompt.length)
  return {
    model_name: model,
    id,
    inputs: [{ name: 'text_input', datatype: 'BYTES', shape: [1] }],
    raw_input_contents: [Buffer.concat([length, Buffer.from(prompt)])],
    parameters: parameters(rest),
  }
}

/** A reply in short: its request's id, its text or bytes, and whether it is the last one. */
function inShort({ infer_response: reply }: Awaited<ReturnType<typeof unary>>['reply']) {
  const { id, outputs, raw_output_contents: raw, parameters } = reply
  const isText = outputs?.[0]?.name === 'text_output'
  return [
    id,
    raw ? (isText ? String(raw[0].subarray(4)) : [...raw[0]]) : null,
    parameters?.[0].value.bool_param,
  ]
}

test('bidirectional streaming: a reply to each tensor request', async () => {
  const stream = bidi(inference, 'ModelStreamInfer')
  for (let i = 0; i < 200; i++) stream.write(tensor(`r${i}`, [i]))
  stream.end()
  const ended = once(stream, 'status')
  const replies = await stream.toArray()
  expect(replies.map(inShort)).toEqual(Array.from({ length: 200 }, (_, i) => [`r${i}`, [i], undefined]))
  const [final] = await ended
  expect(final.metadata.get('server-timing')[0]).toMatch(/^queue;dur=.+, compute;dur=/)
})

test('a text request has a reply per token, the last of which says so', async () => {
  const stream = bidi(inference, 'ModelStreamInfer')
  stream.write(text('a', 'echo', 'xyz', { max_tokens: { int64_param: 4 } }))
  const first = []
  for await (const reply of stream) {
    first.push(inShort(reply))
    if (first.length === 4) {
      stream.write(
        text('b', 'echo', 'xyz', {
          max_tokens: { int64_param: 1 },
          triton_enable_empty_final_response: { bool_param: true },
        }),
      )
      stream.end()
    }
  }
  expect(first).toEqual([
    ['a', 'x', false],
    ['a', 'y', false],
    ['a', 'z', false],
    ['a', 'x', true],
    ['b', 'x', false],
    ['b', null, true],
  ])
})

test('a generation that ends by itself, and typed contents', async () => {
  const stream = bidi(inference, 'ModelStreamInfer')
  const input = { name: 'text_input', datatype: 'BYTES', shape: [1] }
  stream.write({
    model_name: 'gpt-tiny',
    inputs: [{ ...input, contents: { bytes_contents: [Buffer.from('Hello')] } }],
    parameters: parameters({ max_tokens: { int64_param: 200 } }),
  })
  stream.end()
  const replies = await stream.toArray()
  const texts = replies.flatMap(({ infer_response: { outputs } }) => outputs ?? [])
  expect(texts.map(({ contents }) => String(contents.bytes_contents[0]))).toEqual(
    Array(texts.length).fill(expect.stringMatching(/^.$/)),
  )
  const marks = replies.map(({ infer_response: { parameters } }) => parameters[0].value.bool_param)
  expect(marks).toEqual([...Array(replies.length - 1).fill(false), true])
})

test('a request that fails is told, and the stream goes on', async () => {
  const stream = bidi(inference, 'ModelStreamInfer')
  stream.write({ ...tensor('bad', [1]), model_name: 'nope' })
  stream.write(tensor('good', [2]))
  stream.end()
  const [failed, fine] = await stream.toArray()
  expect(failed).toMatchObject({
    error_message: expect.stringContaining('no model named "nope"'),
    infer_response: { id: 'bad', model_name: 'nope' },
  })
  expect(inShort(fine)).toEqual(['good', [2], undefined])
})

test('a stream that is cancelled ends all of its generations', async () => {
  const stream = bidi(inference, 'ModelStreamInfer')
  stream.on('error', () => {})
  for (const id of ['a', 'b', 'c'])
    stream.write(text(id, 'echo', 'xyz', { max_tokens: { int64_param: 65_000 } }))
  await eventually(async () => (await metric(server, 'infer_active_streams')) === 3)
  stream.cancel()
  await eventually(idle)
})

test('a reader that pauses gets every reply in order once it reads', async () => {
  // A long id comes back in every reply, and so fills the windows within a few tokens.
  const id = 'i'.repeat(100_000)
  const before = await metric(server, 'infer_generated_tokens_total')
  const stream = bidi(inference, 'ModelStreamInfer').pause()
  stream.write(text(id, 'echo', 'abcdefghij', { max_tokens: { int64_param: 500 } }))
  stream.end()
  await eventually(async () => (await metric(server, 'infer_generated_tokens_total')) - before === 500)
  const replies = await stream.toArray()
  expect(replies.map((reply) => inShort(reply)[1]).join('')).toBe('abcdefghij'.repeat(50))
})

test('a reader that is too slow is given up', async () => {
  const before = await metric(server, 'infer_generated_tokens_total')
  const stream = bidi(inference, 'ModelStreamInfer').pause()
  const ended = once(stream, 'error')
  stream.write(text('i'.repeat(100_000), 'echo', 'abc', { max_tokens: { int64_param: 65_000 } }))
  await eventually(async () => (await metric(server, 'infer_generated_tokens_total')) > before)
  await eventually(idle)
  expect((await metric(server, 'infer_generated_tokens_total')) - before).toBeLessThan(65_000)
  const [error] = await ended
  expect(error).toMatchObject({
    code: status.RESOURCE_EXHAUSTED,
    details: 'the stream was read too slowly and given up',
  })
})
