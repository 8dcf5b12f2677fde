import { readFile } from 'node:fs/promises'
import { connect as connectHttp2 } from 'node:http2'
import { afterEach, expect, test } from 'vitest'
import type { SubscriptionOptions } from '../../reference-server/http/subscriptions.ts'
import { defaultLimits, lettingStand } from '../../reference-server/limits.ts'
import { startRuntime } from '../../reference-server/runtime/start.ts'
import { type ReferenceServer, serveRuntime } from '../../reference-server/server.ts'
import { ONE_WORKER } from './requests.ts'
import { eventually, metric } from './started.ts'

let server: ReferenceServer

afterEach(() => server.close())

async function start(subscriptions: Partial<SubscriptionOptions> = {}, tls = false): Promise<void> {
  const runtime = await startRuntime(ONE_WORKER)
  server = await serveRuntime(runtime, { subscriptions, version: '0', tls: tls ? { port: 0 } : null })
}

const standing = () => metric(server, 'infer_active_sessions')

async function subscribe(signal?: AbortSignal): Promise<Response> {
  return fetch(`${server.httpUrl}/events`, signal ? { signal } : {})
}

test('a stream opens at once, stands, and holds nothing but comments', async () => {
  await start({ keepAliveMs: 20 })
  const leave = new AbortController()
  const response = await subscribe(leave.signal)
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/)
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  while (text.split('\n\n').length <= 4) text += (await reader.read()).value
  expect(text).toMatch(/^: open\n\n(: keep-alive\n\n)+$/)
  expect(await standing()).toBe(1)
  leave.abort()
  await eventually(async () => (await standing()) === 0)
})

test('over HTTP/2, too', async () => {
  await start({ keepAliveMs: 20 }, true)
  const session = connectHttp2(server.httpsUrl!, { ca: await readFile(server.caFile!) })
  const stream = session.request({ ':path': '/events' }).setEncoding('utf8')
  let text = ''
  for await (const piece of stream) {
    text += piece
    if (text.includes('keep-alive')) break
  }
  expect(text).toMatch(/^: open\n\n: keep-alive\n\n/)
  session.destroy()
})

test('one more than there may be is refused, and counted as what it was', async () => {
  await start({ subscriptions: 1 })
  const leave = new AbortController()
  await subscribe(leave.signal)
  const refused = await subscribe()
  expect(refused.status).toBe(503)
  expect(refused.headers.get('retry-after')).toBe('1')
  expect(await refused.json()).toEqual({ error: expect.stringContaining('1 sessions stand already') })
  leave.abort()
  await eventually(async () => (await standing()) === 0)
  expect((await subscribe()).status).toBe(200)
})

test('a question for its head opens no stream', async () => {
  await start()
  const response = await fetch(`${server.httpUrl}/events`, { method: 'HEAD' })
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/)
  expect(await standing()).toBe(0)
})

test('a stopping server ends what stands', async () => {
  await start()
  const response = await subscribe()
  const [text] = await Promise.all([response.text(), server.close()])
  expect(text).toBe(': open\n\n')
})

test('what may stand idle for longer is not cut off for being idle', () => {
  const limits = { ...defaultLimits, keepAliveMs: 10, stallMs: 20 }
  expect(lettingStand(limits, 15)).toEqual({ ...limits, keepAliveMs: 15 })
  expect(lettingStand(limits, 30)).toEqual({ ...limits, keepAliveMs: 30, stallMs: 30 })
  expect(lettingStand(limits, 0)).toEqual(limits)
})
