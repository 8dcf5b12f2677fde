import type net from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { TargetCredentials } from '../../src/drivers/credentials.ts'
import { SUCCESS } from '../../src/drivers/driver.ts'
import { protocol } from '../../src/drivers/registry.ts'
import { UNMEASURED } from '../../src/drivers/unmeasured.ts'
import { caseOf, type Play, play } from '../contract/play.ts'
import { eventually } from '../e2e/eventually.ts'
import { type McpAnswer, type PlainMcp, startPlainMcp, textResult } from '../servers/plain-mcp.ts'

let server: PlainMcp | null = null

afterEach(async () => {
  await server?.stop()
  server = null
})

type Handle = (answer: McpAnswer) => void
type Options = Omit<Play, 'target'> & { options?: Record<string, unknown>; connection?: 'cold' }

async function serve(handle: Handle, shakeHands?: Handle): Promise<PlainMcp> {
  server = await startPlainMcp(handle, false, shakeHands)
  return server
}

function ask({ options, connection, ...what }: Options = {}) {
  const target = { interface: 'mcp', url: server!.url, ...(connection && { connection }) }
  return play({ ...what, target: { ...target, options: { tool: 'plain', ...options } } })
}

const calls = (count: number, concurrency = 1) => ({
  load: { model: 'closed', concurrency, calls: count } as const,
})

const answer: Handle = (call) => call.result(textResult('0123456789'))
const counted = (method: string) => server!.methods.filter((name) => name === method).length

const WAYS: { title: string; options: Record<string, unknown> }[] = [
  { title: 'sessions over HTTP', options: {} },
  { title: 'stateless over HTTP', options: { revision: '2026-07-28' } },
  { title: 'sessions over WebSocket', options: { transport: 'websocket' } },
  { title: 'stateless over WebSocket', options: { transport: 'websocket', revision: '2026-07-28' } },
]

describe.each(WAYS)('$title', ({ options }) => {
  test('a tool that fails is told from a protocol that does', async () => {
    let asked = 0
    await serve((call) => {
      if (++asked === 1) call.result({ ...textResult('no such model'), isError: true })
      else call.error(-32602, 'unknown tool')
    })
    const { errors } = await ask({ ...calls(2), options })
    expect(errors.map(({ outcome }) => [outcome.class, outcome.code, outcome.sample])).toEqual([
      ['mcp.tool_error', '', 'no such model'],
      ['mcp.-32602', '-32602', 'unknown tool'],
    ])
  })

  test('a tool that never answers ends with its timeout, and the next call runs', async () => {
    let asked = 0
    await serve((call) => {
      if (++asked > 1) answer(call)
    })
    const { classes, counts } = await ask({ ...calls(3), options, timeouts: { totalMs: 600 } })
    expect(classes).toEqual({ 'timeout.total': 1 })
    expect(counts.calls).toBe(3)
    if (options.revision === undefined) {
      await eventually('the server is told', () => counted('notifications/cancelled') === 1)
    }
  })

  test('an answer to what was not asked: mcp.wrong_id', async () => {
    await serve((call) => {
      call.send({ jsonrpc: '2.0', id: 4711, result: textResult('lost') })
      call.end()
    })
    expect((await ask({ ...calls(2), options })).classes).toEqual({ 'mcp.wrong_id': 2 })
  })

  test('what is no message: mcp.parse', async () => {
    await serve((call) => {
      call.sendText('<html>')
      call.end()
    })
    expect((await ask({ ...calls(2), options })).classes).toEqual({ 'mcp.parse': 2 })
  })

  test.each<[string, object]>([
    ['neither a result nor an error', {}],
    ['a result that is none', { result: 'done' }],
    ['an error without a code', { error: { message: 'no' } }],
    ['a result and an error', { result: textResult('x'), error: { code: 1, message: 'no' } }],
    ['another version', { jsonrpc: '1.0', result: textResult('x') }],
    ['content that is no list', { result: { resultType: 'complete', content: 'x' } }],
  ])('an answer with %s: mcp.parse, and not its timeout', async (_what, answered) => {
    let asked = 0
    await serve((call) => {
      if (++asked > 2) return answer(call)
      call.send({ jsonrpc: '2.0', id: call.request.id, ...answered })
      call.end()
    })
    const { classes, errors, counts } = await ask({ ...calls(3), options, timeouts: { totalMs: 20_000 } })
    expect(classes).toEqual({ 'mcp.parse': 2 })
    expect(errors[0]!.outcome.sample).not.toBe('')
    expect(counts.calls).toBe(3)
  })

  test('a handshake that is answered with what is no answer ends, too', async () => {
    await serve(answer, (call) => {
      call.send({ jsonrpc: '2.0', id: call.request.id, result: 'hello' })
      call.end()
    })
    // Elsewhere the SDKs wait for a better one, and say nothing.
    const isTold = options.transport === 'websocket' && options.revision === undefined
    const { errors } = await ask({ options, timeouts: { connectMs: isTold ? 20_000 : 200 } })
    const expected = isTold ? ['setup', 'mcp.parse'] : ['connect', 'timeout.connect']
    expect(errors.map(({ outcome }) => [outcome.phase, outcome.class])).toEqual([expected])
  })

  test('what a server says or asks in between does not disturb the call', async () => {
    await serve((call) => {
      call.send({ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 'x' } })
      if (options.revision === undefined) call.send({ jsonrpc: '2.0', id: 'asked', method: 'ping' })
      call.result(textResult('0123456789'))
    })
    const { errors, counts } = await ask({ ...calls(3), options })
    expect(errors).toEqual([])
    expect(counts.calls).toBe(3)
    if (options.revision === undefined) {
      // The last answer may come after the session's end.
      await eventually('pings are answered', () => counted('answer') >= 2)
    }
  })

  test('what the server tells of its own time is read', async () => {
    const timing = { 'infer-bench/timing': { queue_ms: 1, compute_ms: 20 } }
    await serve((call) => call.result({ ...textResult('x'), _meta: timing }))
    const { p50 } = await ask({ ...calls(3), options })
    expect(p50('server_queue')).toBeCloseTo(1, 1)
    expect(p50('server_compute')).toBeCloseTo(20, 0)
  })

  test('tools are listed, and each list is asked for', async () => {
    const tools = [{ name: 'plain', inputSchema: { type: 'object' } }]
    await serve((call) => call.result({ resultType: 'complete', tools, ttlMs: 60_000, cacheScope: 'public' }))
    const { errors } = await ask({
      ...calls(3),
      options: { ...options, tool: undefined, method: 'tools/list' },
    })
    expect(errors).toEqual([])
    expect(counted('tools/list')).toBe(3)
  })

  test('a handshake that is answered with another revision: mcp.revision', async () => {
    await serve(answer, (call) => {
      if (options.revision === undefined) {
        call.result({
          protocolVersion: '1999-01-01',
          capabilities: {},
          serverInfo: { name: 'x', version: '1' },
        })
      } else call.error(-32601, 'method not found')
    })
    expect((await ask({ options })).classes).toEqual({ 'mcp.revision': 1 })
  })

  test('a handshake that is never answered: timeout.connect', async () => {
    await serve(answer, () => {})
    expect((await ask({ options, timeouts: { connectMs: 200 } })).classes).toEqual({ 'timeout.connect': 1 })
  })
})

describe('a session that is asked after', () => {
  async function opened() {
    const target = { interface: 'mcp', url: server!.url, options: { tool: 'plain' } }
    const { timeouts, payload, ...planned } = caseOf({ target })
    const { codec, driver } = protocol('mcp')
    const credentials = new TargetCredentials(planned.target)
    const own = { target: planned.target, credentials, timeouts, trace: null }
    return driver({ ...own, codec: codec({ target: planned.target, payload, file: null }) })
  }

  test('stands, and is told nothing when the asking is over', async () => {
    await serve((call) => call.result({}))
    const driver = await opened()
    const asking = new AbortController()
    const session = await driver.open(UNMEASURED, asking.signal)
    expect(await session.check!(asking.signal)).toEqual(SUCCESS)
    asking.abort()
    session.close()
    await driver.close()
    expect(server!.methods).toEqual(['initialize', 'notifications/initialized', 'ping', 'DELETE'])
  })

  test('is lost where the server has forgotten it', async () => {
    await serve(answer)
    const driver = await opened()
    const session = await driver.open(UNMEASURED, AbortSignal.timeout(5000))
    server!.sessions.clear()
    expect(await session.check!(AbortSignal.timeout(5000))).toMatchObject({
      ok: false,
      class: 'mcp.session_lost',
      code: '404',
    })
    session.close()
    await driver.close()
  })
})

describe.each(WAYS)('$title, and a server that goes on and on', ({ options }) => {
  test('a result of millions of objects: decode, long before they are read', async () => {
    await serve((call) => {
      call.sendText(
        `{"jsonrpc":"2.0","id":${call.request.id},"result":{"content":[],"x":[${'{},'.repeat(6_000_000)}{}]}}`,
      )
      call.end()
    })
    const { errors } = await ask({ ...calls(1), options })
    expect(errors).toMatchObject([{ outcome: { class: 'decode', code: 'too_large' } }])
  })

  test('requests without an end are not answered without an end', async () => {
    let isOver = false
    let connections = 0
    await serve((call) => {
      const ask = () => {
        for (let time = 0; time < 100; time++) call.send({ jsonrpc: '2.0', id: 'asked', method: 'ping' })
        if (!isOver) setImmediate(ask)
      }
      ask()
    })
    server!.counted((open) => {
      connections = Math.max(connections, open)
    })
    const { classes } = await ask({ ...calls(1), options, timeouts: { totalMs: 1000 } })
    isOver = true
    expect(classes).toEqual({ 'timeout.total': 1 })
    expect(connections).toBeLessThan(20)
  })
})

describe('Streamable HTTP', () => {
  test.each<[string, string, (socket: net.Socket) => void]>([
    ['closed', 'tcp.reset', (socket) => socket.end()],
    ['reset', 'tcp.reset', (socket) => socket.resetAndDestroy()],
    ['answered with what is no HTTP', 'http.parse', (socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n')],
  ])('a stateless handshake that is %s: %s', async (_name, expected, fault) => {
    await serve(answer, (call) => fault(call.response!.socket as net.Socket))
    const { classes } = await ask({ ...calls(2), options: { revision: '2026-07-28' }, connection: 'cold' })
    expect(classes).toEqual({ [expected]: 2 })
  })

  test('an HTTP status is a class of its own', async () => {
    const statuses = [400, 401, 403, 500, 503]
    let next = 0
    await serve((call) => call.response!.writeHead(statuses[next++]!).end('as the test asks'))
    const { classes, errors } = await ask(calls(statuses.length))
    expect(classes).toEqual(Object.fromEntries(statuses.map((status) => [`http.${status}`, 1])))
    expect(errors[0]!.outcome.sample).toContain('as the test asks')
  })

  test('a status in the handshake is one, too', async () => {
    await serve(answer, (call) => call.response!.writeHead(401).end())
    const { errors } = await ask()
    expect(errors[0]!.outcome).toMatchObject({ phase: 'setup', class: 'http.401' })
  })

  test('a session that the server forgot: mcp.session_lost, and a new one for the calls that follow', async () => {
    let asked = 0
    await serve((call) => {
      if (++asked === 2) server!.sessions.clear()
      answer(call)
    })
    const { classes, counts } = await ask(calls(5))
    expect(classes).toEqual({ 'mcp.session_lost': 1 })
    expect(counts.calls).toBe(5)
    expect(counted('initialize')).toBe(2)
  })

  test('each session is ended with DELETE; a cold connection has one of its own', async () => {
    await serve(answer)
    expect((await ask({ ...calls(4, 2), connection: 'cold' })).errors).toEqual([])
    expect(counted('initialize')).toBe(4)
    expect(counted('notifications/initialized')).toBe(4)
    expect(counted('DELETE')).toBe(4)
    expect(server!.sessions.size).toBe(0)
  })

  test('a shared session is begun once, used by all connections, and ended once', async () => {
    await serve(answer)
    const { errors, end } = await ask({ ...calls(40, 4), options: { session: 'shared' } })
    expect(errors).toEqual([])
    expect(end.connections).toBe(4)
    expect(counted('initialize')).toBe(1)
    expect(counted('DELETE')).toBe(1)
  })

  test('a shared session that is lost is begun anew, once for all', async () => {
    let asked = 0
    await serve((call) => {
      if (++asked === 10) server!.sessions.clear()
      answer(call)
    })
    const { classes, counts } = await ask({ ...calls(60, 3), options: { session: 'shared' } })
    expect(Object.keys(classes)).toEqual(['mcp.session_lost'])
    expect(classes['mcp.session_lost']).toBeLessThanOrEqual(3)
    expect(counts.calls).toBe(60)
    expect(counted('initialize')).toBe(2)
  })

  test('a stream that ends without its result: mcp.truncated', async () => {
    await serve((call) => {
      call.progress('01234')
      call.end()
    })
    expect((await ask({ ...calls(2), options: { kind: 'server-stream' } })).classes).toEqual({
      'mcp.truncated': 2,
    })
  })

  test('a connection that breaks off within a reply, and before it', async () => {
    let asked = 0
    await serve((call) => {
      if (++asked === 1) {
        call.progress('01234')
        setTimeout(() => call.response!.destroy(), 20)
      } else if (asked === 2) call.response!.destroy()
      else answer(call)
    })
    const { classes } = await ask({ ...calls(3), options: { kind: 'server-stream' } })
    expect(classes).toEqual({ 'http.truncated': 1, 'tcp.reset': 1 })
  })

  test('a reply that is neither JSON nor a stream: mcp.parse', async () => {
    await serve((call) => call.response!.writeHead(200, { 'content-type': 'text/html' }).end('<html>'))
    expect((await ask(calls(2))).classes).toEqual({ 'mcp.parse': 2 })
  })

  test('a stream that goes on after the result does not stop the next call', async () => {
    await serve((call) => {
      call.send({ jsonrpc: '2.0', id: call.request.id, result: textResult('0123456789') })
    })
    const { errors, counts } = await ask({ ...calls(2), timeouts: { totalMs: 4000 } })
    expect(errors).toEqual([])
    expect(counts.calls).toBe(2)
  })

  test('the header Server-Timing is read', async () => {
    await serve((call) => {
      call.response!.setHeader('server-timing', 'queue;dur=2, compute;dur=30')
      answer(call)
    })
    expect((await ask(calls(3))).p50('server_compute')).toBeCloseTo(30, 0)
  })

  test('a redirect to elsewhere is not followed', async () => {
    await serve((call) => call.response!.writeHead(307, { location: 'http://127.0.0.1:9/' }).end())
    expect((await ask(calls(1))).classes).toEqual({ 'http.307': 1 })
  })
})

test('a WebSocket that the server closes: ws.close.<code>, and the next call runs', async () => {
  let asked = 0
  await serve((call) => {
    if (++asked === 2) call.close(1011, 'overloaded')
    else answer(call)
  })
  const { errors, counts } = await ask({ ...calls(4), options: { transport: 'websocket' } })
  expect(errors.map(({ outcome }) => [outcome.class, outcome.sample])).toEqual([
    ['ws.close.1011', 'the server closed with 1011: overloaded'],
  ])
  expect(counts.calls).toBe(4)
})
