/** The Open Inference Protocol over WebSocket, client and bundled server face to face. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ReferenceServer } from '../../reference-server/server.ts'
import type { Payload } from '../../src/plan/plan.ts'
import { type Play, play } from '../contract/play.ts'
import { eventually, metric } from '../reference-server/started.ts'
import { startedWebSocket, webSocketUrl } from '../reference-server/websocket-client.ts'

let server: ReferenceServer

beforeAll(async () => {
  server = await startedWebSocket({ deflate: true })
})
afterAll(() => server.close())

const CALLS = 12
const common = { batch: 1, seed: 1, label: '' } as const
const tensor = (encoding: Payload['encoding'], byteCount = 1024): Payload => ({
  ...common,
  encoding,
  form: 'size',
  byteCount,
})
const text: Payload = {
  ...common,
  encoding: 'json',
  form: 'text',
  text: 'once',
  outputTokens: 8,
  ignoreEos: true,
}

function call(
  model: string,
  payload: Payload,
  options: Record<string, unknown> = {},
  more: Partial<Play> = {},
) {
  const target = { interface: 'websocket', api: 'kserve-v2', model, url: webSocketUrl(server), options }
  return play({ target, payload, load: { model: 'closed', concurrency: 4, calls: CALLS }, ...more })
}

describe.each(['json', 'binary'] as const)('infer, %s', (encoding) => {
  test('a tensor comes back, with the server’s own time', async () => {
    const played = await call('echo', tensor(encoding))
    expect(played.errors).toEqual([])
    expect(played.counts.payloadBytes).toBe(CALLS * 2 * 1024)
    expect(played.valuesOf('overhead_time')).toBe(CALLS)
    expect(played.end.connections).toBe(1)
  })

  test('a tensor of 128 KiB comes back', async () => {
    const played = await call('echo', tensor(encoding, 128 * 1024))
    expect(played.errors).toEqual([])
    expect(played.counts.payloadBytes).toBe(CALLS * 2 * 128 * 1024)
  })
})

test('generate: as many tokens as were asked for, of many streams on one connection', async () => {
  const played = await call('gpt-tiny', text, { method: 'generate' })
  expect(played.errors).toEqual([])
  expect(played.counts.tokensInWindow).toBe(CALLS * 8)
  expect(played.valuesOf('inter_chunk_latency')).toBe(CALLS * 7)
  expect(played.valuesOf('server_compute')).toBe(CALLS)
  expect(played.end.connections).toBe(1)
})

test('per-message deflate: fewer bytes for the same', async () => {
  const wire = ({ end }: Awaited<ReturnType<typeof call>>) => end.bytes.read + end.bytes.written
  const plain = await call('echo', tensor('json', 16 * 1024))
  const deflated = await call('echo', tensor('json', 16 * 1024), { compression: 'deflate' })
  expect(deflated.errors).toEqual([])
  expect(wire(deflated) / wire(plain)).toBeLessThan(0.7)
})

test('subprotocols are offered, and the server keeps to the one that it takes', async () => {
  const textOnly = { subprotocols: ['infer-bench.json'] }
  expect((await call('echo', tensor('json'), textOnly)).errors).toEqual([])
  const refused = await call('echo', tensor('binary'), textOnly)
  expect(refused.errors).toMatchObject([
    { outcome: { class: 'ws.error', code: 'invalid_request' }, count: CALLS },
  ])
})

test('an error that the server tells is of its call alone', async () => {
  const played = await call('nobody', tensor('json'))
  expect(played.errors).toMatchObject([
    { outcome: { class: 'ws.error', code: 'model_not_found' }, count: CALLS },
  ])
  expect(played.errors[0]!.outcome.sample).toMatch(/^the server says: /)
  expect(played.end.connections).toBe(1)
})

test('a call that is given up is cancelled on the wire, and its connection goes on', async () => {
  const cancelled = () => metric(server, 'infer_requests_total{interface="websocket",status="499"}')
  const before = await cancelled()
  const endless: Payload = { ...text, outputTokens: 60_000 }
  const load = { model: 'closed', concurrency: 2, calls: 4 } as const
  const played = await call('echo', endless, { method: 'generate' }, { load, timeouts: { totalMs: 100 } })
  expect(played.classes).toEqual({ 'timeout.total': 4 })
  expect(played.end.connections).toBe(1)
  await eventually(async () => (await cancelled()) === before + 4)
})
