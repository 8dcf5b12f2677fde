import { Client as BareClient, type Client, status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ReferenceServer } from '../../reference-server/server.ts'
import { address, clearText, clientOf, parameters, unary } from './grpc-client.ts'
import { metric, started } from './started.ts'

let server: ReferenceServer
let client: Client

beforeAll(async () => {
  server = await started({ bodyBytes: 100_000 })
  client = await clientOf(server.grpcUrl, 'inference.GRPCInferenceService')
})
afterAll(async () => {
  client.close()
  await server.close()
})

const infer = (request: object) => unary(client, 'ModelInfer', request)

const echo = (tensor: object, rest: object = {}) =>
  infer({ model_name: 'echo', inputs: [{ name: 'x', shape: [2], ...tensor }], ...rest })

test('the server and its models tell of themselves', async () => {
  expect((await unary(client, 'ServerLive', {})).reply).toEqual({ live: true })
  expect((await unary(client, 'ServerReady', {})).reply).toEqual({ ready: true })
  expect((await unary(client, 'ModelReady', { name: 'mlp', version: '1' })).reply).toEqual({ ready: true })
  const { reply } = await unary(client, 'ServerMetadata', {})
  expect(reply).toEqual({ name: 'infer-bench', version: '1.2.3' })
  const platform = { versions: ['1'], platform: 'onnxruntime_onnx' }
  expect((await unary(client, 'ModelMetadata', { name: 'mlp' })).reply).toEqual({
    name: 'mlp',
    ...platform,
    inputs: [{ name: 'input', datatype: 'FP32', shape: ['-1', '-1'] }],
    outputs: [{ name: 'output', datatype: 'FP32', shape: ['-1', '16'] }],
  })
  expect((await unary(client, 'ModelMetadata', { name: 'gpt-tiny' })).reply).toEqual({
    name: 'gpt-tiny',
    ...platform,
    inputs: [{ name: 'text_input', datatype: 'BYTES', shape: ['1'] }],
    outputs: [{ name: 'text_output', datatype: 'BYTES', shape: ['1'] }],
  })
  expect((await unary(client, 'ModelMetadata', { name: 'echo' })).reply.inputs).toEqual([{ name: 'tensor' }])
})

describe('every datatype comes back as it came', () => {
  test.each([
    ['BOOL', 'bool_contents', [true, false]],
    ['UINT8', 'uint_contents', [0, 255]],
    ['UINT16', 'uint_contents', [0, 65_535]],
    ['UINT32', 'uint_contents', [0, 4_294_967_295]],
    ['UINT64', 'uint64_contents', ['0', '18446744073709551615']],
    ['INT8', 'int_contents', [-128, 127]],
    ['INT16', 'int_contents', [-32_768, 32_767]],
    ['INT32', 'int_contents', [-2_147_483_648, 2_147_483_647]],
    ['INT64', 'int64_contents', ['-9223372036854775808', '9223372036854775807']],
    ['FP32', 'fp32_contents', [1.5, Number.NEGATIVE_INFINITY]],
    ['FP64', 'fp64_contents', [0.1, Number.NaN]],
  ])('%s in %s', async (datatype, field, values) => {
    const { reply } = await echo({ datatype, contents: { [field]: values } }, { id: 'my id' })
    expect(reply).toEqual({
      model_name: 'echo',
      model_version: '1',
      id: 'my id',
      outputs: [{ name: 'x', datatype, shape: ['2'], contents: { [field]: values } }],
    })
  })

  test.each([
    ['BOOL', 1],
    ['UINT8', 1],
    ['UINT16', 2],
    ['UINT32', 4],
    ['UINT64', 8],
    ['INT8', 1],
    ['INT16', 2],
    ['INT32', 4],
    ['INT64', 8],
    ['FP32', 4],
    ['FP64', 8],
  ])('%s as %d raw bytes', async (datatype, byteCount) => {
    const raw = Buffer.from(Array.from({ length: 2 * byteCount }, (_, i) => i % 2))
    const { reply } = await echo({ datatype }, { raw_input_contents: [raw] })
    expect(reply.raw_output_contents).toEqual([raw])
    expect(reply.outputs).toEqual([{ name: 'x', datatype, shape: ['2'] }])
  })
})

test('a tensor without elements, and a scalar', async () => {
  const { reply } = await echo({ datatype: 'FP32', shape: [0, 3] })
  expect(reply.outputs[0]).toMatchObject({ shape: ['0', '3'] })
  const scalar = await echo({ datatype: 'INT8', shape: [], contents: { int_contents: [-7] } })
  expect(scalar.reply.outputs[0].contents).toEqual({ int_contents: [-7] })
})

test('mlp answers alike to raw and to typed inputs, and tells where the time went', async () => {
  const values = Float32Array.of(1, -2, 3, 0.5)
  const input = { name: 'input', datatype: 'FP32', shape: [2, 2] }
  const request = { model_name: 'mlp', outputs: [{ name: 'output' }] }
  const raw = await infer({ ...request, inputs: [input], raw_input_contents: [Buffer.from(values.buffer)] })
  const typed = await infer({ ...request, inputs: [{ ...input, contents: { fp32_contents: [...values] } }] })
  const numbers = new Float32Array(new Uint8Array(raw.reply.raw_output_contents[0]).buffer)
  expect(typed.reply.outputs[0].contents.fp32_contents).toEqual([...numbers])
  expect(numbers).toHaveLength(32)
  const [timing] = raw.trailer.get('server-timing')
  const [, computeMs] = /^queue;dur=\d+\.\d{3}, compute;dur=(\d+\.\d{3})$/.exec(String(timing))!
  expect(Number(computeMs)).toBeGreaterThan(0)
})

test('only the outputs asked for, in their order', async () => {
  const inputs = ['a', 'b', 'c'].map((name) => ({ name, datatype: 'UINT8', shape: [1] }))
  const raw = ['a', 'b', 'c'].map((letter) => Buffer.from(letter))
  const outputs = [{ name: 'c' }, { name: 'a' }]
  const { reply } = await infer({ model_name: 'echo', inputs, outputs, raw_input_contents: raw })
  expect(reply.outputs.map(({ name }: { name: string }) => name)).toEqual(['c', 'a'])
  expect(reply.raw_output_contents).toEqual([Buffer.from('c'), Buffer.from('a')])
})

test('a whole text in one reply', async () => {
  const input = { name: 'text_input', datatype: 'BYTES', shape: [1, 1] }
  const { reply } = await infer({
    model_name: 'echo',
    inputs: [{ ...input, contents: { bytes_contents: [Buffer.from('añ')] } }],
    parameters: parameters({ max_tokens: { int64_param: 5 } }),
  })
  expect(reply.outputs[0].contents.bytes_contents.map(String)).toEqual(['añaña'])
  expect(reply.parameters).toMatchObject([{ key: 'triton_final_response', value: { bool_param: true } }])
})

const float = { name: 'input', datatype: 'FP32', shape: [1, 2] }
const prompt = { name: 'text_input', datatype: 'BYTES', shape: [1] }
const raw = Buffer.from([2, 0, 0, 0, 0x68, 0x69])

test.each([
  ['an unknown model', { model_name: 'nope' }, status.NOT_FOUND, 'no model named "nope"; there are echo'],
  ['an unknown version', { model_name: 'mlp', model_version: '2' }, status.NOT_FOUND, 'version 1 only'],
  ['no inputs', { model_name: 'mlp' }, status.INVALID_ARGUMENT, 'needs an input tensor'],
  [
    'an unknown datatype',
    { model_name: 'echo', inputs: [{ ...float, datatype: 'FP16' }] },
    status.INVALID_ARGUMENT,
    'datatype "FP16" is none of BOOL',
  ],
  [
    'too little raw data',
    { model_name: 'mlp', inputs: [float], raw_input_contents: [Buffer.alloc(7)] },
    status.INVALID_ARGUMENT,
    'takes 8 bytes, but has 7',
  ],
  [
    'too few values',
    { model_name: 'mlp', inputs: [{ ...float, contents: { fp32_contents: [1] } }] },
    status.INVALID_ARGUMENT,
    'takes 8 bytes, but has 4',
  ],
  [
    'raw data for a part of the inputs',
    { model_name: 'echo', inputs: [float, float], raw_input_contents: [Buffer.alloc(8)] },
    status.INVALID_ARGUMENT,
    'has 1 entries for 2 inputs',
  ],
  [
    'raw and typed data',
    {
      model_name: 'mlp',
      inputs: [{ ...float, contents: { fp32_contents: [1, 2] } }],
      raw_input_contents: [Buffer.alloc(8)],
    },
    status.INVALID_ARGUMENT,
    'has contents, although there are raw_input_contents',
  ],
  [
    'a value that is too large',
    {
      model_name: 'echo',
      inputs: [{ name: 'x', datatype: 'INT8', shape: [2], contents: { int_contents: [1, 128] } }],
    },
    status.INVALID_ARGUMENT,
    'element 1 is no INT8',
  ],
  [
    'a negative extent',
    { model_name: 'echo', inputs: [{ ...float, shape: [-1, 2] }] },
    status.INVALID_ARGUMENT,
    'extents are whole numbers from 0',
  ],
  [
    'an output that there is not',
    {
      model_name: 'mlp',
      inputs: [float],
      raw_input_contents: [Buffer.alloc(8)],
      outputs: [{ name: 'elsewhere' }],
    },
    status.INVALID_ARGUMENT,
    'no output named "elsewhere"',
  ],
  [
    'a tensor for a decoder',
    { model_name: 'gpt-tiny', inputs: [float], raw_input_contents: [Buffer.alloc(8)] },
    status.INVALID_ARGUMENT,
    'generates text and takes no tensors',
  ],
  [
    'a text for a tensor model',
    { model_name: 'mlp', inputs: [prompt], raw_input_contents: [raw] },
    status.INVALID_ARGUMENT,
    'takes tensors and generates no text',
  ],
  [
    'a text beside another tensor',
    { model_name: 'echo', inputs: [prompt, float], raw_input_contents: [raw, Buffer.alloc(8)] },
    status.INVALID_ARGUMENT,
    'exactly one input',
  ],
  [
    'two texts',
    { model_name: 'echo', inputs: [{ ...prompt, shape: [2] }], raw_input_contents: [raw] },
    status.INVALID_ARGUMENT,
    'its shape has 2',
  ],
  [
    'a text without its length',
    { model_name: 'echo', inputs: [prompt], raw_input_contents: [Buffer.from('hello')] },
    status.INVALID_ARGUMENT,
    'behind its length',
  ],
  [
    'a parameter of another type',
    {
      model_name: 'echo',
      inputs: [prompt],
      raw_input_contents: [raw],
      parameters: parameters({ max_tokens: { string_param: '5' } }),
    },
    status.INVALID_ARGUMENT,
    'max_tokens must be an int64_param',
  ],
  [
    'more tokens than the limit',
    {
      model_name: 'echo',
      inputs: [prompt],
      raw_input_contents: [raw],
      parameters: parameters({ max_tokens: { int64_param: 1_000_000 } }),
    },
    status.INVALID_ARGUMENT,
    "this server's limit is 65536",
  ],
])('%s is refused', async (_, request, code, details) => {
  const name = `infer_requests_total{interface="grpc",status="${status[code]}"}`
  const before = await metric(server, name)
  await expect(infer(request)).rejects.toMatchObject({ code, details: expect.stringContaining(details) })
  expect(await metric(server, name)).toBe(before + 1)
})

test('an error message that no header could carry is told all the same', async () => {
  const long = await infer({ model_name: 'ä"\n'.repeat(10_000) }).catch((error) => error)
  expect(long.code).toBe(status.NOT_FOUND)
  expect(long.details).toMatch(/^no model named "ä\\"\\nä/)
  expect(long.details).toHaveLength(1_000)
})

test('a message over the limit, a message that is none, and a method that there is not', async () => {
  await expect(infer({ model_name: 'x'.repeat(200_000) })).rejects.toMatchObject({
    code: status.RESOURCE_EXHAUSTED,
  })
  const bare = new BareClient(address(server.grpcUrl), clearText)
  const send = (path: string) =>
    new Promise((resolve) => {
      const asIs = (bytes: Buffer) => bytes
      bare.makeUnaryRequest(path, asIs, asIs, Buffer.from([0xff, 0xff]), (error) => resolve(error?.code))
    })
  expect(await send('/inference.GRPCInferenceService/ModelInfer')).toBe(status.INTERNAL)
  expect(await send('/inference.GRPCInferenceService/Nothing')).toBe(status.UNIMPLEMENTED)
  bare.close()
  expect((await unary(client, 'ServerLive', {})).reply).toEqual({ live: true })
})

test('calls that went well are counted', async () => {
  const name = 'infer_requests_total{interface="grpc",status="OK"}'
  const before = await metric(server, name)
  await Promise.all(Array.from({ length: 20 }, () => unary(client, 'ServerReady', {})))
  expect(await metric(server, name)).toBe(before + 20)
})
