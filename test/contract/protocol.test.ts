/**
 * The contract of the seam: every protocol of the registry passes it with every kind of call, over every connection
 * that it can use. A protocol joins by a twin in `twins.ts` for each kind: how its server answers.
 */

import { afterEach, describe, expect, test } from 'vitest'
import { STAMPS, streamsReply } from '../../src/drivers/driver.ts'
import { PROTOCOLS, protocol as protocolOf } from '../../src/drivers/registry.ts'
import { CALL_METRICS } from '../../src/record/metrics.ts'
import type { Secure } from '../servers/plain-http.ts'
import { type Play, play, TRACE_PREFIX } from './play.ts'
import { type Behaviour, TWINS, type TwinServer } from './twins.ts'

const CONTENT_BYTES = 10

let server: TwinServer | null = null

afterEach(async () => {
  await server?.stop()
  server = null
})

test('every protocol has a twin for each kind of call', () => {
  const kinds = PROTOCOLS.flatMap(({ name, kinds: own }) => own.map((kind) => `${name} ${kind}`))
  expect(TWINS.map(({ name, kind }) => `${name} ${kind}`)).toEqual(kinds)
})

test.each(PROTOCOLS)('$name says of every stamp what it means', ({ stamps }) => {
  expect(Object.keys(stamps).sort()).toEqual([...STAMPS].sort())
})

describe.each(TWINS)('$name $kind', (twin) => {
  const protocol = protocolOf(twin.name)
  const always = (): Behaviour => 'answer'

  async function against(
    behave: (port: number, traceparent: string | undefined) => Behaviour,
    what: Omit<Play, 'target'> & { target?: Partial<Play['target']> },
    secure: Secure = false,
  ) {
    server = await twin.start(behave, secure)
    const tls = { ca: server.ca || null, cert: null, key: null, servername: null, verify: true }
    const options = { ...twin.target.options, ...what.target?.options }
    const target = { interface: twin.name, url: server.url, tls, ...twin.target, ...what.target, options }
    return play({ ...what, target })
  }

  test.each(twin.ways)('$title', async ({ secure, options, version, connections }) => {
    const load = { model: 'closed', concurrency: 4, calls: 20 } as const
    const played = await against(always, { load, target: { options } }, secure)
    if (version === null) {
      expect(played.counts).toMatchObject({ calls: 20, errors: 20 })
      return
    }
    expect(played.errors).toEqual([])
    expect(played.counts).toMatchObject({ calls: 20, errors: 0, payloadBytes: 20 * CONTENT_BYTES })
    expect([...server!.versions]).toEqual([version])
    expect(played.end.connections).toBe(connections)
    expect(played.valuesOf('tcp_connect')).toBe(connections)
    expect(played.valuesOf('tls_handshake')).toBe(secure ? connections : 0)
  })

  test('every metric whose stamps can be observed has a value for every call', async () => {
    const load = { model: 'closed', concurrency: 2, calls: 10 } as const
    const played = await against(always, { load })
    const streams = streamsReply(twin.kind)
    const told = new Set(['server_queue', 'server_compute', 'overhead_time'])
    for (const metric of CALL_METRICS) {
      const concerns = metric.calls === 'all' || (metric.calls === 'streaming') === streams
      const observable = metric.needs.every((stamp) => protocol.stamps[stamp] !== null)
      const expected = concerns && observable && !told.has(metric.name) ? 10 : 0
      expect(played.valuesOf(metric.name), metric.name).toBe(expected)
    }
    expect(played.valuesOf('inter_chunk_latency')).toBe(streams ? 10 : 0)
  })

  const carrying = twin.ways.filter(({ version }) => version !== null)

  test.each(carrying)('a trace of its own for each call where that is asked for: $title', async (way) => {
    const load = { model: 'closed', concurrency: 4, calls: 20 } as const
    const told: (string | undefined)[] = []
    const behave = (_port: number, traceparent: string | undefined): Behaviour => {
      told.push(traceparent)
      return 'answer'
    }
    const options = { ...way.options, traceparent: true }
    const { errors, traced } = await against(behave, { load, target: { options } }, way.secure)
    expect(errors).toEqual([])
    expect(told.length).toBe(20)
    const form = new RegExp(`^00-(${TRACE_PREFIX}([0-9a-f]{16}))-\\2-01$`)
    const ids = new Set(told.map((traceparent) => form.exec(traceparent ?? '')?.[1]))
    // An upgrade to WebSocket is the one request of all the calls on its connection.
    expect(ids.size).toBe(twin.name === 'websocket' ? way.connections : 20)
    expect(ids).not.toContain(undefined)
    expect(traced!.failed).toEqual([])
    expect(traced!.slowest.length).toBe(5)
    const latencies = traced!.slowest.map(({ latencyMs }) => latencyMs)
    expect(latencies).toEqual(latencies.toSorted((a, b) => b - a))
    for (const { traceId } of traced!.slowest) expect(ids).toContain(traceId)
  })

  test.each(carrying)('no trace where nobody asks: $title', async ({ options, secure }) => {
    const told = new Set<string | undefined>()
    const behave = (_port: number, traceparent: string | undefined): Behaviour => {
      told.add(traceparent)
      return 'answer'
    }
    const { traced } = await against(behave, { target: { options } }, secure)
    expect([...told]).toEqual([undefined])
    expect(traced).toBeNull()
  })

  test('a cold connection: one for each call, its handshake in the latency and not in the service time', async () => {
    const load = { model: 'closed', concurrency: 2, calls: 10 } as const
    const played = await against(always, { load, target: { connection: 'cold' } }, {})
    expect(played.errors).toEqual([])
    expect(played.end.connections).toBe(10)
    expect(played.valuesOf('handshake')).toBe(10)
    expect(played.p50('request_latency')).toBeGreaterThanOrEqual(
      played.p50('service_time') + played.p50('handshake') * 0.5,
    )
  })

  test.each(['1.2', '1.3'] as const)('a resumed connection, TLS %s', async (version) => {
    const load = { model: 'closed', concurrency: 2, calls: 10 } as const
    const handshakeBytes = async (connection: 'cold' | 'resumed') => {
      const played = await against(always, { load, target: { connection } }, { maxVersion: `TLSv${version}` })
      expect(played.errors).toEqual([])
      expect(played.end.connections).toBe(10)
      expect(played.valuesOf('tls_handshake')).toBe(10)
      expect(played.end.resumed).toBe(connection === 'resumed' ? 10 : 0)
      await server!.stop()
      return played.end.handshakeBytes
    }
    // The certificate is left out. Its own authority signs it, so it is shorter than any other server's.
    expect(await handshakeBytes('resumed')).toBeLessThan(await handshakeBytes('cold'))
  })

  test('bytes on the wire are those below TLS', async () => {
    const load = { model: 'closed', concurrency: 1, calls: 50 } as const
    const clear = await against(always, { load })
    await server!.stop()
    const secure = await against(always, { load }, {})
    // Each TLS 1.3 record costs 22 bytes; requests and replies are at least one record each.
    const wire = ({ end }: typeof clear) => end.bytes.read + end.bytes.written
    expect(wire(secure) - wire(clear)).toBeGreaterThanOrEqual(50 * 2 * 22)
  })

  test('a call that is given up ends, and the next one runs', async () => {
    for (const options of twin.cancels) {
      let requests = 0
      const behave = (): Behaviour => (requests++ === 0 ? 'begin' : 'answer')
      const load = { model: 'closed', concurrency: 1, calls: 5 } as const
      const played = await against(
        behave,
        { load, timeouts: { totalMs: twin.patienceMs ?? 150 }, target: { options } },
        {},
      )
      expect(played.counts).toMatchObject({ calls: 5, errors: 1 })
      expect(played.classes).toEqual({ 'timeout.total': 1 })
      await server!.stop()
    }
  })

  test('a certificate that is not trusted is an error unless the scenario turns verification off', async () => {
    const tls = { ca: null, cert: null, key: null, servername: null, verify: true }
    const refused = await against(always, { target: { tls } }, {})
    expect(refused.classes).toEqual({ 'tls.untrusted': 1 })
    await server!.stop()
    const trusted = await against(always, { target: { tls: { ...tls, verify: false } } }, {})
    expect(trusted.counts).toMatchObject({ calls: 1, errors: 0 })
  })

  test('a certificate for another host: tls.hostname, unless the target names that host', async () => {
    const hosts = ['elsewhere.test']
    const load = { model: 'closed', concurrency: 1, calls: 3 } as const
    const played = await against(always, { load }, { hosts })
    expect(played.classes).toEqual({ 'tls.hostname': 3 })
    await server!.stop()
    const tls = (ca: string) => ({ ca, cert: null, key: null, servername: 'elsewhere.test', verify: true })
    server = await twin.start(always, { hosts })
    const named = await play({
      load,
      target: { interface: twin.name, url: server.url, ...twin.target, tls: tls(server.ca) },
    })
    expect(named.errors).toEqual([])
  })

  test('a certificate that has expired: tls.untrusted', async () => {
    const played = await against(always, {}, { validMs: -60_000 })
    expect(played.classes).toEqual({ 'tls.untrusted': 1 })
    expect(played.errors[0]!.outcome.code).toBe('CERT_HAS_EXPIRED')
  })

  test('no version of TLS that both sides speak: tls.protocol', async () => {
    const tls = { ca: null, cert: null, key: null, servername: null, verify: false }
    const target = { tls: { ...tls, minVersion: '1.3' } } as const
    const played = await against(always, { target }, { maxVersion: 'TLSv1.2' })
    expect(played.classes).toEqual({ 'tls.protocol': 1 })
  })
})
