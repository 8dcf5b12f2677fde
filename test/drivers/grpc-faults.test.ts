import { Buffer } from 'node:buffer'
import { constants } from 'node:http2'
import net from 'node:net'
import { status } from '@grpc/grpc-js'
import { afterEach, describe, expect, test } from 'vitest'
import type { CallKind } from '../../src/drivers/driver.ts'
import { NOTHING, type Play, play } from '../contract/play.ts'
import { answer, BREACH, begin, framed, startFaultyHttp2 } from '../servers/faulty-http2.ts'
import { startGrpcServer } from '../servers/plain-grpc.ts'

type Stoppable = { url: string; stop(): Promise<unknown> }
let server: Stoppable | null = null

afterEach(async () => {
  await server?.stop()
  server = null
})

/** What a test started, and will be stopped after it. */
function started<Server extends Stoppable>(one: Server): Server {
  server = one
  return one
}

const KINDS: readonly CallKind[] = ['unary', 'server-stream', 'client-stream', 'bidi']

function against(kind: CallKind, what: Omit<Play, 'target'> & { target?: Partial<Play['target']> } = {}) {
  const options = { kind, ...what.target?.options }
  return play({ ...what, target: { interface: 'grpc', url: server!.url, ...what.target, options } })
}

const calls = (count: number) => ({ load: { model: 'closed', concurrency: 1, calls: count } as const })

describe.each(KINDS)('%s', (kind) => {
  test('every status is a class of its own', async () => {
    const codes = Object.values(status).filter((code) => typeof code === 'number' && code > 0) as number[]
    let next = 0
    started(await startGrpcServer(kind, (call) => call.fail(codes[next++]!, 'as the test asks')))
    const played = await against(kind, calls(codes.length))
    const expected = codes.map((code) => [`grpc.${status[code]}`, 1])
    expect(played.classes).toEqual(Object.fromEntries(expected))
    expect(played.errors[0]!.outcome.sample).toBe('as the test asks')
    expect(played.end.connections).toBe(1)
  })

  test('a connection that breaks within a call: tcp.reset, and the next call has a new one', async () => {
    const faulty = started(
      await startFaultyHttp2((stream, request) => {
        if (request > 0) return answer(stream)
        begin(stream)
        for (const socket of faulty.sockets) socket.destroy()
      }),
    )
    const played = await against(kind, calls(3))
    expect(played.classes).toEqual({ 'tcp.reset': 1 })
    expect(played.counts).toMatchObject({ calls: 3, errors: 1 })
    expect(faulty.requests).toBe(3)
    expect(played.end.connections).toBe(2)
  })

  test('GOAWAY: the call under way ends, and the next one has a new connection', async () => {
    started(
      await startFaultyHttp2((stream, request) => {
        if (request === 1) stream.session!.goaway(constants.NGHTTP2_NO_ERROR, 2 ** 31 - 1)
        answer(stream)
      }),
    )
    const played = await against(kind, calls(5))
    expect(played.errors).toEqual([])
    expect(played.end.connections).toBe(2)
  })

  test('RST_STREAM: h2.stream', async () => {
    started(
      await startFaultyHttp2((stream, request) => {
        if (request > 0) return answer(stream)
        begin(stream)
        stream.close(constants.NGHTTP2_INTERNAL_ERROR)
      }),
    )
    const played = await against(kind, calls(3))
    expect(played.classes).toEqual({ 'h2.stream': 1 })
    expect(played.end.connections).toBe(1)
  })

  test('a reply without a status', async () => {
    started(
      await startFaultyHttp2((stream) => {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' })
        stream.end(framed('0123456789'))
      }),
    )
    expect(await against(kind, calls(2))).toMatchObject({ counts: { calls: 2, errors: 2 } })
  })

  test('an HTTP error is told as the status that gRPC maps it to', async () => {
    started(await startFaultyHttp2((stream) => stream.respond({ ':status': 503 }, { endStream: true })))
    expect((await against(kind)).classes).toEqual({ 'grpc.UNAVAILABLE': 1 })
  })

  test('what the server tells of its time, and what a target sends with each call', async () => {
    const seen: unknown[] = []
    const { Metadata } = await import('@grpc/grpc-js')
    started(
      await startGrpcServer(kind, (call) => {
        seen.push(call.metadata.get('authorization')[0])
        const trailer = new Metadata()
        trailer.set('server-timing', 'queue;dur=2, compute;dur=3')
        void call.messages.then((messages) => {
          seen.push(Buffer.concat(messages).toString())
          call.end('0123456789', trailer)
        })
      }),
    )
    const headers = { authorization: 'Bearer t' }
    const payload = { ...NOTHING, form: 'text', text: 'hi', outputTokens: 1, ignoreEos: false } as const
    const played = await against(kind, { target: { headers }, payload })
    expect(played.errors).toEqual([])
    expect(seen).toEqual(['Bearer t', 'hi'])
    expect(played.p50('server_queue')).toBeCloseTo(2, 1)
    expect(played.p50('server_compute')).toBeCloseTo(3, 1)
  })
})

test('GOAWAY that gives up the call under way: h2.goaway', async () => {
  started(
    await startFaultyHttp2((stream, request) => {
      if (request > 0) return answer(stream)
      stream.session!.goaway(constants.NGHTTP2_NO_ERROR, 0)
      // Long enough for the client to have read it; were it not, the test would say so.
      setTimeout(() => stream.session?.destroy(), 50)
    }),
  )
  const played = await against('unary', calls(3))
  expect(played.classes).toEqual({ 'h2.goaway': 1 })
})

test('nobody listens: tcp.refused', async () => {
  const gone = await startFaultyHttp2(() => {})
  await gone.stop()
  const played = await play({ target: { interface: 'grpc', url: gone.url } })
  expect(played.classes).toEqual({ 'tcp.refused': 1 })
})

/** A server that does this with each connection, and speaks no HTTP/2. */
async function startSilent(serve: (socket: net.Socket) => void): Promise<Stoppable> {
  const listener = net.createServer((socket) => {
    socket.on('error', () => {}).resume()
    serve(socket)
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', () => resolve()))
  const url = `grpc://127.0.0.1:${(listener.address() as net.AddressInfo).port}/a.B/C`
  return { url, stop: () => new Promise((resolve) => listener.close(resolve)) }
}

test.each<[string, (socket: net.Socket) => void]>([
  ['closes', (socket) => socket.end()],
  ['resets', (socket) => socket.resetAndDestroy()],
])('a server that %s the connection before it has said anything: tcp.reset', async (_name, fault) => {
  const { url } = started(await startSilent(fault))
  const played = await play({ target: { interface: 'grpc', url, connection: 'cold' }, ...calls(5) })
  expect(played.classes).toEqual({ 'tcp.reset': 5 })
})

test('frames that break HTTP/2, within a call: h2.protocol, and no other call is sent after them', async () => {
  const faulty = started(
    await startFaultyHttp2(() => {
      for (const socket of faulty.sockets) socket.write(BREACH)
    }),
  )
  const played = await against('unary', calls(4))
  expect(played.classes).toEqual({ 'h2.protocol': 4 })
  expect(faulty.requests).toBe(4)
})

test('a server that does not speak HTTP/2: h2.protocol', async () => {
  const { url } = started(
    await startSilent((socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))),
  )
  const played = await play({ target: { interface: 'grpc', url } })
  expect(played.classes).toEqual({ 'h2.protocol': 1 })
})

test('a server that says nothing: timeout.connect, and its socket is closed', async () => {
  const closed: Promise<void>[] = []
  const listener = net.createServer((socket) => {
    socket.on('error', () => {}).resume()
    closed.push(new Promise((resolve) => socket.once('close', () => resolve())))
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', () => resolve()))
  const url = `grpc://127.0.0.1:${(listener.address() as net.AddressInfo).port}/a.B/C`
  const played = await play({
    target: { interface: 'grpc', url },
    timeouts: { connectMs: 100, totalMs: 1000 },
  })
  expect(Object.keys(played.classes)).toEqual(['timeout.connect'])
  await Promise.all(closed)
  await new Promise((resolve) => listener.close(resolve))
})

test('a host name is resolved as a phase of its own, and stays the authority', async () => {
  const faulty = started(await startFaultyHttp2((stream) => answer(stream)))
  const url = faulty.url.replace('127.0.0.1', 'localhost')
  const played = await against('unary', { target: { url } })
  expect(played.errors).toEqual([])
  expect(played.valuesOf('dns_lookup')).toBe(1)
  expect([...faulty.authorities]).toEqual([new URL(url).host])
})

test('a name that nobody has: dns', async () => {
  const played = await play({ target: { interface: 'grpc', url: 'grpc://nobody.invalid:1/a.B/C' } })
  expect(played.classes).toEqual({ dns: 1 })
})

test('many calls share a connection, and more than it takes wait', async () => {
  let open = 0
  let most = 0
  started(
    await startGrpcServer('unary', (call) => {
      most = Math.max(most, ++open)
      setTimeout(() => {
        open--
        call.end('0123456789')
      }, 20)
    }),
  )
  const load = { model: 'closed', concurrency: 150, calls: 450, connections: 1 } as const
  const played = await against('unary', { load })
  expect(played.errors).toEqual([])
  expect(played.end.connections).toBe(1)
  expect(most).toBe(100)
})

describe('calls at once on a connection', () => {
  const most = async (serverLimit: number | undefined, target: Partial<Play['target']>, secure: boolean) => {
    let open = 0
    let seen = 0
    const plain = started(
      await startGrpcServer(
        'unary',
        (call) => {
          seen = Math.max(seen, ++open)
          setTimeout(() => {
            open--
            call.end('0123456789')
          }, 20)
        },
        secure && {},
        serverLimit === undefined ? {} : { 'grpc.max_concurrent_streams': serverLimit },
      ),
    )
    const load = { model: 'closed', concurrency: 30, calls: 90, connections: 1 } as const
    const tls = { ca: plain.ca || null, cert: null, key: null, servername: null, verify: true }
    const played = await against('unary', { load, target: { ...target, tls } })
    expect(played.errors).toEqual([])
    expect(played.end.connections).toBe(1)
    return { seen, waited: played.p50('connection_wait') }
  }

  test('are as many as the target says', async () => {
    expect((await most(undefined, { options: { calls_per_connection: 7 } }, false)).seen).toBe(7)
  })

  test.each([false, true])(
    'are no more than the server says that it takes; the rest waits here (TLS %s)',
    async (secure) => {
      const { seen, waited } = await most(5, {}, secure)
      expect(seen).toBe(5)
      expect(waited).toBeGreaterThan(15)
    },
  )
})

test('a deadline is told to the server', async () => {
  const faulty = started(await startFaultyHttp2((stream) => answer(stream)))
  await against('unary', { target: { options: { deadline: '1500ms' } } })
  await against('unary', { target: { options: { deadline: '24h' } } })
  await against('unary')
  expect(faulty.timeouts).toEqual(['1500000u', '86400000m', undefined])
})

test('a reply that is not of the method’s type: decode, and the connection goes on', async () => {
  started(await startGrpcServer('unary', (call) => call.end('\u00ff\u00ff\u00ff')))
  const target = { api: 'kserve-v2', model: 'm', options: { method: 'ModelInfer' } }
  const payload = { form: 'size', byteCount: 16, encoding: 'binary', batch: 1, seed: 1, label: '' } as const
  const options = { interface: 'grpc', url: server!.url, ...target } as const
  const played = await play({ target: options, payload, ...calls(2) })
  expect(played.classes).toEqual({ decode: 2 })
  expect(played.errors[0]!.outcome.sample).toMatch(/^the reply is no ModelInferResponse: /)
  expect(played.end.connections).toBe(1)
})
