/** Calls whose client streams: several messages, at an interval, against a slow reader, and to a server that leaves. */

import { afterEach, describe, expect, test } from 'vitest'
import type { CallKind } from '../../src/drivers/driver.ts'
import type { Payload } from '../../src/plan/plan.ts'
import { NOTHING, type Play, play } from '../contract/play.ts'
import { type PlainGrpc, startGrpcServer } from '../servers/plain-grpc.ts'

let server: PlainGrpc

afterEach(() => server.stop())

const KINDS: readonly CallKind[] = ['client-stream', 'bidi']

describe.each(KINDS)('%s', (kind) => {
  const against = (payload: Partial<Payload>, what: Omit<Play, 'target'> = {}) =>
    play({
      target: { interface: 'grpc', url: server.url, options: { kind } },
      payload: { ...NOTHING, ...payload } as Payload,
      ...what,
    })
  const text = { form: 'text', text: 'hello', outputTokens: 1, ignoreEos: false } as const

  test('sends as many messages as it is to, and then finishes', async () => {
    const received: string[][] = []
    server = await startGrpcServer(kind, (call) => {
      void call.messages.then((messages) => {
        received.push(messages.map(String))
        call.end('0123456789')
      })
    })
    const load = { model: 'closed', concurrency: 2, calls: 6 } as const
    const played = await against({ ...text, messages: 5 }, { load })
    expect(played.errors).toEqual([])
    expect(received).toEqual(Array(6).fill(Array(5).fill('hello')))
    const replied = kind === 'bidi' ? 0 : 10
    expect(played.counts.payloadBytes).toBe(6 * (5 * 5 + replied))
    // A reply without a chunk answers none of them.
    expect(played.valuesOf('message_latency')).toBe(0)
    expect(played.counts.unpaired).toBe(kind === 'bidi' ? 6 : 0)
  })

  test('sends them at their interval', async () => {
    server = await startGrpcServer(kind, (call) => void call.messages.then(() => call.end('0123456789')))
    const played = await against({ ...text, messages: 4, messageIntervalMs: 20 })
    expect(played.errors).toEqual([])
    expect(played.p50('service_time')).toBeGreaterThanOrEqual(60)
    expect(played.p50('serialize')).toBeLessThan(20)
  })

  test('waits for room where messages are larger than what the connection takes at once', async () => {
    let byteCount = 0
    server = await startGrpcServer(kind, (call) => {
      void call.messages.then((messages) => {
        for (const message of messages) byteCount += message.length
        call.end('0123456789')
      })
    })
    const played = await against({ form: 'size', byteCount: 1024 ** 2, messages: 40 })
    expect(played.errors).toEqual([])
    expect(byteCount).toBe(40 * 1024 ** 2)
  })

  test('stops where the server ends the call before it has all', async () => {
    server = await startGrpcServer(kind, (call) => call.end('0123456789'))
    const load = { model: 'closed', concurrency: 1, calls: 3 } as const
    const played = await against({ ...text, messages: 1000, messageIntervalMs: 10 }, { load })
    expect(played.counts).toMatchObject({ calls: 3, errors: 0 })
    expect(played.p50('service_time')).toBeLessThan(5000)
  })

  test('stops where it is given up, and the next call runs', async () => {
    let calls = 0
    const received: number[] = []
    server = await startGrpcServer(kind, (call) => {
      const index = calls++
      void call.messages.then((messages) => {
        received[index] = messages.length
        call.end('0123456789')
      })
    })
    const load = { model: 'closed', concurrency: 1, calls: 2 } as const
    const payload = { ...text, messages: 50, messageIntervalMs: 10 }
    const played = await against(payload, { load, timeouts: { totalMs: 150 } })
    expect(played.classes).toEqual({ 'timeout.total': 2 })
    expect(calls).toBe(2)
    expect(received.every((count) => count < 50)).toBe(true)
  })
})
