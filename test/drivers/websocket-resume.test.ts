/** Sessions that outlive their connections, with the bundled server behind a proxy that cuts them. */

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { ReferenceServer } from '../../reference-server/server.ts'
import type { Payload } from '../../src/plan/plan.ts'
import { type Play, play } from '../contract/play.ts'
import { startedWebSocket } from '../reference-server/websocket-client.ts'
import { type CuttingProxy, startCuttingProxy } from '../servers/cutting-proxy.ts'
import { startWebSocket } from '../servers/plain-websocket.ts'

let server: ReferenceServer
let proxy: CuttingProxy | null = null

beforeAll(async () => {
  server = await startedWebSocket()
})
afterAll(() => server.close())
afterEach(async () => {
  await proxy?.stop()
  proxy = null
})

const TOKENS = 400
/** All at once, so that no request is on its way when a connection is cut: the server would not know its call. */
const CALLS = 4
const PROMPT = 'abcdefgh'
const payload: Payload = {
  form: 'text',
  text: PROMPT,
  outputTokens: TOKENS,
  ignoreEos: true,
  encoding: 'json',
  batch: 1,
  seed: 1,
  label: '',
}

/** Enough for the upgrade, the hello, and a part of the tokens. */
const CUT_BYTES = 6000

async function through(
  cutAfter: (connection: number) => number,
  options: Record<string, unknown>,
  more: Partial<Play> = {},
) {
  proxy = await startCuttingProxy(Number(new URL(server.httpUrl).port), cutAfter)
  const url = `ws://127.0.0.1:${proxy.port}/v2/ws`
  const target = { interface: 'websocket', api: 'kserve-v2', model: 'echo', url }
  const load = { model: 'closed', concurrency: 4, calls: CALLS, connections: 1 } as const
  return play({ target: { ...target, options: { method: 'generate', ...options } }, payload, load, ...more })
}

test('streams go on over another connection, and not a token is lost or comes twice', async () => {
  const played = await through((connection) => (connection < 5 ? CUT_BYTES : Number.POSITIVE_INFINITY), {
    resume: true,
  })
  expect(played.errors).toEqual([])
  expect(proxy!.cuts).toBe(5)
  // What was sent, and each token of one character.
  expect(played.counts.payloadBytes).toBe(CALLS * (PROMPT.length + TOKENS))
  expect(played.valuesOf('inter_chunk_latency')).toBe(CALLS * (TOKENS - 1))
  expect(played.end.connections).toBe(6)
  expect(played.valuesOf('handshake')).toBe(6)
  expect(played.valuesOf('reconnect_time')).toBe(5)
  expect(played.valuesOf('resume_time')).toBe(5)
  expect(played.p50('resume_time')).toBeGreaterThanOrEqual(played.p50('reconnect_time'))
})

test('bytes of all connections count, and those of their handshakes do not', async () => {
  const one = { load: { model: 'closed', concurrency: 1, calls: 1 } } as const
  const whole = await through(() => Number.POSITIVE_INFINITY, { resume: true }, one)
  await proxy!.stop()
  const cut = await through(
    (connection) => (connection === 0 ? CUT_BYTES : Number.POSITIVE_INFINITY),
    { resume: true },
    one,
  )
  expect(cut.valuesOf('resume_time')).toBe(1)
  const bytes = ({ end }: typeof whole) => end.bytes.read + end.bytes.written
  // The question for the rest, another hello, and at most one message that was cut.
  expect(bytes(cut) - bytes(whole)).toBeGreaterThanOrEqual(40)
  expect(bytes(cut) - bytes(whole)).toBeLessThan(500)
})

test('without `resume`, a lost connection is the end of its calls', async () => {
  const played = await through((connection) => (connection === 0 ? CUT_BYTES : Number.POSITIVE_INFINITY), {})
  expect(played.classes).toEqual({ 'ws.close.1006': CALLS })
  expect(played.valuesOf('resume_time')).toBe(0)
})

test('a session that the server no longer knows: its calls fail', async () => {
  const forgetful = await startedWebSocket({ resumeWindowMs: 0 })
  const kept = server
  server = forgetful
  try {
    const played = await through((connection) => (connection === 0 ? CUT_BYTES : Number.POSITIVE_INFINITY), {
      resume: true,
    })
    expect(played.counts).toMatchObject({ calls: CALLS, errors: CALLS })
    const calls = played.errors.filter(({ timeToFailure }) => timeToFailure !== null)
    expect(calls).toMatchObject([{ outcome: { class: 'upgrade', code: '404' }, count: CALLS }])
    expect(played.valuesOf('resume_time')).toBe(0)
  } finally {
    server = kept
    await forgetful.close()
  }
})

test('calls that wait for a server that is gone end with their timeouts', async () => {
  const played = await through(
    (connection) => (connection === 0 ? CUT_BYTES : 0),
    { resume: true },
    { timeouts: { totalMs: 300, connectMs: 100 }, load: { model: 'closed', concurrency: 2, calls: 2 } },
  )
  expect(played.counts).toMatchObject({ calls: 2, errors: 2 })
  const calls = played.errors.filter(({ timeToFailure }) => timeToFailure !== null)
  expect(calls).toMatchObject([{ outcome: { class: 'timeout.total' }, count: 2 }])
})

test('one reply is not resumed: its call fails', async () => {
  const tensor: Payload = { form: 'size', byteCount: 16384, encoding: 'json', batch: 1, seed: 1, label: '' }
  const played = await through(
    (connection) => (connection === 0 ? CUT_BYTES : Number.POSITIVE_INFINITY),
    { method: 'infer', resume: true },
    { payload: tensor, load: { model: 'closed', concurrency: 1, calls: 3 } },
  )
  expect(played.classes).toEqual({ 'ws.close.1006': 1 })
})

test('a reconnection that is refused for now is tried again: too many requests are not the end of a session', async () => {
  let upgrades = 0
  const busy = await startWebSocket(
    (ws) => {
      const isFirst = upgrades === 1
      ws.send(JSON.stringify({ type: 'hello', session: 's', resumed: !isFirst, resume_window_s: 30 }))
      ws.on('message', (message) => {
        const { id } = JSON.parse(String(message)) as { id: string }
        const index = isFirst ? 0 : 1
        ws.send(JSON.stringify({ id, type: 'token', index, text_output: 'x' }), () => {
          if (isFirst) ws.terminate()
        })
        if (!isFirst) ws.send(JSON.stringify({ id, type: 'done', usage: { completion_tokens: 2 } }))
      })
    },
    false,
    {
      verifyClient: (_info, admit) => {
        upgrades++
        if (upgrades === 2) admit(false, 429, 'too many', { 'Retry-After': '0.02' })
        else admit(true)
      },
    },
  )
  try {
    const played = await play({
      target: {
        interface: 'websocket',
        api: 'kserve-v2',
        model: 'm',
        url: busy.url,
        options: { method: 'generate', resume: true },
      },
      payload,
      retryAfter: 'obey',
      load: { model: 'closed', concurrency: 1, calls: 1 },
    })
    expect(played.counts).toMatchObject({ calls: 1, errors: 0, throttled: 1 })
    // The refusal, which no call has to answer for.
    expect(played.classes).toEqual({ upgrade: 1 })
    expect(played.valuesOf('resume_time')).toBe(1)
    expect(played.p50('resume_time')).toBeGreaterThanOrEqual(20)
  } finally {
    await busy.stop()
  }
})
