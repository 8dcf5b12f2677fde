import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RateLimit, type RateLimitError } from '../../reference-server/rate-limit.ts'
import type { ReferenceServer } from '../../reference-server/server.ts'
import type { Payload } from '../../src/plan/plan.ts'
import { type Play, play } from '../contract/play.ts'
import { clearText, reflect } from './grpc-client.ts'
import { post, started } from './started.ts'

describe('the bucket', () => {
  function bucket(perSecond: number) {
    let nowMs = 1000
    const limit = new RateLimit(perSecond, () => nowMs)
    /** 0 where the call is taken. */
    const take = (): number => {
      try {
        limit.take()
        return 0
      } catch (error) {
        return (error as RateLimitError).waitMs
      }
    }
    const after = (ms: number) => {
      nowMs += ms
    }
    return { take, after }
  }

  test('takes a tenth of a second’s calls at once, and then tells how long to wait', () => {
    const { take, after } = bucket(50)
    expect(Array.from({ length: 7 }, take)).toEqual([0, 0, 0, 0, 0, 20, 20])
    after(15)
    expect(take()).toBe(5)
    after(5)
    expect([take(), take()]).toEqual([0, 20])
  })

  test('saves up no more than that', () => {
    const { take, after } = bucket(50)
    after(60_000)
    expect(Array.from({ length: 6 }, take)).toEqual([0, 0, 0, 0, 0, 20])
  })

  test('of a slow rate takes one, and the next when its time has come', () => {
    const { take, after } = bucket(0.5)
    expect([take(), take()]).toEqual([0, 2000])
    after(1999.5)
    expect(take()).toBe(1)
    after(1)
    expect(take()).toBe(0)
  })

  test('keeps to the rate for whoever waits as long as it is told', () => {
    const { take, after } = bucket(30)
    let taken = 0
    let elapsedMs = 0
    while (elapsedMs < 10_000) {
      const waitMs = take()
      if (waitMs === 0) taken++
      after(waitMs)
      elapsedMs += waitMs
    }
    expect(taken).toBeGreaterThan(280)
    expect(taken).toBeLessThanOrEqual(304)
  })
})

const TEXT: Payload = {
  form: 'text',
  text: 'abc',
  outputTokens: 3,
  ignoreEos: true,
  encoding: 'json',
  batch: 1,
  seed: 1,
  label: '',
}
const TENSOR: Payload = { form: 'size', byteCount: 64, encoding: 'json', batch: 1, seed: 1, label: '' }
/** Another one comes in a day. */
const ONE_CALL = 1 / (24 * 60 * 60)
const CALLS = 3

describe('a server that takes no more calls', () => {
  let server: ReferenceServer

  beforeAll(async () => {
    server = await started({ callsPerSecond: ONE_CALL })
    const first = await post(`${server.httpUrl}/v2/models/echo/infer`, {
      inputs: [{ name: 'x', datatype: 'FP32', shape: [1], data: [1] }],
    })
    expect(first.status).toBe(200)
  })
  afterAll(() => server.close())

  const http = () => server.httpUrl
  const grpc = (method: string) => () => `${server.grpcUrl}/inference.GRPCInferenceService/${method}`
  const ws = (path: string) => () => `${server.httpUrl.replace('http', 'ws')}${path}`
  const generates = { api: 'kserve-v2', model: 'echo', options: { tool: 'generate' } }

  test.each<[string, string, Omit<Play['target'], 'url'>, () => string, Payload]>([
    [
      'REST',
      'http.429',
      { interface: 'rest', api: 'kserve-v2', model: 'echo' },
      () => `${http()}/v2/models/echo/infer`,
      TENSOR,
    ],
    [
      'SSE',
      'http.429',
      { interface: 'sse', api: 'openai-chat', model: 'echo' },
      () => `${http()}/v1/chat/completions`,
      TEXT,
    ],
    [
      'gRPC',
      'grpc.RESOURCE_EXHAUSTED',
      { interface: 'grpc', api: 'kserve-v2', model: 'echo' },
      grpc('ModelInfer'),
      TENSOR,
    ],
    [
      'a gRPC stream',
      'grpc.RESOURCE_EXHAUSTED',
      { interface: 'grpc', api: 'kserve-v2', model: 'echo', options: { method: 'ModelStreamInfer' } },
      grpc('ModelStreamInfer'),
      TEXT,
    ],
    [
      'WebSocket',
      'ws.error',
      { interface: 'websocket', api: 'kserve-v2', model: 'echo', options: { method: 'infer' } },
      ws('/v2/ws'),
      TENSOR,
    ],
    [
      'a WebSocket stream',
      'ws.error',
      { interface: 'websocket', api: 'kserve-v2', model: 'echo', options: { method: 'generate' } },
      ws('/v2/ws'),
      TEXT,
    ],
    ['MCP', 'http.429', { interface: 'mcp', ...generates }, () => `${http()}/mcp`, TEXT],
    [
      'MCP, stateless',
      'http.429',
      { interface: 'mcp', ...generates, options: { tool: 'generate', revision: '2026-07-28' } },
      () => `${http()}/mcp`,
      TEXT,
    ],
    [
      'MCP over WebSocket',
      'mcp.-32000',
      { interface: 'mcp', ...generates, options: { tool: 'generate', transport: 'websocket' } },
      ws('/mcp/ws'),
      TEXT,
    ],
  ])('%s: refused, and told to wait', async (_face, errorClass, target, url, payload) => {
    const played = await play({
      target: { ...target, url: url() },
      payload,
      load: { model: 'closed', concurrency: 1, calls: CALLS },
    })
    expect(played.classes).toEqual({ [errorClass]: CALLS })
    expect(played.counts).toMatchObject({ calls: CALLS, errors: CALLS, throttled: CALLS })
    const { retryAfter, sample } = played.errors[0]!.outcome
    const { afterMs } = retryAfter as { afterMs: number }
    expect(afterMs).toBeGreaterThan(0)
    expect(afterMs).toBeLessThanOrEqual(1000 / ONE_CALL)
    expect(sample).toContain('try again in')
    // One refusal does not cost the connection.
    expect(played.end.connections).toBe(1)
  })

  test('HTTP says it as a browser reads it, too', async () => {
    const { status, headers } = await post(`${http()}/v1/embeddings`, { model: 'echo', input: 'x' })
    expect(status).toBe(429)
    const [seconds, ms] = [headers.get('retry-after'), headers.get('retry-after-ms')].map(Number)
    expect(seconds).toBe(Math.ceil(ms! / 1000))
  })

  test.each(['/healthz', '/metrics'])('%s stays open', async (path) => {
    expect((await fetch(http() + path)).status).toBe(200)
  })

  test('what a session of MCP needs besides calls of tools does, too', async () => {
    const target = { interface: 'mcp', api: 'raw', url: `${http()}/mcp`, options: { method: 'tools/list' } }
    const played = await play({ target, load: { model: 'closed', concurrency: 1, calls: CALLS } })
    expect(played.errors).toEqual([])
  })

  test('so does the reflection of gRPC', async () => {
    const { list_services_response: list } = await reflect(
      server.grpcUrl,
      clearText,
      { list_services: '*' },
      'v1',
    )
    const names = list.service.map(({ name }: { name: string }) => name)
    expect(names).toContain('inference.GRPCInferenceService')
  })
})

test('who waits when told to is refused far less, and is answered as often', async () => {
  const server = await started({ callsPerSecond: 50 })
  const during = (retryAfter?: 'obey') =>
    play({
      target: {
        interface: 'rest',
        api: 'kserve-v2',
        model: 'echo',
        url: `${server.httpUrl}/v2/models/echo/infer`,
      },
      payload: TENSOR,
      ...(retryAfter && { retryAfter }),
      load: { model: 'closed', concurrency: 1, calls: null, durationMs: 600, warmupMs: 200 },
    })
  try {
    const obeyed = (await during('obey')).counts
    const ignored = (await during()).counts
    const successes = ({ calls, errors }: typeof obeyed) => calls - errors
    // Each answer costs one refusal at most: the wait is exact, and then there is a token.
    expect(obeyed.errors).toBeLessThanOrEqual(successes(obeyed) + 2)
    expect(ignored.errors).toBeGreaterThan(3 * obeyed.errors)
    expect(successes(obeyed)).toBeGreaterThan(0.5 * successes(ignored))
  } finally {
    await server.close()
  }
})
