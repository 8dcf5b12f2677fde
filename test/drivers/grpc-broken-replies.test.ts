/** Replies that a correct server never sends: each is one class of error with a sample, and the run goes on. */

import { Buffer } from 'node:buffer'
import type { ServerHttp2Stream } from 'node:http2'
import { constants } from 'node:http2'
import { afterEach, describe, expect, test } from 'vitest'
import type { CallKind } from '../../src/drivers/driver.ts'
import { type Play, play } from '../contract/play.ts'
import { answer, begin, type FaultyHttp2, framed, startFaultyHttp2 } from '../servers/faulty-http2.ts'

let server: FaultyHttp2

afterEach(() => server.stop())

const HEADERS = { ':status': 200, 'content-type': 'application/grpc' }
const CALLS = { model: 'closed', concurrency: 1, calls: 3 } as const

/** The first call is answered as the test asks, the others in full. */
async function firstAnswered(
  kind: CallKind,
  fault: (stream: ServerHttp2Stream) => void,
  load: Play['load'] = CALLS,
) {
  server = await startFaultyHttp2((stream, request) => (request === 0 ? fault(stream) : answer(stream)))
  return play({ target: { interface: 'grpc', url: server.url, options: { kind } }, load: load! })
}

function endWith(stream: ServerHttp2Stream, bytes: Buffer, trailers: Record<string, string>): void {
  stream.respond(HEADERS, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers(trailers))
  stream.end(bytes)
}

const OK = { 'grpc-status': '0' }
const truncated = framed('0123456789').subarray(0, 8)

describe.each(['unary', 'server-stream', 'client-stream', 'bidi'] as const)('%s', (kind) => {
  test('no trailers', async () => {
    const played = await firstAnswered(kind, (stream) => {
      stream.respond(HEADERS)
      stream.end(framed('0123456789'))
    })
    expect(played.classes).toEqual({ 'h2.stream': 1 })
    expect(played.counts).toMatchObject({ calls: 3, errors: 1 })
    expect(played.errors[0]!.outcome).toMatchObject({ phase: 'response', code: '0' })
    expect(played.end.connections).toBe(1)
  })

  test('a message cut short, and the stream reset', async () => {
    const played = await firstAnswered(kind, (stream) => {
      stream.respond(HEADERS)
      stream.write(truncated, () => stream.close(constants.NGHTTP2_INTERNAL_ERROR))
    })
    expect(played.classes).toEqual({ 'h2.stream': 1 })
    expect(played.counts).toMatchObject({ calls: 3, errors: 1 })
  })

  test('a message cut short by a status that says that all is well', async () => {
    const played = await firstAnswered(kind, (stream) => endWith(stream, truncated, OK))
    expect(played.counts.calls).toBe(3)
    // What is missing is never told as content.
    expect(played.counts.payloadBytes).toBe(2 * 10)
    expect(played.classes).toEqual({ 'grpc.truncated': 1 })
  })

  test('a status that is no number', async () => {
    const told = { 'grpc-status': 'fine' }
    const played = await firstAnswered(kind, (stream) => endWith(stream, framed('0123456789'), told))
    expect(played.classes).toEqual({ 'grpc.UNKNOWN': 1 })
  })

  test('compressed in a way that nobody agreed on', async () => {
    const compressed = framed('0123456789')
    compressed[0] = 1
    const played = await firstAnswered(kind, (stream) => endWith(stream, compressed, OK))
    expect(played.classes).toEqual({ decode: 1 })
    expect(played.counts).toMatchObject({ calls: 3, errors: 1 })
  })

  test('a message that announces more than the client takes', async () => {
    const huge = Buffer.alloc(5)
    huge.writeUInt32BE(2 ** 31, 1)
    const played = await firstAnswered(kind, (stream) => {
      stream.respond(HEADERS)
      stream.write(huge)
    })
    expect(played.classes).toEqual({ 'grpc.RESOURCE_EXHAUSTED': 1 })
    expect(played.counts).toMatchObject({ calls: 3, errors: 1 })
  })

  test.each([
    ['REFUSED_STREAM', 'h2.stream'],
    ['PROTOCOL_ERROR', 'h2.stream'],
    ['ENHANCE_YOUR_CALM', 'h2.stream'],
    ['INADEQUATE_SECURITY', 'h2.stream'],
  ] as const)('RST_STREAM %s: %s', async (name, expected) => {
    const code = constants[`NGHTTP2_${name}`]
    const played = await firstAnswered(kind, (stream) => {
      begin(stream)
      stream.close(code)
    })
    expect(played.classes).toEqual({ [expected]: 1 })
    expect(played.errors[0]!.outcome.code).toBe(String(code))
    expect(played.counts).toMatchObject({ calls: 3, errors: 1 })
  })

  test('GOAWAY while many calls are under way: each ends once, and the run goes on', async () => {
    let held: ServerHttp2Stream[] = []
    server = await startFaultyHttp2((stream, request) => {
      if (request >= 8) return answer(stream)
      held.push(stream)
      if (held.length < 8) return
      // The four oldest are still answered, the others were never looked at.
      stream.session!.goaway(constants.NGHTTP2_NO_ERROR, held[3]!.id!)
      for (const kept of held.slice(0, 4)) answer(kept)
      held = []
    })
    const load = { model: 'closed', concurrency: 8, calls: 40 } as const
    const target = { interface: 'grpc', url: server.url, options: { kind } }
    const played = await play({ target, load, timeouts: { totalMs: 3000 } })
    expect(played.counts.calls).toBe(40)
    expect(Object.keys(played.classes).filter((name) => name !== 'h2.goaway')).toEqual([])
    expect(played.counts.errors).toBeLessThanOrEqual(4)
    expect(played.end.connections).toBeGreaterThanOrEqual(2)
  })
})
