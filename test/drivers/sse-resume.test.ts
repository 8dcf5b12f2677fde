/** Streams that are cut and go on, keep-alives, and pauses: what an event stream is beside its events. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { NOTHING, type Play, play } from '../contract/play.ts'
import { type PlainServer, startPlain } from '../servers/plain-http.ts'

let server: PlainServer | null = null

afterEach(async () => {
  await server?.stop()
  server = null
})

const EVENTS = 12
const CALLS = 4
const load = { model: 'closed', concurrency: 2, calls: CALLS } as const

interface Serving {
  /** Events after which a stream is cut; the connection is, or only the stream. */
  cutAfter?: number
  cleanly?: boolean
  ids?: boolean
  retryMs?: number
  /** What a client that asks for the rest gets instead. */
  refuse?: (response: ServerResponse) => void
}

/** Sends the events after the one that the client has, in its own chunk each, and counts who asked for what. */
async function serving(options: Serving): Promise<string[]> {
  const { cutAfter = 5, cleanly = false, ids = true, retryMs, refuse } = options
  const asked: string[] = []
  server = await startPlain((request: IncomingMessage, response: ServerResponse) => {
    request.resume()
    const last = request.headers['last-event-id']
    asked.push(String(last))
    if (last !== undefined && refuse) return refuse(response)
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    if (retryMs !== undefined) response.write(`retry: ${retryMs}\n\n`)
    const first = last === undefined ? 0 : Number(last) + 1
    for (let event = first; event < Math.min(first + cutAfter, EVENTS); event++) {
      const data = JSON.stringify({ choices: [{ text: String(event % 10) }] })
      response.write(`${ids ? `id: ${event}\n` : ''}data: ${data}\n\n`)
    }
    if (first + cutAfter >= EVENTS) response.end('data: [DONE]\n\n')
    else if (cleanly) response.end()
    // The beginning of an event that is not whole is no part of the stream.
    else response.write('data: {"choi', () => response.socket?.destroySoon())
  })
  return asked
}

function run(options: Record<string, unknown>, more: Partial<Play> = {}) {
  const target = { interface: 'sse', api: 'openai-completions', url: server!.url, options }
  const payload = { ...NOTHING, form: 'json', json: {} } as const
  return play({ target, payload, load, ...more })
}

test.each([
  ['the connection is cut', false],
  ['the stream ends too early', true],
])('%s: it goes on over another one, and each event comes once', async (_name, cleanly) => {
  const asked = await serving({ cleanly })
  const played = await run({ resume: true })
  expect(played.errors).toEqual([])
  expect(asked.toSorted()).toEqual([
    '4',
    '4',
    '4',
    '4',
    '9',
    '9',
    '9',
    '9',
    ...Array(CALLS).fill('undefined'),
  ])
  expect(played.counts.payloadBytes).toBe(CALLS * (EVENTS + 2))
  expect(played.valuesOf('inter_chunk_latency')).toBe(CALLS * (EVENTS - 1))
  expect(played.valuesOf('resume_time')).toBe(2 * CALLS)
  expect(played.valuesOf('reconnect_time')).toBe(2 * CALLS)
  // Two cuts a call, and a new connection after each; the last one carries the next call.
  expect(played.end.connections).toBe(2 + 2 * CALLS)
  expect(played.valuesOf('handshake')).toBe(2 + 2 * CALLS)
  expect(played.valuesOf('request_wait')).toBe(CALLS)
})

test('over TLS, too', async () => {
  server = await startPlain((request, response) => {
    request.resume()
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    if (request.headers['last-event-id'] === 'a') response.end('data: [DONE]\n\n')
    else response.write('id: a\ndata: {"choices":[{"text":"x"}]}\n\n', () => response.socket?.destroySoon())
  }, {})
  const tls = { ca: server.ca, cert: null, key: null, servername: null, verify: true }
  const target = { interface: 'sse', api: 'openai-completions', url: server.url, options: { resume: true } }
  const played = await play({
    target: { ...target, tls },
    payload: { ...NOTHING, form: 'json', json: {} },
    load: { model: 'closed', concurrency: 1, calls: 2 },
  })
  expect(played.errors).toEqual([])
  expect(played.valuesOf('tls_handshake')).toBe(3)
})

test('a stream that goes on stays the trace that it was', async () => {
  const told: string[] = []
  server = await startPlain((request, response) => {
    request.resume()
    told.push(String(request.headers.traceparent))
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    if (request.headers['last-event-id'] === 'a') response.end('data: [DONE]\n\n')
    else response.write('id: a\ndata: {"choices":[{"text":"x"}]}\n\n', () => response.socket?.destroySoon())
  })
  const calls = { model: 'closed', concurrency: 1, calls: 2 } as const
  const played = await run({ resume: true, traceparent: true }, { load: calls })
  expect(played.errors).toEqual([])
  const [first, again, second, secondAgain] = told
  expect([again, secondAgain]).toEqual([first, second])
  expect(first).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
  expect(second).not.toBe(first)
})

test('`retry` is kept to', async () => {
  await serving({ retryMs: 60 })
  const played = await run({ resume: true }, { load: { model: 'closed', concurrency: 1, calls: 1 } })
  expect(played.errors).toEqual([])
  expect(played.p50('reconnect_time')).toBeGreaterThanOrEqual(59)
  expect(played.p50('resume_time')).toBeGreaterThanOrEqual(played.p50('reconnect_time'))
})

test.each<[string, Serving, Record<string, unknown>]>([
  ['without `resume`', {}, {}],
  ['without an id', { ids: false }, { resume: true }],
])('%s, a stream that is cut has failed', async (_name, options, target) => {
  const asked = await serving(options)
  const played = await run(target)
  expect(played.classes).toEqual({ 'sse.truncated': CALLS })
  expect(new Set(asked)).toEqual(new Set(['undefined']))
  expect(played.valuesOf('resume_time')).toBe(0)
})

test('a server that does not go on fails the call', async () => {
  await serving({ refuse: (response) => response.writeHead(410).end('gone') })
  const played = await run({ resume: true })
  expect(played.classes).toEqual({ 'http.410': CALLS })
  expect(played.valuesOf('resume_time')).toBe(0)
})

test('a call that waits for its server ends with its timeout', async () => {
  await serving({ retryMs: 10_000 })
  const played = await run({ resume: true }, { timeouts: { totalMs: 150 } })
  expect(played.classes).toEqual({ 'timeout.total': CALLS })
})

test('comments keep a stream alive, and are no chunks of it', async () => {
  server = await startPlain((request, response) => {
    request.resume()
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: 01234\n\n')
    const timer = setInterval(() => response.write(': keep-alive\n\n'), 10)
    setTimeout(() => {
      clearInterval(timer)
      response.end('data: 56789\n\n')
    }, 200)
  })
  const target = { interface: 'sse', url: server.url }
  const idleMs = 120
  const played = await play({ target, load, timeouts: { idleMs } })
  expect(played.errors).toEqual([])
  expect(played.valuesOf('inter_chunk_latency')).toBe(CALLS)
  expect(played.p50('inter_chunk_latency')).toBeGreaterThan(idleMs)
  expect(played.counts.payloadBytes).toBe(CALLS * 10)
})
