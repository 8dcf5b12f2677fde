/** What a broken WebSocket server does is data: one class with a count and a sample, and nothing hangs. */

import type net from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { NOTHING, type Play, play } from '../contract/play.ts'
import { type Fault, type FaultyServer, startFaulty } from '../servers/faulty-http.ts'
import { accepted, closeFrame, frame, startFaultyWebSocket } from '../servers/faulty-websocket.ts'
import { startWebSocket } from '../servers/plain-websocket.ts'

let server: Pick<FaultyServer, 'url' | 'stop'> | null = null

afterEach(async () => {
  await server?.stop()
  server = null
})

const CALLS = 3
const load = { model: 'closed', concurrency: 1, calls: CALLS } as const

function against(
  url: string,
  more: Omit<Partial<Play>, 'target'> & { options?: Record<string, unknown> } = {},
) {
  const { options = {}, ...others } = more
  return play({ target: { interface: 'websocket', url, options }, load, ...others })
}

describe('an upgrade', () => {
  const answer =
    (text: string): Fault =>
    (socket) =>
      socket.write(text)
  test.each<[string, string, Fault]>([
    ['answered with 200', '200', answer('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi')],
    ['answered with 302', '302', answer('HTTP/1.1 302 Found\r\nlocation: /x\r\ncontent-length: 0\r\n\r\n')],
    ['refused with 403', '403', answer('HTTP/1.1 403 Forbidden\r\ncontent-length: 9\r\n\r\nnot yours')],
    ['answered with 200 and no end', '200', answer('HTTP/1.1 200 OK\r\n\r\n')],
    ['with the accept of another key', '', (socket, request) => socket.write(accepted(request, 'bm90IGl0'))],
    [
      'to another protocol',
      '',
      (socket, request) => socket.write(accepted(request).replace('websocket', 'h2c')),
    ],
    [
      'with a subprotocol that nobody offered',
      '',
      (socket, request) =>
        socket.write(accepted(request).replace('\r\n\r\n', '\r\nsec-websocket-protocol: x\r\n\r\n')),
    ],
    [
      'with an extension that nobody offered',
      '',
      (socket, request) =>
        socket.write(accepted(request).replace('\r\n\r\n', '\r\nsec-websocket-extensions: x\r\n\r\n')),
    ],
    ['answered with what is no HTTP', 'HPE_INVALID_CONSTANT', answer('SSH-2.0-OpenSSH_9.2\r\n')],
  ])('%s: upgrade', async (_name, code, fault) => {
    server = await startFaulty(fault)
    const played = await against(server.url.replace('http', 'ws'))
    expect(played.counts).toMatchObject({ calls: CALLS, errors: CALLS })
    expect(Object.keys(played.classes), JSON.stringify(played.errors)).toEqual(['upgrade'])
    expect(played.errors[0]!.outcome.code).toBe(code)
    expect(played.errors[0]!.outcome.sample).not.toBe('')
  })

  test('that tells where to go, or why not, is shown', async () => {
    server = await startFaulty(answer('HTTP/1.1 403 Forbidden\r\ncontent-length: 9\r\n\r\nnot yours'))
    const { errors } = await against(server.url.replace('http', 'ws'))
    expect(errors[0]!.outcome.sample).toBe('the upgrade was answered with status 403: not yours')
  })

  test('cut off: tcp.reset', async () => {
    server = await startFaulty((socket) => socket.destroy())
    const played = await against(server.url.replace('http', 'ws'))
    expect(Object.keys(played.classes)).toEqual(['tcp.reset'])
  })

  test('never answered: timeout.connect, and the socket is closed', async () => {
    const closed: Promise<void>[] = []
    server = await startFaulty((socket) => {
      closed.push(new Promise((resolve) => socket.once('close', () => resolve())))
    })
    const played = await against(server.url.replace('http', 'ws'), {
      timeouts: { connectMs: 100, totalMs: 1000 },
    })
    expect(Object.keys(played.classes)).toEqual(['timeout.connect'])
    await Promise.all(closed)
  })

  test('without per-message deflate, where it is asked for: upgrade', async () => {
    server = await startWebSocket((ws) => ws.on('message', () => ws.send('0123456789')))
    const played = await against(server.url, { options: { compression: 'deflate' } })
    expect(played.errors).toMatchObject([{ outcome: { class: 'upgrade', code: 'deflate' }, count: CALLS }])
  })

  test('that takes none of the subprotocols: upgrade', async () => {
    server = await startWebSocket(() => {}, false, { handleProtocols: () => false })
    const played = await against(server.url, { options: { subprotocols: ['a', 'b'] } })
    expect(Object.keys(played.classes)).toEqual(['upgrade'])
  })
})

describe('a call in flight, and the server', () => {
  /** Never sent (RFC 6455, section 7.4), so a frame with them breaks the protocol. */
  const reserved = [1004, 1005, 1006, 1015]
  const codes = Array.from({ length: 16 }, (_, index) => 1000 + index)
  test.each(codes.filter((code) => !reserved.includes(code)))('closes with %i', async (code) => {
    server = await startFaultyWebSocket((socket) => socket.end(closeFrame(code, 'so')))
    const played = await against(server.url)
    expect(played.classes).toEqual({ [`ws.close.${code}`]: CALLS })
    expect(played.errors[0]!.outcome.sample).toBe(`the server closed with ${code}: so`)
  })

  test('closes without a code: 1005', async () => {
    server = await startFaultyWebSocket((socket) => socket.end(frame('close')))
    expect((await against(server.url)).classes).toEqual({ 'ws.close.1005': CALLS })
  })

  test('closes, and leaves the connection open: the call does not wait for it', async () => {
    server = await startFaultyWebSocket((socket) => socket.write(closeFrame(1011)))
    const played = await against(server.url, { load: { ...load, calls: 1 } })
    expect(played.classes).toEqual({ 'ws.close.1011': 1 })
  })

  test.each<[string, (socket: net.Socket) => void]>([
    ['ends the connection', (socket) => socket.end()],
    ['resets the connection', (socket) => socket.resetAndDestroy()],
    [
      'is lost in mid-message',
      (socket) => {
        socket.write(frame('text', 'half', { first: 0 }))
        setImmediate(() => socket.destroy())
      },
    ],
  ])('%s: 1006', async (_name, fault) => {
    server = await startFaultyWebSocket(fault)
    const played = await against(server.url)
    expect(played.classes).toEqual({ 'ws.close.1006': CALLS })
    expect(played.end.connections).toBeGreaterThanOrEqual(CALLS)
  })

  test.each<[string, string, Buffer]>([
    ['masks its frames', 'WS_ERR_UNEXPECTED_MASK', frame('text', 'x', { second: 0x80 })],
    ['uses a bit that nobody agreed to', 'WS_ERR_UNEXPECTED_RSV_2_3', frame('text', 'x', { first: 0xa0 })],
    ['sends an unknown opcode', 'WS_ERR_INVALID_OPCODE', Buffer.from([0x83, 0])],
    ['fragments a ping', 'WS_ERR_EXPECTED_FIN', frame('ping', 'x', { first: 0 })],
    ...reserved.map((code): [string, string, Buffer] => [
      `closes with ${code}, which is never sent`,
      'WS_ERR_INVALID_CLOSE_CODE',
      closeFrame(code),
    ]),
  ])('%s: ws.protocol', async (_name, code, bytes) => {
    server = await startFaultyWebSocket((socket) => socket.write(bytes))
    const played = await against(server.url)
    expect(played.errors).toMatchObject([{ outcome: { class: 'ws.protocol', code }, count: CALLS }])
  })

  test('sends text that is not UTF-8: decode', async () => {
    server = await startFaultyWebSocket((socket) => socket.write(frame('text', Buffer.from([0xff]))))
    expect((await against(server.url)).errors).toMatchObject([{ outcome: { class: 'decode', code: 'utf8' } }])
  })

  test('announces a frame of 100 MB: decode, and none of it is kept', async () => {
    let written = 0
    server = await startFaultyWebSocket((socket) => {
      const head = Buffer.alloc(10)
      head[0] = 0x82
      head[1] = 127
      head.writeBigUInt64BE(100_000_000n, 2)
      socket.write(head)
      const piece = Buffer.alloc(1_000_000)
      const write = () => {
        for (; written < 100_000_000 && !socket.destroyed; written += piece.length) {
          if (!socket.write(piece)) return
        }
      }
      socket.on('drain', write)
      write()
    })
    const played = await against(server.url, { load: { ...load, calls: 1 } })
    expect(played.errors).toMatchObject([{ outcome: { class: 'decode', code: 'too_large' }, count: 1 }])
    expect(played.end.bytes.read).toBeLessThan(50_000_000)
  })

  test.each<[string, Buffer]>([
    ['a frame of 2^62 bytes', Buffer.from([0x82, 127, 0x40, 0, 0, 0, 0, 0, 0, 0])],
    [
      'fragments without an end',
      Buffer.concat(
        Array.from({ length: 20_000 }, () =>
          frame('text', 'x', { first: 0 }).map((byte, at) => (at === 0 ? 0 : byte)),
        ),
      ),
    ],
  ])('sends %s: decode', async (_name, bytes) => {
    server = await startFaultyWebSocket((socket) => {
      if (bytes[0] === 0) socket.write(frame('text', 'x', { first: 0 }))
      socket.write(bytes)
    })
    const played = await against(server.url)
    expect(played.errors).toMatchObject([{ outcome: { class: 'decode', code: 'too_large' }, count: CALLS }])
  })

  test('floods it with pings that it does not let be answered: it ends, and memory does not fill', async () => {
    const many = Buffer.concat(Array.from({ length: 1000 }, () => frame('ping', 'x'.repeat(125))))
    server = await startFaultyWebSocket((socket) => {
      // What is not read here cannot be answered for long.
      socket.pause()
      const write = () => {
        while (!socket.destroyed && socket.write(many));
      }
      socket.on('drain', write)
      write()
    })
    const played = await against(server.url, { load: { ...load, calls: 1 } })
    expect(played.classes).toEqual({ 'ws.close.1006': 1 })
  })

  test('sends pings between: they are answered, and are no part of the reply', async () => {
    server = await startFaultyWebSocket((socket, message) => {
      if (message % 2 === 0) socket.write(frame('ping', 'x'))
      else socket.write(Buffer.concat([frame('ping', 'y'), frame('text', '0123456789')]))
    })
    // Each message and each pong comes by itself here, as a server that waits for the pong sees them.
    const played = await against(server.url, { load: { ...load, calls: 1 } })
    expect(played.errors).toEqual([])
    expect(played.counts.payloadBytes).toBe(10)
  })
})

test('a server that closes a connection before any call says why', async () => {
  server = await startWebSocket((ws) => ws.close(1008, 'who are you'))
  const played = await against(server.url)
  expect(Object.keys(played.classes)).toEqual(['ws.close.1008'])
  expect(played.errors[0]!.outcome.sample).toBe('the server closed with 1008: who are you')
})

test('nobody listens: tcp.refused', async () => {
  const gone = await startFaulty(() => {})
  await gone.stop()
  expect(Object.keys((await against(gone.url.replace('http', 'ws'))).classes)).toEqual(['tcp.refused'])
})

describe('replies', () => {
  const json = { ...NOTHING, form: 'json', json: { ask: 1 } } as const
  const many = { model: 'closed', concurrency: 8, calls: 64 } as const

  test('find their calls by id, in whatever order they come', async () => {
    server = await startWebSocket((ws) => {
      const waiting: string[] = []
      ws.on('message', (message) => {
        waiting.push(String(message))
        // The latest first, and each once the next call is here, or soon.
        setTimeout(() => ws.send(waiting.pop()!), 1)
      })
    })
    const played = await against(server.url, { options: { correlation: 'id' }, payload: json, load: many })
    expect(played.errors).toEqual([])
    expect(played.counts.calls).toBe(64)
    expect(played.end.connections).toBe(1)
  })

  test('of calls that were given up are not taken for others', async () => {
    server = await startWebSocket((ws) => {
      let calls = 0
      ws.on('message', (message) => {
        const text = String(message)
        // Every fourth one comes when nobody waits for it any more.
        setTimeout(() => ws.send(text), calls++ % 4 === 0 ? 150 : 0)
      })
    })
    const options = { correlation: 'id', calls_per_connection: 1 }
    const played = await against(server.url, {
      options,
      payload: json,
      load: { ...load, calls: 12 },
      timeouts: { totalMs: 100 },
    })
    expect(played.classes).toEqual({ 'timeout.total': 3 })
    expect(played.end.connections).toBe(1)
  })

  test('that name no call of the connection, or are no JSON', async () => {
    server = await startWebSocket((ws) => ws.on('message', () => ws.send('nonsense')))
    const options = { correlation: 'id' }
    const played = await against(server.url, { options, payload: json })
    expect(played.classes).toEqual({ decode: CALLS })
  })

  test('no more calls than are allowed are in flight on a connection', async () => {
    let open = 0
    let most = 0
    server = await startWebSocket((ws) => {
      ws.on('message', () => {
        most = Math.max(most, ++open)
        setTimeout(() => {
          open--
          ws.send('0123456789')
        }, 5)
      })
    })
    const options = { calls_per_connection: 5 }
    const played = await against(server.url, {
      options,
      load: { model: 'closed', concurrency: 20, calls: 60, connections: 2 },
    })
    expect(played.errors).toEqual([])
    expect(played.end.connections).toBe(2)
    expect(most).toBe(10)
  })
})

test('pings: their round trips are measured beside the calls', async () => {
  server = await startWebSocket((ws) => ws.on('message', () => setTimeout(() => ws.send('0123456789'), 20)))
  const played = await against(server.url, {
    options: { ping_interval: '5ms' },
    load: { ...load, calls: 10 },
  })
  expect(played.errors).toEqual([])
  expect(played.valuesOf('ping_rtt')).toBeGreaterThan(5)
  expect(played.p50('ping_rtt') / played.p50('service_time')).toBeLessThan(0.5)
})

test('a connection that is lost is replaced, and the time that it takes is measured', async () => {
  server = await startFaultyWebSocket((socket, message) => {
    if (message % 2 === 0) socket.write(frame('text', '0123456789'))
    else socket.destroy()
  })
  const played = await against(server.url, { load: { ...load, calls: 6 } })
  expect(played.classes).toEqual({ 'ws.close.1006': 3 })
  expect(played.valuesOf('reconnect_time')).toBeGreaterThanOrEqual(2)
})
