import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { ReferenceServer } from '../../reference-server/server.ts'
import { initialize, postMcp, rpc, startedMcp, statelessHeaders, statelessMeta } from './mcp-client.ts'

const limitBytes = 4096
let server: ReferenceServer
let session: Record<string, string>

beforeAll(async () => {
  const mcp = { allowedOrigins: ['https://friend.example'], allowedHosts: ['server.example'] }
  server = await startedMcp(mcp, { bodyBytes: limitBytes })
  session = { 'mcp-session-id': await initialize(server.httpUrl) }
})
afterAll(() => server.close())

interface RpcReply {
  id: unknown
  error: { code: number; message: string; data?: unknown }
  result: { isError?: boolean; content: { text: string }[] }
}

async function replyOf(response: Response): Promise<RpcReply> {
  return (await response.json()) as RpcReply
}

describe('what is no message of JSON-RPC', () => {
  test.each<[string, unknown, number, unknown]>([
    ['text', 'tools/list', -32700, null],
    ['nothing', '', -32700, null],
    ['half of a message', '{"jsonrpc":"2.0","id":1', -32700, null],
    ['a batch', [rpc('tools/list'), rpc('ping', {}, 2)], -32600, null],
    ['a number', 7, -32600, null],
    ['another version', { ...rpc('ping'), jsonrpc: '1.0' }, -32600, null],
    ['no method', { jsonrpc: '2.0', id: 1 }, -32600, 1],
    ['a method that is a number', { jsonrpc: '2.0', id: 'a', method: 5 }, -32600, 'a'],
    ['params that are an array', rpc('ping', [1]), -32600, 1],
    ['an id that is null', rpc('ping', {}, null), -32600, null],
    ['an id that is a fraction', rpc('ping', {}, 1.5), -32600, null],
    ['a reply', { jsonrpc: '2.0', id: 1, result: {} }, -32600, null],
  ])('%s', async (_name, message, code, id) => {
    const response = await postMcp(server.httpUrl, message, session)
    expect(response.status).toBe(400)
    expect(await replyOf(response)).toMatchObject({ jsonrpc: '2.0', id, error: { code } })
  })
})

describe('a request that HTTP itself refuses', () => {
  test.each<[string, string, Record<string, string>, number]>([
    ['a body over the limit', JSON.stringify(rpc('ping', { x: 'x'.repeat(limitBytes) })), {}, 413],
    ['a body that is said to be text', '{}', { 'content-type': 'text/plain' }, 415],
    ['a client that takes no stream', '{}', { accept: 'application/json' }, 406],
  ])('%s', async (_name, body, headers, status) => {
    const response = await postMcp(server.httpUrl, body, { ...session, ...headers })
    expect(response.status).toBe(status)
    expect(await replyOf(response)).toMatchObject({ id: null, error: { code: -32600 } })
  })

  test('a stream of what the server might say unasked', async () => {
    const response = await fetch(`${server.httpUrl}/mcp`, { headers: session })
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('POST, DELETE')
    await response.text()
  })
})

describe('in a session', () => {
  test.each<[string, unknown, number]>([
    ['an unknown method', rpc('tools/lost'), -32601],
    ['a method of another revision', rpc('server/discover'), -32601],
    ['an unknown tool', rpc('tools/call', { name: 'lost' }), -32602],
    ['no tool', rpc('tools/call', {}), -32602],
    ['arguments that are text', rpc('tools/call', { name: 'infer', arguments: 'x' }), -32602],
    [
      'a progress token that is an object',
      rpc('tools/call', { name: 'generate', _meta: { progressToken: {} } }),
      -32602,
    ],
  ])('%s', async (_name, message, code) => {
    const response = await postMcp(server.httpUrl, message, session)
    expect(response.status).toBe(200)
    expect(await replyOf(response)).toMatchObject({ id: 1, error: { code } })
  })

  test.each<[string, unknown, string]>([
    ['an unknown model', { model: 'lost', inputs: [] }, 'no model named "lost"'],
    ['no model', {}, 'model must be a string'],
    ['no inputs', { model: 'mlp' }, 'inputs must be an array'],
    [
      'a tensor that does not fit',
      { model: 'mlp', inputs: [{ name: 'input', datatype: 'FP32', shape: [1, 2], data: [1] }] },
      'its shape has 2 elements, its data 1',
    ],
  ])('%s is an error of the tool', async (_name, fields, text) => {
    const message = rpc('tools/call', { name: 'infer', arguments: fields })
    const { result } = await replyOf(await postMcp(server.httpUrl, message, session))
    expect(result.isError).toBe(true)
    expect(result.content[0]!.text).toContain(text)
  })

  test('a generation that its model cannot do is one, told before any progress', async () => {
    const params = { name: 'generate', arguments: { prompt: '' }, _meta: { progressToken: 1 } }
    const message = rpc('tools/call', { ...params, arguments: { prompt: '', model: 'echo' } })
    const response = await postMcp(server.httpUrl, message, session)
    expect(response.headers.get('content-type')).toBe('application/json')
    expect((await replyOf(response)).result.isError).toBe(true)
  })

  test('a revision that there is not is refused, and initialize offers one that there is', async () => {
    const headers = { ...session, 'mcp-protocol-version': '1999-01-01' }
    const response = await postMcp(server.httpUrl, rpc('ping'), headers)
    expect(response.status).toBe(400)
    expect((await replyOf(response)).error).toMatchObject({
      code: -32022,
      data: { requested: '1999-01-01', supported: ['2026-07-28', '2025-11-25', '2025-06-18'] },
    })
    const offer = await postMcp(server.httpUrl, rpc('initialize', { protocolVersion: '1999-01-01' }))
    expect(await offer.json()).toMatchObject({ result: { protocolVersion: '2025-11-25' } })
  })

  test('initialize without a revision begins none', async () => {
    const response = await postMcp(server.httpUrl, rpc('initialize'))
    expect(response.headers.get('mcp-session-id')).toBe(null)
    expect((await replyOf(response)).error.code).toBe(-32602)
  })
})

describe('without a session', () => {
  test.each<[string, Record<string, string>, number]>([
    ['that a request names', {}, 400],
    ['of that id', { 'mcp-session-id': 'lost' }, 404],
  ])('%s', async (_name, headers, status) => {
    const response = await postMcp(server.httpUrl, rpc('ping', {}, 5), headers)
    expect(response.status).toBe(status)
    expect(await replyOf(response)).toMatchObject({
      id: 5,
      error: { code: status === 404 ? -32001 : -32600 },
    })
  })

  test('any more: ended by DELETE', async () => {
    const id = await initialize(server.httpUrl, '2025-06-18')
    const headers = { 'mcp-session-id': id }
    expect((await postMcp(server.httpUrl, rpc('ping'), headers)).status).toBe(200)
    const end = () => fetch(`${server.httpUrl}/mcp`, { method: 'DELETE', headers })
    expect((await end()).status).toBe(204)
    expect((await end()).status).toBe(404)
    expect((await postMcp(server.httpUrl, rpc('ping'), headers)).status).toBe(404)
  })
})

describe('a request of 2026-07-28', () => {
  const list = rpc('tools/list', { _meta: statelessMeta })
  const call = rpc('tools/call', { name: 'lost', _meta: statelessMeta })
  const { 'io.modelcontextprotocol/protocolVersion': version } = statelessMeta
  test.each<[string, unknown, Record<string, string>, number, number]>([
    ['without headers', list, {}, 400, -32020],
    ['without its method', list, { 'mcp-protocol-version': version }, 400, -32020],
    ['with another method', list, statelessHeaders('tools/call'), 400, -32020],
    [
      'with another revision',
      list,
      { ...statelessHeaders('tools/list'), 'mcp-protocol-version': '2025-11-25' },
      400,
      -32020,
    ],
    ['without the name of its tool', call, statelessHeaders('tools/call'), 400, -32020],
    ['with another name', call, statelessHeaders('tools/call', 'infer'), 400, -32020],
    ['that says so only in its headers', rpc('tools/list'), statelessHeaders('tools/list'), 400, -32602],
    [
      'without capabilities',
      rpc('tools/list', { _meta: { 'io.modelcontextprotocol/protocolVersion': version } }),
      statelessHeaders('tools/list'),
      400,
      -32602,
    ],
    [
      'or rather of 2999-01-01',
      rpc('tools/list', {
        _meta: { ...statelessMeta, 'io.modelcontextprotocol/protocolVersion': '2999-01-01' },
      }),
      { ...statelessHeaders('tools/list'), 'mcp-protocol-version': '2999-01-01' },
      400,
      -32022,
    ],
    ['with an unknown tool', call, statelessHeaders('tools/call', '=?base64?bG9zdA==?='), 200, -32602],
    ['with an unknown method', rpc('ping', { _meta: statelessMeta }), statelessHeaders('ping'), 404, -32601],
  ])('%s', async (_name, message, headers, status, code) => {
    const response = await postMcp(server.httpUrl, message, headers)
    expect(await replyOf(response)).toMatchObject({ id: 1, error: { code } })
    expect(response.status).toBe(status)
  })
})

describe('from elsewhere', () => {
  const elsewhere = 'https://evil.example'
  test.each<[string, Record<string, string>, number]>([
    ['a page of another site', { origin: elsewhere }, 403],
    ['a page without an origin', { origin: 'null' }, 403],
    ['a page of an allowed site', { origin: 'https://friend.example' }, 200],
    ['a page of this machine', { origin: 'http://localhost:3000' }, 200],
  ])('%s', async (_name, headers, status) => {
    const response = await postMcp(server.httpUrl, rpc('ping'), { ...session, ...headers })
    expect(response.status).toBe(status)
    if (status === 403) expect((await replyOf(response)).error.message).toContain('may not connect')
  })

  // A browser never lets a page choose these, and so neither does fetch.
  test.each<[string, Record<string, string>, number | undefined]>([
    ['a name that was made to point here', { host: 'evil.example' }, 403],
    ['that name with a page of its own', { host: 'evil.example', origin: 'http://evil.example' }, 403],
    ['a page of another site', { origin: elsewhere }, 403],
    ['an allowed name', { host: 'server.example' }, undefined],
  ])('over WebSocket: %s', async (_name, headers, status) => {
    const ws = new WebSocket(`${server.httpUrl.replace('http', 'ws')}/mcp/ws`, 'mcp', { headers })
    const seen = await new Promise<number | undefined>((resolve, reject) => {
      ws.on('open', () => resolve(undefined))
      ws.on('unexpected-response', (_request, response) => {
        response.resume()
        resolve(response.statusCode)
      })
      ws.on('error', reject)
    })
    expect(seen).toBe(status)
    ws.terminate()
  })
})
