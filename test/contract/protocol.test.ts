/**
 * The contract of the seam: every protocol of the registry passes it, over every connection that it can use. A
 * protocol joins by one twin: how its server answers.
 */

import { afterEach, describe, expect, test } from 'vitest'
import { STAMPS } from '../../src/drivers/driver.ts'
import { PROTOCOLS } from '../../src/drivers/registry.ts'
import type { InterfaceName } from '../../src/plan/plan.ts'
import { CALL_METRICS } from '../../src/record/metrics.ts'
import { type Handler, type PlainServer, startPlain } from '../servers/plain-http.ts'
import { type Play, play } from './play.ts'

interface Twin {
  /** Answers a call in full: `content` bytes of content. */
  answer: Handler
  content: number
  /** Begins to answer, and never ends. */
  begin: Handler
}

const drain: Handler = (request) => request.resume()

const TWINS: Record<InterfaceName, Twin> = {
  rest: {
    answer: (request, response) => {
      drain(request, response)
      request.on('end', () => response.end('0123456789'))
    },
    content: 10,
    begin: (request, response) => {
      drain(request, response)
      response.writeHead(200, { 'content-length': '10' })
      response.write('01234')
    },
  },
  sse: {
    answer: (request, response) => {
      drain(request, response)
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.end(': keep-alive\n\ndata: 01234\n\ndata: 56789\n\n')
    },
    content: 10,
    begin: (request, response) => {
      drain(request, response)
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: 01234\n\n')
    },
  },
}

const WAYS = [
  ['HTTP/1.1', false, '1.1', '1.1'],
  ['HTTP/2 in clear text is refused by an HTTP/1.1 server', false, '2', null],
  ['HTTP/1.1 over TLS', {}, '1.1', '1.1'],
  ['HTTP/2 over TLS', {}, '2', '2.0'],
  ['HTTP/1.1 over TLS 1.2', { maxVersion: 'TLSv1.2' }, '1.1', '1.1'],
] as const

let server: PlainServer | null = null

afterEach(async () => {
  await server?.stop()
  server = null
})

describe.each(PROTOCOLS.map((protocol) => [protocol.name, protocol] as const))('%s', (name, protocol) => {
  const twin = TWINS[name]

  async function against(
    handler: Handler,
    what: Omit<Play, 'target'> & { target?: Partial<Play['target']> },
    secure: Parameters<typeof startPlain>[1] = false,
  ) {
    server = await startPlain(handler, secure)
    const tls = { ca: server.ca || null, cert: null, key: null, servername: null, verify: true }
    return play({ ...what, target: { interface: name, url: server.url, tls, ...what.target } })
  }

  test('says of every stamp what it means', () => {
    expect(Object.keys(protocol.stamps).sort()).toEqual([...STAMPS].sort())
  })

  test.each(WAYS)('%s', async (_way, secure, http, version) => {
    const load = { model: 'closed', concurrency: 4, calls: 20 } as const
    const played = await against(twin.answer, { load, target: { http } }, secure)
    if (version === null) {
      expect(played.counts).toMatchObject({ calls: 20, errors: 20 })
      return
    }
    expect(played.errors).toEqual([])
    expect(played.counts).toMatchObject({ calls: 20, errors: 0, payloadBytes: 20 * twin.content })
    expect([...server!.versions]).toEqual([version])
    expect(played.end.connections).toBe(version === '2.0' ? 1 : 4)
    expect(played.valuesOf('tcp_connect')).toBe(played.end.connections)
    expect(played.valuesOf('tls_handshake')).toBe(secure ? played.end.connections : 0)
  })

  test('every metric whose stamps can be observed has a value for every call', async () => {
    const load = { model: 'closed', concurrency: 2, calls: 10 } as const
    const played = await against(twin.answer, { load })
    const told = new Set(['server_queue', 'server_compute', 'overhead_time'])
    for (const metric of CALL_METRICS) {
      const concerns = metric.calls === 'all' || (metric.calls === 'streaming') === protocol.streams
      const observable = metric.needs.every((stamp) => protocol.stamps[stamp] !== null)
      const expected = concerns && observable && !told.has(metric.name) ? 10 : 0
      expect(played.valuesOf(metric.name), metric.name).toBe(expected)
    }
    expect(played.valuesOf('inter_chunk_latency')).toBe(protocol.streams ? 10 : 0)
  })

  test('a cold connection: one for each call, its handshake in the latency and not in the service time', async () => {
    const load = { model: 'closed', concurrency: 2, calls: 10 } as const
    const played = await against(twin.answer, { load, target: { connection: 'cold' } }, {})
    expect(played.errors).toEqual([])
    expect(played.end.connections).toBe(10)
    expect(played.valuesOf('handshake')).toBe(10)
    expect(played.p50('request_latency')).toBeGreaterThanOrEqual(
      played.p50('service_time') + played.p50('handshake') * 0.5,
    )
  })

  test('bytes on the wire are those below TLS', async () => {
    const load = { model: 'closed', concurrency: 1, calls: 50 } as const
    const clear = await against(twin.answer, { load })
    await server!.stop()
    const secure = await against(twin.answer, { load }, {})
    // Each TLS 1.3 record costs 22 bytes; requests and replies are at least one record each.
    const wire = ({ end }: typeof clear) => end.bytes.read + end.bytes.written
    expect(wire(secure) - wire(clear)).toBeGreaterThanOrEqual(50 * 2 * 22)
  })

  test('a call that is given up ends, and the next one runs', async () => {
    let requests = 0
    const handler: Handler = (request, response) =>
      (requests++ === 0 ? twin.begin : twin.answer)(request, response)
    for (const http of ['1.1', '2'] as const) {
      requests = 0
      const load = { model: 'closed', concurrency: 1, calls: 5 } as const
      const played = await against(handler, { load, timeouts: { totalMs: 150 }, target: { http } }, {})
      expect(played.counts).toMatchObject({ calls: 5, errors: 1 })
      expect(played.classes).toEqual({ 'timeout.total': 1 })
      await server!.stop()
    }
  })

  test('a certificate that is not trusted is an error unless the scenario turns verification off', async () => {
    const tls = { ca: null, cert: null, key: null, servername: null, verify: true }
    const refused = await against(twin.answer, { target: { tls } }, {})
    expect(refused.classes).toEqual({ 'tls.untrusted': 1 })
    await server!.stop()
    const trusted = await against(twin.answer, { target: { tls: { ...tls, verify: false } } }, {})
    expect(trusted.counts).toMatchObject({ calls: 1, errors: 0 })
  })

  test('a certificate for another host: tls.hostname', async () => {
    const played = await against(twin.answer, {}, { hosts: ['elsewhere.test'] })
    expect(played.classes).toEqual({ 'tls.hostname': 1 })
  })
})
