import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ReferenceServer } from '../../reference-server/server.ts'
import { metric, post, started } from './started.ts'

let server: ReferenceServer

beforeAll(async () => {
  server = await started()
})
afterAll(() => server.close())

const infer = (model: string, body: unknown, headers = {}) =>
  post(`${server.httpUrl}/v2/models/${model}/infer`, body, headers)
const pair = { name: 'x', datatype: 'FP32', shape: [1, 2], data: [1.5, -2] }

/** The data of each event; the last one must be whole. */
async function events(response: Response): Promise<string[]> {
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  const text = await response.text()
  expect(text.endsWith('\n\n')).toBe(true)
  return text
    .split('\n\n')
    .slice(0, -1)
    .map((event) => {
      expect(event.startsWith('data: ')).toBe(true)
      return event.slice('data: '.length)
    })
}

describe('Open Inference Protocol', () => {
  test('tells what serves it', async () => {
    const response = await fetch(`${server.httpUrl}/v2`)
    expect(await response.json()).toMatchObject({
      name: 'infer-bench',
      version: '1.2.3',
      extensions: ['binary_tensor_data', 'base64_tensor_data', 'multipart_tensor_data', 'generate'],
      provider: 'cpu',
      providers_skipped: [],
    })
  })

  test.each([
    ['/v2/health/live', { live: true }],
    ['/v2/health/ready', { ready: true }],
    ['/v2/models/mlp/ready', { name: 'mlp', ready: true }],
    ['/v2/models/mlp/versions/1/ready', { name: 'mlp', ready: true }],
    ['/v2/models/mlp', { name: 'mlp', versions: ['1'] }],
  ])('GET %s', async (path, body) => {
    const response = await fetch(server.httpUrl + path)
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject(body)
  })

  test('echoes a JSON tensor, its shape and the id', async () => {
    const response = await infer('echo', { id: 'call 7', inputs: [pair] })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(response.headers.get('server-timing')).toMatch(/^queue;dur=\d+\.\d+, compute;dur=\d+\.\d+$/)
    const reply = (await response.json()) as { outputs: unknown[] }
    expect(reply).toMatchObject({ model_name: 'echo', model_version: '1', id: 'call 7' })
    expect(reply.outputs).toHaveLength(1)
    expect(reply.outputs[0]).toMatchObject({ datatype: 'FP32', shape: [1, 2], data: [1.5, -2] })
  })

  test.each([
    ['BOOL', [true, false]],
    ['UINT8', [0, 255]],
    ['INT8', [-128, 127]],
    ['UINT16', [0, 65_535]],
    ['INT16', [-32_768, 32_767]],
    ['UINT32', [0, 4_294_967_295]],
    ['INT32', [-2_147_483_648, 2_147_483_647]],
    ['UINT64', [0, 9_007_199_254_740_991]],
    ['INT64', [-9_007_199_254_740_991, 9_007_199_254_740_991]],
    ['FP32', [0.5, -3.4028234663852886e38]],
    ['FP64', [0.1, -1.7976931348623157e308]],
  ])('keeps the extremes of %s', async (datatype, data) => {
    const response = await infer('echo', { inputs: [{ name: 'x', datatype, shape: [2], data }] })
    expect(await response.json()).toMatchObject({ outputs: [{ datatype, data }] })
  })

  test('takes nested data', async () => {
    const input = {
      ...pair,
      shape: [2, 2],
      data: [
        [1, 2],
        [3, 4],
      ],
    }
    const response = await infer('echo', { inputs: [input] })
    expect(await response.json()).toMatchObject({ outputs: [{ shape: [2, 2], data: [1, 2, 3, 4] }] })
  })

  test('computes the same from JSON and from binary', async () => {
    const { inputs } = (await (await fetch(`${server.httpUrl}/v2/models/mlp`)).json()) as {
      inputs: { name: string }[]
    }
    const values = Array.from({ length: 64 }, (_, i) => Math.fround(Math.sin(i)))
    const input = { name: inputs[0]!.name, datatype: 'FP32', shape: [1, 64] }
    const fromJson = (await (await infer('mlp', { inputs: [{ ...input, data: values }] })).json()) as {
      outputs: { data: number[] }[]
    }
    const json = JSON.stringify({ inputs: [{ ...input, parameters: { binary_data_size: 256 } }] })
    const body = Buffer.concat([Buffer.from(json), new Uint8Array(Float32Array.from(values).buffer)])
    const headers = { 'inference-header-content-length': String(Buffer.byteLength(json)) }
    const fromBinary = (await (await infer('mlp', body, headers)).json()) as typeof fromJson
    expect(fromJson.outputs[0]!.data.some((value) => value !== 0)).toBe(true)
    expect(fromBinary.outputs).toEqual(fromJson.outputs)
  })

  test('replies in binary when asked to, as a whole or by output', async () => {
    const whole = await infer('echo', { inputs: [pair], parameters: { binary_data_output: true } })
    const { json, blob } = split(whole.headers, Buffer.from(await whole.arrayBuffer()))
    const [output] = json.outputs
    expect(output).toMatchObject({ shape: [1, 2], parameters: { binary_data_size: 8 } })
    expect(output).not.toHaveProperty('data')
    expect([blob.readFloatLE(0), blob.readFloatLE(4)]).toEqual([1.5, -2])

    const asked = { name: output!.name, parameters: { binary_data: true } }
    const named = await infer('echo', { inputs: [pair], outputs: [asked] })
    expect(split(named.headers, Buffer.from(await named.arrayBuffer())).blob).toEqual(blob)
  })

  function split(headers: Headers, body: Buffer) {
    const jsonBytes = Number(headers.get('inference-header-content-length'))
    const json = JSON.parse(body.toString('utf8', 0, jsonBytes)) as { outputs: { name: string }[] }
    return { json, blob: body.subarray(jsonBytes) }
  }

  test('generates text whole and as a stream, the same', async () => {
    const request = { id: 'g', text_input: 'abc', parameters: { max_tokens: 12, ignore_eos: true } }
    const whole = await post(`${server.httpUrl}/v2/models/gpt-tiny/generate`, request)
    expect(whole.headers.get('server-timing')).toMatch(/^queue;dur=/)
    const { text_output: text, ...rest } = (await whole.json()) as { text_output: string }
    expect(rest).toEqual({ id: 'g', model_name: 'gpt-tiny', model_version: '1' })
    const stream = await post(`${server.httpUrl}/v2/models/gpt-tiny/generate_stream`, request)
    const pieces = (await events(stream)).map((event) => JSON.parse(event).text_output as string)
    expect(pieces).toHaveLength(12)
    expect(pieces.join('')).toBe(text)
  })
})

describe('OpenAI', () => {
  const chat = (body: object) => post(`${server.httpUrl}/v1/chat/completions`, body)
  const question = {
    model: 'gpt-tiny',
    messages: [{ role: 'user', content: 'hello' }],
    max_completion_tokens: 10,
    ignore_eos: true,
  }
  const usage = { prompt_tokens: 5, completion_tokens: 10, total_tokens: 15 }

  test('lists the models that the convention can ask for', async () => {
    const { data } = (await (await fetch(`${server.httpUrl}/v1/models`)).json()) as { data: { id: string }[] }
    const names = data.map(({ id }) => id)
    expect(names).toEqual(['echo', 'mlp', 'gpt-tiny', 'gpt-small'])
  })

  test('a chat completion, whole and streamed, gives the same text and usage', async () => {
    const response = await chat(question)
    expect(response.headers.get('server-timing')).toMatch(/^queue;dur=/)
    const whole = (await response.json()) as { choices: { message: { content: string } }[] }
    expect(whole).toMatchObject({ object: 'chat.completion', model: 'gpt-tiny', usage })
    expect(whole.choices).toMatchObject([
      { index: 0, finish_reason: 'length', message: { role: 'assistant' } },
    ])

    const stream = await chat({ ...question, stream: true, stream_options: { include_usage: true } })
    const all = await events(stream)
    expect(all.pop()).toBe('[DONE]')
    const chunks = all.map((event) => JSON.parse(event))
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1)
    expect(chunks.pop()).toMatchObject({ choices: [], usage })
    expect(chunks.every((chunk) => chunk.usage === null)).toBe(true)
    const deltas = chunks.map(({ choices }) => choices[0].delta)
    expect(deltas.shift()).toEqual({ role: 'assistant', content: '' })
    expect(deltas.pop()).toEqual({})
    expect(deltas).toHaveLength(10)
    expect(deltas.map(({ content }) => content).join('')).toBe(whole.choices[0]!.message.content)
    const reasons = chunks.map(({ choices }) => choices[0].finish_reason)
    expect(reasons.pop()).toBe('length')
    expect(new Set(reasons)).toEqual(new Set([null]))
  })

  test('a text completion, whole and streamed, gives the same text', async () => {
    const body = { model: 'gpt-tiny', prompt: 'hello', max_tokens: 10, ignore_eos: true }
    const whole = (await (await post(`${server.httpUrl}/v1/completions`, body)).json()) as {
      choices: { text: string }[]
    }
    expect(whole).toMatchObject({ object: 'text_completion', usage })
    const all = await events(await post(`${server.httpUrl}/v1/completions`, { ...body, stream: true }))
    expect(all.pop()).toBe('[DONE]')
    const chunks = all.map((event) => JSON.parse(event))
    expect(chunks.some((chunk) => 'usage' in chunk)).toBe(false)
    expect(chunks.map(({ choices }) => choices[0].text).join('')).toBe(whole.choices[0]!.text)
  })

  test('content parts are one text', async () => {
    const parts = [
      { type: 'text', text: 'hel' },
      { type: 'text', text: 'lo' },
    ]
    const response = await chat({ ...question, messages: [{ role: 'user', content: parts }] })
    expect(await response.json()).toMatchObject({ usage })
  })

  test.each([
    [{ ...question, model: 'nope' }, 404, 'model_not_found'],
    [{ ...question, model: 'mlp' }, 400, 'invalid_request'],
    [{ ...question, messages: [] }, 400, 'invalid_request'],
    [{ ...question, messages: 'hello' }, 400, 'invalid_request'],
    [{ ...question, n: 2 }, 400, 'invalid_request'],
    [{ ...question, max_completion_tokens: 0 }, 400, 'invalid_request'],
    [{ ...question, max_completion_tokens: 1e9 }, 400, 'invalid_request'],
    [{ ...question, stream: 'yes' }, 400, 'invalid_request'],
    [{ ...question, model: 'nope', stream: true }, 404, 'model_not_found'],
  ])('refuses %j', async (body, status, code) => {
    const response = await chat(body)
    expect(response.status).toBe(status)
    expect(await response.json()).toEqual({
      error: { message: expect.any(String), type: 'invalid_request_error', param: null, code },
    })
  })
})

test.each([
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['deflate', deflateRawSync],
  ['br', brotliCompressSync],
])('undoes content encoding %s', async (encoding, compress) => {
  const body = new Uint8Array(compress(JSON.stringify({ inputs: [pair] })))
  const response = await infer('echo', body, { 'content-encoding': encoding })
  expect(await response.json()).toMatchObject({ outputs: [{ data: [1.5, -2] }] })
})

test('metrics count requests, tokens and CPU time', async () => {
  const names = [
    'infer_requests_total{interface="rest",status="200"}',
    'infer_requests_total{interface="rest",status="404"}',
    'infer_requests_total{interface="sse",status="200"}',
    'infer_generated_tokens_total',
  ]
  const read = () => Promise.all(names.map((name) => metric(server, name)))
  const before = await read()
  await (await infer('echo', { inputs: [pair] })).text()
  await (await infer('nope', { inputs: [pair] })).text()
  const body = { text_input: 'a', parameters: { max_tokens: 7, ignore_eos: true } }
  await (await post(`${server.httpUrl}/v2/models/gpt-tiny/generate_stream`, body)).text()
  const after = await read()
  expect(after.map((value, i) => value - before[i]!)).toEqual([1, 1, 1, 7])

  const process = await metric(server, 'process_cpu_seconds_total')
  const models = await metric(server, 'infer_model_cpu_seconds_total')
  expect(process).toBeGreaterThan(0)
  expect(models).toBeGreaterThan(0)
  expect(await metric(server, 'infer_frontend_cpu_seconds_total')).toBeGreaterThan(process - models)
  expect(await metric(server, 'process_resident_memory_bytes')).toBeGreaterThan(1e6)
  const startedS = await metric(server, 'process_start_time_seconds')
  expect(startedS).toBeLessThanOrEqual(Date.now() / 1000)
  expect(startedS).toBeGreaterThan(Date.now() / 1000 - 3600)
})
