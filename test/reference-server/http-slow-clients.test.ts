import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect as connectHttp2 } from 'node:http2'
import type { Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ReferenceServer } from '../../reference-server/server.ts'
import { eventually, metric, post, rawConnection, started, untilClosed } from './started.ts'

let server: ReferenceServer

beforeAll(async () => {
  const limits = { headersTimeoutMs: 300, requestTimeoutMs: 700, streams: 2, streamBufferBytes: 20_000 }
  server = await started(limits, true)
})
afterAll(() => server.close())

describe('a client that takes its time', () => {
  test('over its headers is cut off', async () => {
    const socket = rawConnection(server)
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n')
    expect(await untilClosed(socket)).toMatch(/^HTTP\/1\.1 408 /)
  })

  test('over its body is cut off', async () => {
    const socket = rawConnection(server)
    socket.write('POST /v2/models/echo/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{')
    expect(await untilClosed(socket)).toMatch(/^HTTP\/1\.1 408 /)
  })

  test('over its HTTP/2 body gets a 408 of its own', async () => {
    const session = connectHttp2(server.httpsUrl!, { ca: await readFile(server.caFile!) })
    const stream = session.request({ ':method': 'POST', ':path': '/v2/models/echo/infer' })
    stream.write('{')
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
    expect(headers[':status']).toBe(408)
    session.destroy()
  })
})

/** Begins a stream of `echo` on a bare connection, without reading it. */
function beginStream(text: string, maxTokens: number, id = ''): Socket {
  const socket = rawConnection(server)
  const body = JSON.stringify({ id, text_input: text, parameters: { max_tokens: maxTokens } })
  const headers = `Host: x\r\nConnection: close\r\nContent-Length: ${body.length}`
  socket.write(`POST /v2/models/echo/generate_stream HTTP/1.1\r\n${headers}\r\n\r\n${body}`)
  return socket
}

const tokens = () => metric(server, 'infer_generated_tokens_total')
const activeStreams = () => metric(server, 'infer_active_streams')

test('a client that leaves in mid-stream ends its generation', async () => {
  const before = await tokens()
  const socket = beginStream('abc', 60_000)
  await once(socket, 'data')
  expect(await activeStreams()).toBe(1)
  socket.destroy()
  await eventually(async () => (await activeStreams()) === 0)
  const generated = (await tokens()) - before
  expect(generated).toBeGreaterThan(0)
  expect(generated).toBeLessThan(60_000)
  expect(await metric(server, 'infer_requests_total{interface="sse",status="499"}')).toBe(1)
})

test('one stream too many is refused, and let in again once there is room', async () => {
  const open = [beginStream('abc', 60_000), beginStream('abc', 60_000)]
  await Promise.all(open.map((socket) => once(socket, 'data')))
  const body = { model: 'echo', prompt: 'abc', max_tokens: 2 }
  const refused = await post(`${server.httpUrl}/v1/completions`, body)
  expect(refused.status).toBe(503)
  expect(refused.headers.get('retry-after')).toBe('1')
  expect(await refused.json()).toMatchObject({ error: { type: 'server_error', code: 'overloaded' } })
  for (const socket of open) socket.destroy()
  await eventually(async () => (await activeStreams()) === 0)
  expect((await post(`${server.httpUrl}/v1/completions`, body)).status).toBe(200)
})

describe('a slow reader', () => {
  // A long id comes back in every event, and so fills the sockets' buffers within a few tokens.
  const id = 'i'.repeat(100_000)

  test('gets every token in order once it reads', async () => {
    const before = await tokens()
    const socket = beginStream('abcdefghij', 200, id)
    await eventually(async () => (await tokens()) - before === 200)
    const text = await untilClosed(socket)
    const received = Array.from(text.matchAll(/"text_output":"(.)"/g), ([, token]) => token)
    expect(received.join('')).toBe('abcdefghij'.repeat(20))
  })

  test('that never reads makes the server hold back no more than its limit', async () => {
    const before = await tokens()
    const socket = beginStream('abc', 60_000, id)
    await eventually(async () => (await tokens()) > before && (await activeStreams()) === 0)
    expect((await tokens()) - before).toBeLessThan(5_000)
    const text = await untilClosed(socket)
    expect(text.slice(-200)).toContain('data: {"error":"the stream was read too slowly and given up"}')
  })
})
