import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ReferenceServer } from '../../reference-server/server.ts'
import { initialize, postMcp, rpc, startedMcp, statelessHeaders, statelessMeta } from './mcp-client.ts'
import { eventually, metric } from './started.ts'

let server: ReferenceServer

beforeAll(async () => {
  server = await startedMcp({}, { streamBufferBytes: 16 * 1024 })
})
afterAll(() => server.close())

/** Goes on until somebody stops it. */
function endless(id: number, withProgress: boolean): Record<string, unknown> {
  const params = { name: 'generate', arguments: { model: 'echo', prompt: 'ab', max_tokens: 1e9 } }
  return rpc('tools/call', withProgress ? { ...params, _meta: { progressToken: id } } : params, id)
}

function cancelled(requestId: number): Record<string, unknown> {
  return { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId } }
}

async function running(): Promise<boolean> {
  return (await metric(server, 'infer_active_streams')) > 0
}

test.each([
  ['before its first word', false],
  ['in mid-stream', true],
])('a cancelled call ends without a result: %s', async (_name, withProgress) => {
  const headers = { 'mcp-session-id': await initialize(server.httpUrl) }
  const reply = postMcp(server.httpUrl, endless(7, withProgress), headers)
  await eventually(running)
  const notified = await postMcp(server.httpUrl, cancelled(7), headers)
  expect([notified.status, await notified.text()]).toEqual([202, ''])
  const response = await reply
  expect(response.status).toBe(withProgress ? 200 : 202)
  const text = await response.text()
  expect(text.includes('notifications/progress')).toBe(withProgress)
  expect(text).not.toContain('"result"')
  await eventually(async () => !(await running()))
})

test('an id in flight cannot be used again, and one of another session can', async () => {
  const [first, second] = [await initialize(server.httpUrl), await initialize(server.httpUrl)]
  const reply = postMcp(server.httpUrl, endless(1, false), { 'mcp-session-id': first })
  await eventually(running)
  const again = await postMcp(server.httpUrl, rpc('ping'), { 'mcp-session-id': first })
  expect([again.status, await again.json()]).toMatchObject([400, { id: 1, error: { code: -32600 } }])
  const other = await postMcp(server.httpUrl, rpc('ping'), { 'mcp-session-id': second })
  expect([other.status, await other.json()]).toMatchObject([200, { id: 1, result: {} }])
  // A session that ends gives up what runs in it.
  await fetch(`${server.httpUrl}/mcp`, { method: 'DELETE', headers: { 'mcp-session-id': first } })
  expect((await reply).status).toBe(202)
  await eventually(async () => !(await running()))
})

test('a client that leaves stops its call', async () => {
  const abort = new AbortController()
  const { params } = endless(1, true) as { params: { _meta: object } }
  const stateless = { ...params, _meta: { ...params._meta, ...statelessMeta } }
  const headers = statelessHeaders('tools/call', 'generate')
  const response = await postMcp(server.httpUrl, rpc('tools/call', stateless), headers, abort.signal)
  expect(response.headers.get('content-type')).toContain('text/event-stream')
  expect(await running()).toBe(true)
  abort.abort()
  await eventually(async () => !(await running()))
})

test('a client that does not read its progress is given up', async () => {
  const body = JSON.stringify(endless(1, true))
  const id = await initialize(server.httpUrl)
  const socket = connect(Number(new URL(server.httpUrl).port), '127.0.0.1')
  const lines = [
    'POST /mcp HTTP/1.1',
    'host: 127.0.0.1',
    'content-type: application/json',
    `mcp-session-id: ${id}`,
    `content-length: ${Buffer.byteLength(body)}`,
  ]
  socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`)
  await eventually(running)
  await eventually(async () => !(await running()))
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
    if (text.includes('"result"')) socket.destroy()
  })
  await once(socket, 'close')
  expect(text).toContain('"isError":true')
  expect(text).toContain('read too slowly')
})

test('Server-Timing and the metadata of the result say the same', async () => {
  const headers = { 'mcp-session-id': await initialize(server.httpUrl) }
  const inputs = [{ name: 'input', datatype: 'FP32', shape: [1, 4], data: [1, 2, 3, 4] }]
  const message = rpc('tools/call', { name: 'infer', arguments: { model: 'mlp', inputs } })
  const response = await postMcp(server.httpUrl, message, headers)
  const { result } = (await response.json()) as { result: { _meta: Record<string, Record<string, number>> } }
  const { queue_ms, compute_ms } = result._meta['infer-bench/timing']!
  const said = `queue;dur=${queue_ms!.toFixed(3)}, compute;dur=${compute_ms!.toFixed(3)}`
  expect(response.headers.get('server-timing')).toBe(said)
  expect(compute_ms).toBeGreaterThan(0)
})

test('a session that is not used expires, one in mid-call does not, and the oldest makes room', async () => {
  const small = await startedMcp({ sessionIdleMs: 200, sessions: 2 })
  const ping = async (id: string) => {
    const response = await postMcp(small.httpUrl, rpc('ping', {}, 2), { 'mcp-session-id': id })
    await response.text()
    return response.status
  }
  const busy = await initialize(small.httpUrl)
  const reply = postMcp(small.httpUrl, endless(1, false), { 'mcp-session-id': busy })
  await eventually(async () => (await metric(small, 'infer_active_streams')) === 1)
  const idle = await initialize(small.httpUrl)
  await eventually(async () => (await metric(small, 'infer_active_sessions')) === 1)
  expect(await ping(idle)).toBe(404)
  expect(await ping(busy)).toBe(200)
  const [first, second] = [await initialize(small.httpUrl), await initialize(small.httpUrl)]
  expect(await ping(first)).toBe(404)
  expect(await ping(second)).toBe(200)
  await postMcp(small.httpUrl, cancelled(1), { 'mcp-session-id': busy })
  expect((await reply).status).toBe(202)
  await small.close()
})
