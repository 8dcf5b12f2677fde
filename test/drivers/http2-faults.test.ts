/** What a broken server does with HTTP/2 where undici speaks it: each fault costs its own call, and none of the others. */

import { constants } from 'node:http2'
import { afterEach, describe, expect, test } from 'vitest'
import { play } from '../contract/play.ts'
import { BREACH, type FaultyHttp2, startFaultyHttp2 } from '../servers/faulty-http2.ts'

type Fault = Parameters<typeof startFaultyHttp2>[0]

let server: FaultyHttp2

afterEach(() => server.stop())

const CONTENT = '0123456789'

function reply(stream: Parameters<Fault>[0]): void {
  stream.respond({ ':status': 200, 'content-type': 'text/event-stream' })
  stream.end(`data: ${CONTENT}\n\n`)
}

async function against(fault: Fault, name: 'rest' | 'sse', load: { concurrency: number; calls: number }) {
  server = await startFaultyHttp2(fault)
  const url = server.url.replace('grpc', 'http')
  return play({
    target: { interface: name, url, options: { http: '2' } },
    load: { model: 'closed', ...load },
    timeouts: { totalMs: 10_000 },
  })
}

describe.each(['rest', 'sse'] as const)('%s', (name) => {
  test.each<[string, string, Fault]>([
    [
      'the connection closes within a reply',
      name === 'rest' ? 'http.truncated' : 'sse.truncated',
      (stream) => {
        stream.respond({ ':status': 200, 'content-type': 'text/event-stream' })
        stream.write('data: x', () => {
          for (const socket of server.sockets) socket.end()
        })
      },
    ],
    [
      'frames break the protocol',
      'h2.protocol',
      () => {
        for (const socket of server.sockets) socket.write(BREACH)
      },
    ],
    [
      'GOAWAY leaves the call out',
      'h2.goaway',
      (stream) => {
        stream.session!.goaway(constants.NGHTTP2_NO_ERROR, 0)
        setTimeout(() => stream.session?.destroy(), 50)
      },
    ],
    [
      'GOAWAY tells an error',
      'h2.goaway',
      (stream) => stream.session!.destroy(undefined, constants.NGHTTP2_INTERNAL_ERROR),
    ],
    ['the stream is refused', 'h2.stream', (stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM)],
  ])('%s: %s, once for each call that reached the server', async (_name, expected, fault) => {
    const played = await against(fault, name, { concurrency: 1, calls: 4 })
    expect(played.classes, JSON.stringify(played.errors)).toEqual({ [expected]: 4 })
    expect(server.requests).toBe(4)
  })

  test('GOAWAY while many calls are under way: some are left out, the others end well, and the load goes on', async () => {
    const held: Parameters<Fault>[0][] = []
    const played = await against(
      (stream, request) => {
        if (request >= 8) return reply(stream)
        held.push(stream)
        if (held.length < 8) return
        stream.session!.goaway(constants.NGHTTP2_NO_ERROR, held[3]!.id!)
        // Those that are left out wait for what becomes of them while the others are still answered.
        setTimeout(() => held.slice(0, 4).forEach(reply), 100)
      },
      name,
      { concurrency: 8, calls: 40 },
    )
    expect(played.classes).toEqual({ 'h2.goaway': 4 })
    expect(played.counts.calls).toBe(40)
    expect(server.requests).toBe(40)
  })
})
