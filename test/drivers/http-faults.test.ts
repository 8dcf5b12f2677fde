/** What a broken server does is data: one class with a count and a sample, and nothing hangs. */

import type { Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { TargetCredentials } from '../../src/drivers/credentials.ts'
import { type CallSlot, type Outcome, SUCCESS } from '../../src/drivers/driver.ts'
import { protocol } from '../../src/drivers/registry.ts'
import { UNMEASURED } from '../../src/drivers/unmeasured.ts'
import { caseOf, play } from '../contract/play.ts'
import {
  chunk,
  EVENT_STREAM,
  type Fault,
  type FaultyServer,
  LAST_CHUNK,
  reply,
  startFaulty,
} from '../servers/faulty-http.ts'

let server: FaultyServer | null = null

afterEach(async () => {
  await server?.stop()
  server = null
})

const CALLS = 3

async function against(
  fault: Fault,
  interfaceName: 'rest' | 'sse',
  more: Partial<Parameters<typeof play>[0]> = {},
) {
  server = await startFaulty(fault)
  const { target, ...others } = more
  return play({
    target: { ...target, interface: interfaceName, url: server.url },
    load: { model: 'closed', concurrency: 1, calls: CALLS },
    ...others,
  })
}

const head = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n'

describe.each([
  ['a reset before the reply', 'rest', 'tcp.reset', (socket) => socket.resetAndDestroy()],
  ['a close before the reply', 'rest', 'tcp.reset', (socket) => socket.end()],
  ['bytes that are not HTTP', 'rest', 'http.parse', (socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n')],
  [
    'a header without an end',
    'rest',
    'http.parse',
    (socket) => socket.write(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}`),
  ],
  [
    'a body shorter than announced',
    'rest',
    'http.truncated',
    (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort'),
  ],
  [
    'a chunked body that is cut',
    'rest',
    'http.truncated',
    (socket) => socket.end(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${chunk('half')}`),
  ],
  [
    'a chunk length that is no number',
    'rest',
    'http.parse',
    (socket) => socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'),
  ],
  [
    'a switch to another protocol',
    'rest',
    'http.parse',
    (socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
  ],
  [
    'a status of 503',
    'rest',
    'http.503',
    (socket) => socket.write('HTTP/1.1 503 Busy\r\ncontent-length: 4\r\n\r\nbusy'),
  ],
  [
    'a redirect',
    'rest',
    'http.302',
    (socket) => socket.write('HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n'),
  ],
  [
    'gzip that is none',
    'rest',
    'decode',
    (socket) => socket.write(reply('no gzip', { 'content-encoding': 'gzip' })),
  ],
  [
    'an unknown encoding',
    'rest',
    'decode',
    (socket) => socket.write(reply('x', { 'content-encoding': 'rot13' })),
  ],
  [
    'a stream that is cut',
    'sse',
    'sse.truncated',
    (socket) => socket.end(EVENT_STREAM + chunk('data: x\n\n')),
  ],
  [
    'a stream reset within an event',
    'sse',
    'sse.truncated',
    (socket) => {
      socket.write(EVENT_STREAM + chunk('data: x'))
      setTimeout(() => socket.resetAndDestroy(), 20)
    },
  ],
  [
    'a stream that goes on with what is no HTTP',
    'sse',
    'http.parse',
    (socket) => socket.write(`${EVENT_STREAM}${chunk('data: x')}zz\r\n`),
  ],
  [
    'lines without an event',
    'sse',
    'sse.parse',
    (socket) => socket.write(EVENT_STREAM + chunk('data\n'.repeat(1_100_000))),
  ],
  [
    'a reply that is no event stream',
    'sse',
    'sse.parse',
    (socket) => socket.write(reply('{}', { 'content-type': 'application/json' })),
  ],
  [
    'bytes that are not UTF-8',
    'sse',
    'decode',
    (socket) => socket.write(`${head}content-length: 8\r\n\r\ndata: \xff\n`, 'latin1'),
  ],
  [
    'a status of 429',
    'sse',
    'http.429',
    (socket) => socket.write('HTTP/1.1 429 Slow down\r\ncontent-length: 0\r\n\r\n'),
  ],
] satisfies [string, 'rest' | 'sse', string, Fault][])('%s', (_name, interfaceName, errorClass, fault) => {
  test(`${interfaceName} counts ${errorClass}`, async () => {
    const played = await against(fault, interfaceName)
    expect(played.counts).toMatchObject({ calls: CALLS, errors: CALLS, interrupted: 0 })
    expect(played.classes, JSON.stringify(played.errors)).toEqual({ [errorClass]: CALLS })
    expect(played.errors[0]!.outcome.sample).not.toBe('')
  })
})

describe('dialects', () => {
  const cases = [
    ['kserve-v2', 'rest', 'not JSON at all'],
    ['kserve-v2', 'rest', '{"outputs": 3}'],
    ['openai-chat', 'rest', '{"choices": "none"}'],
    ['openai-chat', 'rest', '\xff'],
  ] as const
  test.each(cases)('%s over %s counts decode for %s', async (api, interfaceName, body) => {
    const bytes = Buffer.from(body, 'latin1')
    const played = await against(
      (socket) => {
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${bytes.length}\r\n\r\n`)
        socket.write(bytes)
      },
      interfaceName,
      {
        target: { api, method: 'POST' } as never,
        payload: { form: 'json', json: {}, encoding: 'json', batch: 1, seed: 1, label: '' },
      },
    )
    expect(played.classes).toEqual({ decode: CALLS })
  })

  test('openai-chat over sse counts a stream without [DONE] as truncated', async () => {
    const data = JSON.stringify({ choices: [{ delta: { content: 'x' } }] })
    const played = await against(
      (socket) => socket.write(EVENT_STREAM + chunk(`data: ${data}\n\n`) + LAST_CHUNK),
      'sse',
      {
        target: { api: 'openai-chat', method: 'POST' } as never,
        payload: {
          form: 'text',
          text: 'hello',
          outputTokens: 4,
          ignoreEos: false,
          encoding: 'json',
          batch: 1,
          seed: 1,
          label: '',
        },
      },
    )
    expect(played.classes).toEqual({ 'sse.truncated': CALLS })
  })
})

describe('timeouts', () => {
  test('a server that never replies: timeout.first_byte', async () => {
    const played = await against(() => {}, 'rest', { timeouts: { firstByteMs: 100 } })
    expect(played.classes).toEqual({ 'timeout.first_byte': CALLS })
  })

  test('a stream that pauses: timeout.idle', async () => {
    const played = await against((socket) => socket.write(EVENT_STREAM + chunk('data: x\n\n')), 'sse', {
      timeouts: { idleMs: 100 },
    })
    expect(played.classes).toEqual({ 'timeout.idle': CALLS })
  })

  test('a stream without an end: timeout.total', async () => {
    const endless: Fault = (socket) => {
      socket.write(EVENT_STREAM)
      const timer = setInterval(() => socket.write(chunk('data: x\n\n')), 5)
      socket.on('close', () => clearInterval(timer))
    }
    const played = await against(endless, 'sse', { timeouts: { totalMs: 200, idleMs: 150 } })
    expect(played.classes).toEqual({ 'timeout.total': CALLS })
  })

  test('a TLS handshake that is never answered: timeout.connect', async () => {
    server = await startFaulty(() => {})
    const played = await play({
      target: { interface: 'rest', url: server.url.replace('http:', 'https:') },
      load: { model: 'closed', concurrency: 1, calls: CALLS },
      timeouts: { connectMs: 100 },
    })
    expect(played.classes).toEqual({ 'timeout.connect': CALLS })
  })
})

test('a port where nothing listens: tcp.refused', async () => {
  server = await startFaulty(() => {})
  const { url } = server
  await server.stop()
  const played = await play({
    target: { interface: 'rest', url },
    load: { model: 'closed', concurrency: 1, calls: CALLS },
  })
  expect(played.classes).toEqual({ 'tcp.refused': CALLS })
})

test('an event of 200 MB ends its call without filling the memory', async () => {
  const piece = chunk('x'.repeat(1024 * 1024))
  const played = await against(
    (socket) => {
      socket.write(`${EVENT_STREAM}${chunk('data: ')}`)
      let left = 200
      const write = () => {
        while (left-- > 0 && !socket.destroyed) if (!socket.write(piece)) return
      }
      socket.on('drain', write)
      write()
    },
    'sse',
    { load: { model: 'closed', concurrency: 1, calls: 1 } },
  )
  expect(played.classes).toEqual({ 'sse.parse': 1 })
})

test('a name that does not resolve: dns', async () => {
  const played = await play({ target: { interface: 'rest', url: 'http://does-not-exist.invalid/' } })
  expect(played.classes).toEqual({ dns: 1 })
})

test.each<[string, string]>([
  ['two replies to one request', reply('0123456789') + reply('more')],
  ['more bytes than announced', `${reply('0123456789')}more`],
])('%s: the first one counts, and what is left over is told and nobody’s reply', async (_name, text) => {
  const played = await against((socket) => socket.write(text), 'rest', {
    load: { model: 'closed', concurrency: 1, calls: 8 },
  })
  expect(played.classes).toEqual({ 'http.parse': 4 })
  expect(played.counts).toMatchObject({ calls: 8, errors: 4, payloadBytes: 4 * 10 })
  expect(played.errors[0]!.outcome.sample).toBe('the server sent a reply that nobody asked for')
  expect(server!.requests).toBe(4)
})

test('a server that closes after each reply costs a connection a call and no error', async () => {
  const played = await against((socket) => socket.end(reply('ok', { connection: 'close' })), 'rest')
  expect(played.counts).toMatchObject({ calls: CALLS, errors: 0 })
  expect(server!.connections).toBeGreaterThanOrEqual(CALLS)
})

test('a close that meets a request on its way out counts tcp.reset, whatever undici calls it', async () => {
  let serverSide: Socket | null = null
  server = await startFaulty((socket) => {
    serverSide = socket
    socket.write(reply('ok'))
  })
  const { target, payload, timeouts } = caseOf({ target: { interface: 'rest', url: server.url } })
  const rest = protocol('rest')
  const codec = rest.codec({ target, payload, file: null })
  const driver = await rest.driver({
    target,
    credentials: new TargetCredentials(target),
    codec,
    timeouts,
    trace: null,
  })
  const session = await driver.open(UNMEASURED, AbortSignal.timeout(5000))
  const outcome = () => new Promise<Outcome>((end) => session.start(slot(end)))
  expect(await outcome()).toBe(SUCCESS)
  await setImmediate()
  // The server's close is at the socket, and the client has not read it, when the next call starts.
  serverSide!.destroy()
  expect(await outcome()).toMatchObject({ phase: 'request', class: 'tcp.reset' })
  await driver.close()
})

function slot(end: (outcome: Outcome) => void): CallSlot {
  const stamp = () => {}
  return {
    state: null,
    traceNumber: 0,
    encoded: stamp,
    written: stamp,
    writable: stamp,
    firstByte: stamp,
    received: stamp,
    content: stamp,
    decoded: stamp,
    tokens: stamp,
    lastByte: stamp,
    server: stamp,
    end,
  }
}
