/** Whatever a server sends, a run ends within its timeouts and tells by class what was wrong. */

import type net from 'node:net'
import { afterAll, expect, test as serial } from 'vitest'
import {
  chunk,
  EVENT_STREAM,
  type Fault,
  type FaultyServer,
  LAST_CHUNK,
  reply,
  startFaulty,
} from '../servers/faulty-http.ts'
import { runScenario } from './cli.ts'

const test = serial.concurrent

const servers: FaultyServer[] = []

afterAll(async () => {
  for (const server of servers.splice(0)) await server.stop()
})

const CALLS = 4
/** These end with their timeout and nothing else; the others have all the time that a busy machine may take. */
const ENDLESS = ['endless', 'silent']
const TOTAL_MS = 250

interface Shape {
  interface: 'rest' | 'sse'
  api: 'openai-chat' | 'raw'
}

/** One case for each fault, so that one run meets them all. */
async function against(faults: Record<string, Fault>, { interface: name, api }: Shape) {
  const targets: string[] = []
  const cases: string[] = []
  for (const [target, fault] of Object.entries(faults)) {
    const server = await startFaulty(fault)
    servers.push(server)
    targets.push(`  ${target}: { interface: ${name}, api: ${api}, url: "${server.url}" }`)
    cases.push(
      `  - { target: ${target}${ENDLESS.includes(target) ? `, timeout: { total: ${TOTAL_MS}ms }` : ''} }`,
    )
  }
  const { code, stdout, stderr, result } = await runScenario(`
name: broken
targets:
${targets.join('\n')}
defaults:
  rounds: 1
  load: { concurrency: 1, calls: ${CALLS}, warmup: 0s }
  timeout: { total: 20s }
cases:
${cases.join('\n')}
`)
  const counts = result.cases.map(({ name: target, summary, errors }) => [
    target,
    { ok: summary.calls - summary.errors, ...Object.fromEntries(errors.map((e) => [e.class, e.count])) },
  ])
  expect(stderr).toMatch(/^result: /)
  expect(stderr).not.toContain('internal error')
  return { code, stdout, classes: Object.fromEntries(counts) }
}

const CHUNKED = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'
const DELTA = '{"choices":[{"delta":{"content":"x"}}]}'

/** Goes on for as long as somebody listens, slowly enough to leave this process time for the other servers. */
function forever(socket: net.Socket, piece: string): void {
  const timer = setInterval(() => socket.write(piece), 5)
  socket.on('close', () => clearInterval(timer))
}

/** Every other request is answered well. */
function halfWell(good: string, bad: Fault): Fault {
  let count = 0
  return (socket, request) => {
    if (count++ % 2 === 0) socket.write(good)
    else bad(socket, request)
  }
}

test('whole replies: each fault is counted in its class, and a case without a success makes the run 114', async () => {
  const { code, stdout, classes } = await against(
    {
      'not-json': (socket) => socket.write(reply('<html>busy</html>')),
      'json-of-another-kind': (socket) => socket.write(reply('[]')),
      'invalid-utf8': (socket) => {
        const good = Buffer.from('{"choices":[{"message":{"content":"xy"}}]}')
        good[good.indexOf('xy')] = 0xc3
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${good.length}\r\n\r\n`)
        socket.write(good)
      },
      truncated: (socket) => socket.end(CHUNKED + chunk('{"choices":[')),
      endless: (socket) => {
        socket.write(CHUNKED)
        forever(socket, chunk(' '.repeat(1000)))
      },
      silent: () => {},
      half: halfWell(reply('{"choices":[{"message":{"content":"x"}}]}'), (socket) =>
        socket.write(reply('{"choices":')),
      ),
    },
    { interface: 'rest', api: 'openai-chat' },
  )
  expect(classes).toEqual({
    'not-json': { ok: 0, decode: CALLS },
    'json-of-another-kind': { ok: 0, decode: CALLS },
    'invalid-utf8': { ok: 0, decode: CALLS },
    truncated: { ok: 0, 'http.truncated': CALLS },
    endless: { ok: 0, 'timeout.total': CALLS },
    silent: { ok: 0, 'timeout.total': CALLS },
    half: { ok: CALLS / 2, decode: CALLS / 2 },
  })
  expect(stdout).toContain('http.truncated')
  expect(code).toBe(114)
})

test('streams: each fault is counted in its class', async () => {
  const event = (data: string) => chunk(`data: ${data}\n\n`)
  const done = event(DELTA) + event('[DONE]') + LAST_CHUNK
  const { code, classes } = await against(
    {
      'not-json': (socket) => socket.write(EVENT_STREAM + event('busy') + LAST_CHUNK),
      'no-stream': (socket) => socket.write(reply('{}', { 'content-type': 'application/json' })),
      'invalid-utf8': (socket) => {
        socket.write(`${EVENT_STREAM}8\r\ndata: `)
        socket.write(Buffer.from([0xc3, 0x28]))
        socket.write('\r\n')
      },
      'cut-in-a-chunk': (socket) => socket.end(`${EVENT_STREAM}${event(DELTA)}40\r\ndata:`),
      'without-its-end': (socket) => socket.write(EVENT_STREAM + event(DELTA) + LAST_CHUNK),
      endless: (socket) => {
        socket.write(EVENT_STREAM)
        forever(socket, event(DELTA))
      },
      half: halfWell(EVENT_STREAM + done, (socket) => socket.destroy()),
    },
    { interface: 'sse', api: 'openai-chat' },
  )
  expect(classes).toEqual({
    'not-json': { ok: 0, decode: CALLS },
    'no-stream': { ok: 0, 'sse.parse': CALLS },
    'invalid-utf8': { ok: 0, decode: CALLS },
    'cut-in-a-chunk': { ok: 0, 'sse.truncated': CALLS },
    'without-its-end': { ok: 0, 'sse.truncated': CALLS },
    endless: { ok: 0, 'timeout.total': CALLS },
    half: { ok: CALLS / 2, 'tcp.reset': CALLS / 2 },
  })
  expect(code).toBe(114)
})

test('an event of 200 MB is given up long before it is read, and costs no memory', async () => {
  const piece = chunk('x'.repeat(1_000_000))
  let written = 0
  const server = await startFaulty((socket) => {
    socket.write(EVENT_STREAM + chunk('data: '))
    let left = 200
    const more = () => {
      while (socket.writable && left-- > 0) {
        written += piece.length
        if (!socket.write(piece)) return
      }
    }
    socket.on('drain', more)
    more()
  })
  servers.push(server)
  const { code, result } = await runScenario(`
targets: { big: { interface: sse, api: raw, url: "${server.url}" } }
defaults: { rounds: 1, load: { concurrency: 1, calls: 1, warmup: 0s }, timeout: { total: 20s } }
`)
  expect(result.cases[0]!.errors).toMatchObject([{ class: 'sse.parse', count: 1 }])
  expect(result.cases[0]!.errors[0]!.sample).toContain('16 Mi')
  expect(written).toBeLessThan(100_000_000)
  expect(code).toBe(114)
})
