import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ReferenceServer } from '../../reference-server/server.ts'
import { eventually, metric } from './started.ts'
import {
  Client,
  generateMessage,
  inferMessage,
  refused,
  startedWebSocket,
  webSocketUrl,
} from './websocket-client.ts'

let server: ReferenceServer

beforeAll(async () => {
  const options = { allowedOrigins: ['https://console.example'], allowedHosts: ['inference.example'] }
  server = await startedWebSocket(options, { bodyBytes: 100_000, streamBufferBytes: 50_000 })
})
afterAll(() => server.close())

const activeStreams = () => metric(server, 'infer_active_streams')
const generated = () => metric(server, 'infer_generated_tokens_total')

describe('an upgrade', () => {
  test.each([
    ['from no page', {}],
    ['from a page of this machine', { origin: 'http://localhost:3000' }],
    ['from a page of this server', { origin: 'http://127.0.0.1' }],
    [
      'from a page of this server by a name that it was given',
      {
        origin: 'https://inference.example',
        host: 'inference.example',
      },
    ],
    ['from a page that is allowed', { origin: 'https://console.example' }],
  ])('%s is taken', async (_, headers) => {
    const client = await Client.open(webSocketUrl(server), { headers })
    client.ws.close(1000)
  })

  test.each([
    ['from a page from elsewhere', { origin: 'https://evil.example' }],
    ['from a page without an origin', { origin: 'null' }],
    [
      'from a page whose name was made to point here',
      { origin: 'http://evil.example', host: 'evil.example' },
    ],
    ['to a name that is not this server', { host: 'evil.example' }],
    ['to a name that only begins like an address', { host: '127.0.0.1.evil.example' }],
  ])('%s is refused', async (_, headers) => {
    expect(await refused(webSocketUrl(server), { headers })).toMatchObject({ status: 403 })
  })

  test('is refused when there are too many sessions, unless one can be done without', async () => {
    const small = await startedWebSocket({ sessions: 1 })
    const first = await Client.open(webSocketUrl(small))
    expect(await refused(webSocketUrl(small))).toMatchObject({ status: 503 })
    first.ws.terminate()
    await first.closed
    // The first session waits for its client, but has nothing that would be lost.
    await eventually(async () => {
      const second = await Client.open(webSocketUrl(small)).catch(() => null)
      second?.ws.close(1000)
      return second !== null
    })
    await small.close()
  })
})

describe('a message', () => {
  test('over the limit closes the connection with 1009', async () => {
    const client = await Client.open(webSocketUrl(server))
    client.ws.send('x'.repeat(100_001))
    expect(await client.closed).toMatchObject({ code: 1009 })
  })

  test('that is no UTF-8 closes it with 1007', async () => {
    const client = await Client.open(webSocketUrl(server))
    client.ws.send(Buffer.from([0x22, 0xff, 0x22]), { binary: false })
    expect(await client.closed).toMatchObject({ code: 1007 })
  })
})

describe('a slow reader', () => {
  // A long id comes back with every token, and so fills the sockets' buffers sooner.
  const id = 'i'.repeat(256)

  test('gets every token in order once it reads', async () => {
    const roomy = await startedWebSocket({}, { streamBufferBytes: 4 * 1024 * 1024 })
    const client = await Client.open(webSocketUrl(roomy))
    client.ws.pause()
    client.send(generateMessage(id, 'abc', 60_000))
    await eventually(async () => (await metric(roomy, 'infer_generated_tokens_total')) === 60_000)
    client.ws.resume()
    const { tokens, last } = await client.stream(id)
    expect(tokens.every(({ index }, place) => index === place)).toBe(true)
    expect([tokens.length, last.type]).toEqual([60_000, 'done'])
    await roomy.close()
  })

  test('that never reads makes the server hold back no more than its limit, and is closed with 1013', async () => {
    const before = await generated()
    const client = await Client.open(webSocketUrl(server))
    const { session } = await client.take({ type: 'hello' })
    client.ws.pause()
    client.send(generateMessage(id, 'abc', 60_000))
    await eventually(async () => (await generated()) > before && (await activeStreams()) === 0)
    expect((await generated()) - before).toBeLessThan(60_000)
    client.ws.resume()
    expect(await client.closed).toMatchObject({ code: 1013 })
    const { length } = client.rest
    expect(client.rest.map(({ index }) => index)).toEqual(Array.from({ length }, (_, index) => index))
    // What was held back can be had, up to the error that says why there is no more.
    const again = await Client.open(webSocketUrl(server, `?session=${session}&after=${length - 1}`))
    const { tokens, last } = await again.stream(id)
    expect(tokens[0]!.index).toBe(length)
    expect(last).toMatchObject({ type: 'error', code: 'slow_reader' })
    again.ws.close(1000)
  })

  test('can cancel what it does not read', async () => {
    const roomy = await startedWebSocket({}, { streamBufferBytes: 4 * 1024 * 1024 })
    const client = await Client.open(webSocketUrl(roomy))
    client.ws.pause()
    client.send(generateMessage(id, 'abc', 60_000))
    await eventually(async () => (await metric(roomy, 'infer_generated_tokens_total')) > 20_000)
    client.send({ id, type: 'cancel' })
    await eventually(async () => (await metric(roomy, 'infer_active_streams')) === 0)
    client.ws.resume()
    const { tokens, last } = await client.stream(id)
    expect(last).toMatchObject({ finish_reason: 'cancelled', usage: { completion_tokens: tokens.length } })
    await roomy.close()
  })

  test('of inferences is not read from while its replies wait, and gets them all', async () => {
    const client = await Client.open(webSocketUrl(server))
    const data = Array.from({ length: 5_000 }, (_, index) => index / 3)
    const count = 400
    client.ws.pause()
    for (let index = 0; index < count; index++) client.send(inferMessage(`${index}`, data))
    const answered = () => metric(server, 'infer_requests_total{interface="websocket",status="200"}')
    let before = await answered()
    await eventually(async () => {
      await new Promise((resolve) => setTimeout(resolve, 100))
      const isHeldUp = (await answered()) === before && client.ws.bufferedAmount > 0
      before = await answered()
      return isHeldUp
    })
    client.ws.resume()
    for (let index = 0; index < count; index++) await client.take({ id: `${index}`, type: 'result' })
    client.ws.close(1000)
  })

  test('that reads nothing for too long is cut off', async () => {
    const limits = { stallMs: 100, streamBufferBytes: 4 * 1024 * 1024 }
    const strict = await startedWebSocket({ resumeWindowMs: 0 }, limits)
    const client = await Client.open(webSocketUrl(strict))
    client.ws.pause()
    client.send(generateMessage(id, 'abc', 60_000))
    await eventually(async () => (await metric(strict, 'infer_active_sessions')) === 0)
    client.ws.resume()
    expect(await client.closed).toMatchObject({ code: 1006 })
    await strict.close()
  })
})

describe('a quiet session', () => {
  test('is pinged, and lives as long as it answers', async () => {
    const pinging = await startedWebSocket({ pingMs: 40 })
    const client = await Client.open(webSocketUrl(pinging))
    for (let count = 0; count < 3; count++) await once(client.ws, 'ping')
    client.send(inferMessage('1', [1]))
    expect(await client.take({ id: '1' })).toMatchObject({ type: 'result' })
    await pinging.close()
  })

  test('is cut off when it does not answer', async () => {
    const pinging = await startedWebSocket({ pingMs: 40 })
    const client = await Client.open(webSocketUrl(pinging), { autoPong: false })
    expect(await client.closed).toMatchObject({ code: 1006 })
    await pinging.close()
  })

  test('is closed when it has had nothing to do for long, but not in mid-call', async () => {
    const strict = await startedWebSocket({ idleMs: 200 })
    const client = await Client.open(webSocketUrl(strict))
    client.send(generateMessage('1', 'Hello', 400, 'gpt-small'))
    expect((await client.stream('1')).tokens).toHaveLength(400)
    expect(await client.closed).toEqual({ code: 1000, reason: 'idle' })
    await strict.close()
  })
})

test('a ping is answered with its own data', async () => {
  const client = await Client.open(webSocketUrl(server))
  client.ws.ping('are you there')
  const [data] = (await once(client.ws, 'pong')) as [Buffer]
  expect(data.toString()).toBe('are you there')
  client.ws.close(1000)
})

describe('a stopping server', () => {
  test('ends what runs, takes nothing new and closes with 1001', async () => {
    const stopping = await startedWebSocket()
    const [busy, idle] = [
      await Client.open(webSocketUrl(stopping)),
      await Client.open(webSocketUrl(stopping)),
    ]
    busy.send(generateMessage('1', 'abc', 5_000))
    await busy.take({ index: 0 })
    const closed = stopping.close()
    busy.send(inferMessage('2', [1]))
    expect(await idle.closed).toMatchObject({ code: 1001 })
    expect(await busy.take({ id: '2' })).toMatchObject({ type: 'error', code: 'stopping' })
    expect((await busy.stream('1')).tokens).toHaveLength(4_999)
    expect(await busy.closed).toMatchObject({ code: 1001 })
    await closed
  })

  test('gives up what outlasts the grace', async () => {
    const stopping = await startedWebSocket({}, { stopGraceMs: 50 })
    const client = await Client.open(webSocketUrl(stopping))
    client.send(generateMessage('1', 'abc', 65_000))
    await client.take({ index: 0 })
    await stopping.close()
    expect(await client.closed).toMatchObject({ code: 1001 })
    expect(client.rest.some(({ type }) => type === 'done')).toBe(false)
  })
})
