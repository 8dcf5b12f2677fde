import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ReferenceServer } from '../../reference-server/server.ts'
import { eventually, metric, post, rawConnection, untilClosed } from './started.ts'
import {
  Client,
  generateMessage,
  inferMessage,
  refused,
  startedWebSocket,
  webSocketUrl,
} from './websocket-client.ts'

let server: ReferenceServer
let client: Client

beforeAll(async () => {
  server = await startedWebSocket({ sessionCalls: 101 }, {}, true)
  client = await Client.open(webSocketUrl(server))
})
afterAll(async () => {
  client.ws.close(1000)
  await server.close()
})

const timing = { queue_ms: expect.any(Number), compute_ms: expect.any(Number) }

test('a session begins with its hello', async () => {
  expect(await client.take()).toEqual({
    type: 'hello',
    session: expect.stringMatching(/^[\w-]{22}$/),
    resumed: false,
    resume_window_s: 30,
  })
})

describe('an inference in JSON', () => {
  test('is answered in JSON', async () => {
    client.send(inferMessage('7', [1.5, -2, 0]))
    expect(await client.take()).toEqual({
      id: '7',
      type: 'result',
      model_name: 'echo',
      outputs: [{ name: 'x', datatype: 'FP32', shape: [3], data: [1.5, -2, 0] }],
      timing,
    })
  })

  test('computes what REST computes', async () => {
    const data = Array.from({ length: 64 }, (_, index) => Math.sin(index))
    const inputs = [{ name: 'input', datatype: 'FP32', shape: [1, 64], data }]
    const response = await post(`${server.httpUrl}/v2/models/mlp/infer`, { inputs })
    const { outputs } = (await response.json()) as { outputs: unknown }
    client.send({ id: 'mlp', type: 'infer', model: 'mlp', inputs })
    expect(await client.take({ id: 'mlp' })).toMatchObject({ model_name: 'mlp', outputs })
  })

  test('answers a hundred calls in flight, each by its id', async () => {
    const ids = Array.from({ length: 100 }, (_, index) => `call ${index}`)
    for (const [index, id] of ids.entries()) client.send(inferMessage(id, [index, index + 1]))
    for (const [index, id] of ids.entries()) {
      const { outputs } = (await client.take({ id })) as unknown as { outputs: { data: number[] }[] }
      expect(outputs[0]!.data).toEqual([index, index + 1])
    }
    expect(client.rest).toEqual([])
  })

  test('with a binary output is answered in binary', async () => {
    client.send(inferMessage('b', [1, 2], { parameters: { binary_data_output: true } }))
    const { bytes, outputs } = await client.take({ id: 'b' })
    expect(outputs).toEqual([
      { name: 'x', datatype: 'FP32', shape: [2], parameters: { binary_data_size: 8 } },
    ])
    expect(bytes).toEqual(Buffer.from(new Float32Array([1, 2]).buffer))
  })
})

describe('an inference in binary', () => {
  const first = new Uint8Array(new Float32Array([0.5, 2, -1]).buffer)
  const second = new Uint8Array([7, 8])
  const inputs = [
    { name: 'a', datatype: 'FP32', shape: [3], parameters: { binary_data_size: 12 } },
    { name: 'b', datatype: 'UINT8', shape: [2], parameters: { binary_data_size: 2 } },
  ]

  test('is answered in binary', async () => {
    client.sendBinary({ id: '1', type: 'infer', model: 'echo', inputs }, first, second)
    expect(await client.take()).toEqual({
      id: '1',
      type: 'result',
      model_name: 'echo',
      outputs: inputs,
      timing,
      bytes: Buffer.concat([first, second]),
    })
  })

  test('can ask for one output, and for JSON', async () => {
    const outputs = [{ name: 'b', parameters: { binary_data: false } }]
    client.sendBinary({ id: '1', type: 'infer', model: 'echo', inputs, outputs }, first, second)
    expect(await client.take()).toMatchObject({
      outputs: [{ name: 'b', datatype: 'UINT8', shape: [2], data: [7, 8] }],
      bytes: Buffer.alloc(0),
    })
  })

  test('that is cut short is refused and told by its id', async () => {
    client.sendBinary({ id: '1', type: 'infer', model: 'echo', inputs }, first)
    expect(await client.take()).toMatchObject({ id: '1', type: 'error', code: 'invalid_request' })
  })

  test.each([
    ['without room for a length', Buffer.from([1, 0])],
    ['with a length beyond its end', Buffer.from([255, 255, 255, 255, 0x7b, 0x7d])],
  ])('%s is refused', async (_, message) => {
    client.ws.send(message)
    expect(await client.take()).toMatchObject({ id: null, type: 'error', code: 'invalid_request' })
  })
})

describe('a generation', () => {
  test('sends each token with its index, then what it took', async () => {
    client.send(generateMessage('g', 'añ€', 5))
    const { tokens, last } = await client.stream('g')
    expect(tokens).toEqual(
      ['a', 'ñ', '€', 'a', 'ñ'].map((text, index) => ({ id: 'g', type: 'token', index, text_output: text })),
    )
    expect(last).toEqual({
      id: 'g',
      type: 'done',
      usage: { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 },
      finish_reason: 'length',
      timing,
    })
  })

  test('of a model is what REST generates, and binary messages can ask for it, too', async () => {
    const url = `${server.httpUrl}/v2/models/gpt-tiny/generate`
    const message = generateMessage('t', 'Hello', 12, 'gpt-tiny')
    const { text_output: expected } = (await (await post(url, { ...message, id: 'x' })).json()) as Record<
      string,
      string
    >
    client.sendBinary(message)
    const { tokens } = await client.stream('t')
    expect(tokens.map((token) => token.text_output).join('')).toBe(expected)
  })

  test('ends when it is cancelled, in the midst of others', async () => {
    client.send(generateMessage('long', 'abc', 60_000))
    client.send(generateMessage('short', 'xyz', 50))
    await client.take({ id: 'long', type: 'token' })
    client.send({ id: 'long', type: 'cancel' })
    const { tokens, last } = await client.stream('long')
    expect(last).toMatchObject({ type: 'done', finish_reason: 'cancelled' })
    expect((last.usage as { completion_tokens: number }).completion_tokens).toBe(tokens.length + 1)
    expect((await client.stream('short')).tokens).toHaveLength(50)
    expect(await metric(server, 'infer_active_streams')).toBe(0)
  })

  test('that the model cannot do is refused', async () => {
    client.send(generateMessage('e', '', 5))
    expect((await client.stream('e')).last).toMatchObject({ type: 'error', code: 'invalid_request' })
  })
})

test('a cancelled inference is told so, and a cancel that comes too late is not answered', async () => {
  client.send(generateMessage('g', 'Hello', 300, 'gpt-small'))
  client.send(inferMessage('1', [1]))
  client.send({ id: '1', type: 'cancel' })
  expect(await client.take({ id: '1' })).toMatchObject({ type: 'error', code: 'cancelled' })
  client.send({ id: 'g', type: 'cancel' })
  await client.stream('g')
  client.send({ id: 'g', type: 'cancel' })
  client.send(inferMessage('2', [1]))
  expect(await client.take()).toMatchObject({ id: '2', type: 'result' })
})

describe('an error', () => {
  test.each([
    ['bad JSON', '{"id":', null, 'invalid_request'],
    ['no object', '[]', null, 'invalid_request'],
    ['no id', '{"type":"infer"}', null, 'invalid_request'],
    ['an id that is no string', '{"id":7,"type":"infer"}', null, 'invalid_request'],
    ['an empty id', '{"id":"","type":"infer"}', null, 'invalid_request'],
    ['an endless id', JSON.stringify({ id: 'i'.repeat(257), type: 'infer' }), null, 'invalid_request'],
    ['an unknown type', '{"id":"1","type":"guess"}', '1', 'invalid_request'],
    ['no model', '{"id":"1","type":"infer"}', '1', 'invalid_request'],
    ['no inputs', '{"id":"1","type":"infer","model":"echo"}', '1', 'invalid_request'],
    ['an unknown model', JSON.stringify(inferMessage('1', [1], { model: 'x' })), '1', 'model_not_found'],
    [
      'a model that takes no text',
      JSON.stringify(generateMessage('1', 'a', 1, 'mlp')),
      '1',
      'invalid_request',
    ],
    ['an unknown generation', '{"id":"nope","type":"resume","after":3}', 'nope', 'call_not_found'],
    ['an unknown session', '{"type":"resume","session":"nope"}', null, 'session_not_found'],
  ])('for %s leaves the session as it is', async (_, message, id, code) => {
    client.ws.send(message)
    expect(await client.take()).toEqual({ id, type: 'error', code, message: expect.any(String) })
  })

  test('for an id in flight leaves the first call as it is', async () => {
    client.send(generateMessage('twice', 'ab', 8_000))
    client.send(inferMessage('twice', [1]))
    expect(await client.take({ type: 'error' })).toMatchObject({ id: 'twice', code: 'duplicate_id' })
    expect((await client.stream('twice')).tokens).toHaveLength(8_000)
  })

  test('for one call too many names the limit', async () => {
    for (let index = 0; index < 102; index++) client.send(inferMessage(`${index}`, [1]))
    const error = await client.take({ type: 'error' })
    expect(error).toMatchObject({
      id: '101',
      code: 'overloaded',
      message: expect.stringContaining('101 calls'),
    })
    for (let index = 0; index < 101; index++) await client.take({ id: `${index}`, type: 'result' })
  })
})

test('the metrics tell sessions and calls', async () => {
  const results = () => metric(server, 'infer_requests_total{interface="websocket",status="200"}')
  const [before, sessions] = [await results(), await metric(server, 'infer_active_sessions')]
  const another = await Client.open(webSocketUrl(server))
  another.send(inferMessage('1', [1]))
  await another.take({ id: '1' })
  expect(await results()).toBe(before + 1)
  expect(await metric(server, 'infer_active_sessions')).toBe(sessions + 1)
  expect(await metric(server, 'infer_requests_total{interface="websocket",status="404"}')).toBeGreaterThan(0)
  another.ws.close(1000)
  await eventually(async () => (await metric(server, 'infer_active_sessions')) === sessions)
})

describe('the subprotocol', () => {
  test('infer-bench.json has no binary messages, either way', async () => {
    const texts = await Client.open(webSocketUrl(server), { protocols: ['other', 'infer-bench.json'] })
    expect(texts.ws.protocol).toBe('infer-bench.json')
    await texts.take({ type: 'hello' })
    texts.sendBinary(inferMessage('1', [1]))
    expect(await texts.take()).toMatchObject({ id: null, code: 'invalid_request' })
    texts.send(inferMessage('2', [1], { parameters: { binary_data_output: true } }))
    expect(await texts.take()).toMatchObject({ id: '2', code: 'invalid_request' })
    texts.send(inferMessage('3', [1]))
    expect(await texts.take()).toMatchObject({ id: '3', type: 'result' })
    texts.ws.close(1000)
  })

  test('infer-bench.binary is preferred, and none in common is refused', async () => {
    const both = await Client.open(webSocketUrl(server), {
      protocols: ['infer-bench.json', 'infer-bench.binary'],
    })
    expect(both.ws.protocol).toBe('infer-bench.binary')
    both.ws.close(1000)
    expect(client.ws.protocol).toBe('')
    expect(await refused(webSocketUrl(server), {}, ['graphql-ws'])).toMatchObject({ status: 400 })
  })
})

test('per-message deflate is agreed to only where it is switched on', async () => {
  expect(client.ws.extensions).toBe('')
  const compressing = await startedWebSocket({ deflate: true })
  const deflated = await Client.open(webSocketUrl(compressing))
  expect(deflated.ws.extensions).toContain('permessage-deflate')
  const data = Array.from({ length: 2_000 }, () => 1)
  deflated.send(inferMessage('1', data))
  expect(await deflated.take({ id: '1' })).toMatchObject({ outputs: [{ data }] })
  await compressing.close()
})

test('HTTPS takes upgrades, too', async () => {
  const ca = await readFile(server.caFile!)
  const secure = await Client.open(`${server.httpsUrl!.replace('https', 'wss')}/v2/ws`, { ca })
  secure.send(generateMessage('1', 'ab', 3))
  expect((await secure.stream('1')).tokens).toHaveLength(3)
  secure.ws.close(1000)
})

test("Node's own client speaks with it", async () => {
  const ws = new WebSocket(webSocketUrl(server), ['infer-bench.json'])
  const messages: { type: string }[] = []
  await new Promise<void>((resolve, reject) => {
    ws.onerror = () => reject(new Error('the connection failed'))
    ws.onmessage = ({ data }) => {
      messages.push(JSON.parse(data as string))
      if (messages.length === 1) ws.send(JSON.stringify(generateMessage('n', 'ab', 2)))
      if (messages.length === 4) resolve()
    }
  })
  expect(messages.map(({ type }) => type)).toEqual(['hello', 'token', 'token', 'done'])
  const closed = new Promise<CloseEvent>((resolve) => {
    ws.onclose = resolve
  })
  ws.close(1000)
  expect(await closed).toMatchObject({ code: 1000, wasClean: true })
})

test.each(['h2c', 'websocket'])(
  'a request for %s elsewhere is answered as if it had not asked',
  async (upgrade) => {
    const socket = rawConnection(server)
    const headers = `Host: localhost\r\nConnection: Upgrade, close\r\nUpgrade: ${upgrade}`
    socket.write(`GET /healthz HTTP/1.1\r\n${headers}\r\n\r\n`)
    expect(await untilClosed(socket)).toMatch(/^HTTP\/1\.1 200 /)
  },
)
