import { once } from 'node:events'
import { constants, type Http2ServerResponse } from 'node:http2'
import net from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { type Play, play } from '../contract/play.ts'
import { eventually } from '../e2e/eventually.ts'
import { type McpAnswer, type PlainMcp, startPlainMcp, textResult } from '../servers/plain-mcp.ts'

let server: PlainMcp | null = null

afterEach(async () => {
  await server?.stop()
  server = null
})

type Options = Omit<Play, 'target'> & { options?: Record<string, unknown> }

function ask({ options, ...what }: Options, url = server!.url) {
  const tls = { ca: server?.ca || null, cert: null, key: null, servername: null, verify: true }
  return play({ ...what, target: { interface: 'mcp', url, tls, options: { tool: 'plain', ...options } } })
}

const calls = (count: number, concurrency = 1) => ({
  load: { model: 'closed', concurrency, calls: count } as const,
})
const answer = (call: McpAnswer) => call.result(textResult('0123456789'))
const counted = (method: string) => server!.methods.filter((name) => name === method).length

describe('a reply', () => {
  test('of many pieces is read to its end before it is found to hold no result', async () => {
    server = await startPlainMcp((call) => call.result(textResult('x'.repeat(8 * 1024 * 1024))))
    expect((await ask(calls(1))).errors).toEqual([])
  })

  test.each<[string, (call: McpAnswer) => void]>([
    ['that accepts and says no more', (call) => void call.response!.writeHead(202).end()],
    [
      'that is another message',
      ({ response }) => {
        response!.writeHead(200, { 'content-type': 'application/json' })
        response!.end('{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1}}')
      },
    ],
  ])('%s: mcp.truncated, and not its timeout', async (_name, handle) => {
    server = await startPlainMcp(handle)
    expect((await ask(calls(2))).classes).toEqual({ 'mcp.truncated': 2 })
  })

  test('that never ends is given up, and what came of it is not kept', async () => {
    const megabyte = Buffer.alloc(1024 * 1024, 'x')
    let sentBytes = 0
    server = await startPlainMcp(({ response }) => {
      response!.writeHead(200, { 'content-type': 'application/json' })
      const more = () => {
        while (!response!.destroyed) {
          sentBytes += megabyte.length
          if (!response!.write(megabyte)) return
        }
      }
      response!.on('drain', more)
      more()
    })
    const { errors } = await ask({ ...calls(1), timeouts: { totalMs: 30_000 } })
    expect(errors.map(({ outcome }) => [outcome.class, outcome.code])).toEqual([['decode', 'too_large']])
    expect(sentBytes / megabyte.length).toBeLessThan(300)
  })
})

test('a server that does not answer what is told beside the calls is not held on to', async () => {
  const sockets = new Set<net.Socket>()
  server = await startPlainMcp(() => {})
  const inner = server
  // It takes what the client tells of calls that were given up, and says nothing to it.
  const proxy = net.createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    const upstream = net.connect(inner.port, '127.0.0.1').on('error', () => {})
    let isSilent = false
    socket.on('data', (data) => {
      isSilent ||= data.includes('notifications/cancelled')
      upstream.write(data)
    })
    upstream.on('data', (data) => void (isSilent || socket.write(data)))
    socket.on('close', () => upstream.destroy())
  })
  await once(proxy.listen(0, '127.0.0.1'), 'listening')
  const { port } = proxy.address() as net.AddressInfo
  const { classes } = await ask({ ...calls(1), timeouts: { totalMs: 200 } }, `http://127.0.0.1:${port}/mcp`)
  expect(classes).toEqual({ 'timeout.total': 1 })
  await eventually('all connections are closed', () => sockets.size === 0)
  proxy.close()
})

test('connections that are lost while they wait for another to begin their session are errors', async () => {
  let accepted = 0
  const sockets: net.Socket[] = []
  const listener = net.createServer((socket) => {
    sockets.push(socket.on('error', () => {}))
    // The first one is asked to begin the session, and never does.
    if (++accepted > 1) setTimeout(() => socket.resetAndDestroy(), 20)
  })
  await once(listener.listen(0, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${(listener.address() as net.AddressInfo).port}/mcp`
  const load = { model: 'closed', concurrency: 4, calls: 4, connections: 4 } as const
  const { classes } = await ask({ load, options: { session: 'shared' }, timeouts: { connectMs: 400 } }, url)
  expect(classes['tcp.reset']).toBeGreaterThan(0)
  for (const socket of sockets) socket.destroy()
  listener.close()
})

describe.each(['2025-11-25', '2026-07-28'])('HTTP/2, %s', (revision) => {
  const options = { http: '2', revision }

  test('a call that is given up closes its own stream, and the others go on', async () => {
    let closed = 0
    let asked = 0
    server = await startPlainMcp((call) => {
      if (++asked !== 3) return answer(call)
      call.response!.on('close', () => closed++)
      call.progress('01234')
    }, {})
    const { classes, counts, end } = await ask({
      ...calls(40, 4),
      options: { ...options, kind: 'server-stream' },
      timeouts: { totalMs: 600 },
    })
    expect(classes).toEqual({ 'timeout.total': 1 })
    expect(counts.calls).toBe(40)
    expect(end.connections).toBe(1)
    await eventually('its stream is closed', () => closed === 1)
    if (revision === '2025-11-25') expect(counted('notifications/cancelled')).toBe(1)
  })

  test('a stream that the server resets is one error, and the others go on', async () => {
    let asked = 0
    server = await startPlainMcp((call) => {
      if (++asked !== 3) return answer(call)
      call.progress('01234')
      const { stream } = call.response as unknown as Http2ServerResponse
      setTimeout(() => stream.close(constants.NGHTTP2_INTERNAL_ERROR), 10)
    }, {})
    const streaming = { ...options, kind: 'server-stream' }
    const { classes, counts, end } = await ask({ ...calls(40, 4), options: streaming })
    expect(classes).toEqual({ 'h2.stream': 1 })
    expect(counts.calls).toBe(40)
    expect(end.connections).toBe(1)
  })
})

test('HTTP/2: a session that the server forgot is told to each call under way, and others are begun', async () => {
  let asked = 0
  server = await startPlainMcp((call) => {
    if (++asked === 10) server!.sessions.clear()
    setTimeout(answer, 20, call)
  }, {})
  const { classes, counts } = await ask({ ...calls(40, 4), options: { http: '2' } })
  expect(Object.keys(classes)).toEqual(['mcp.session_lost'])
  expect(classes['mcp.session_lost']).toBeLessThanOrEqual(4)
  expect(counts.calls).toBe(40)
  expect(counted('initialize')).toBeGreaterThan(1)
})
