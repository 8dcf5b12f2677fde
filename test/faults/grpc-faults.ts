/** Faults of gRPC, in the place of a reply. */

import { framed } from '../servers/faulty-http2.ts'
import { gzipBomb } from './bombs.ts'
import { CONTENT } from './content.ts'
import type { Fault } from './fault.ts'
import { flood, many } from './flood.ts'
import { END_HEADERS, END_STREAM, fields, frameOf, latestStream, STATUS_200, uint32 } from './frames.ts'
import type { Line } from './proxy.ts'
import { Windows } from './windows.ts'

const PATIENCE_MS = 600
const MIB = 2 ** 20
const LATER_MS = 2 * PATIENCE_MS
const MOST_FRAME_BYTES = 16_384

function headers(line: Line, more: Readonly<Record<string, string>> = {}, flags = 0): Buffer {
  const block = Buffer.concat([STATUS_200, fields({ 'content-type': 'application/grpc', ...more })])
  return frameOf('headers', block, { flags: flags | END_HEADERS, stream: latestStream(line) })
}

const data = (line: Line, bytes: Buffer): Buffer => frameOf('data', bytes, { stream: latestStream(line) })

function trailers(line: Line, told: Readonly<Record<string, string>> = { 'grpc-status': '0' }): Buffer {
  return frameOf('headers', fields(told), { flags: END_HEADERS | END_STREAM, stream: latestStream(line) })
}

function reply(line: Line, ...frames: Buffer[]): void {
  line.socket.write(Buffer.concat([headers(line), ...frames]))
}

/** A message whose length says what it likes. */
function announced(byteCount: number, flag = 0): Buffer {
  return Buffer.concat([Buffer.from([flag]), uint32(byteCount), Buffer.from(CONTENT)])
}

/** By connection, for floods of many calls at once. */
const WINDOWS = new WeakMap<Line, Windows>()

const REPLIES: readonly Omit<Fault, 'of' | 'at'>[] = [
  {
    name: 'a message cut short by a status that says that all is well',
    inject: (line) => reply(line, data(line, announced(100)), trailers(line)),
    expected: () => ['grpc.truncated'],
  },
  {
    name: 'a message that announces 2 GiB',
    inject: (line) => reply(line, data(line, announced(2 ** 31))),
    expected: () => ['grpc.RESOURCE_EXHAUSTED'],
  },
  {
    name: 'a message that goes on after its length',
    inject: (line) => reply(line, data(line, announced(5)), trailers(line)),
    expected: () => ['grpc.RESOURCE_EXHAUSTED', 'grpc.truncated'],
  },
  {
    name: 'no message and a status that says that all is well',
    inject: (line) => reply(line, trailers(line)),
    expected: ({ kind }) => (kind === 'unary' ? ['grpc.truncated'] : []),
  },
  {
    name: 'no trailers',
    inject: (line) =>
      reply(line, frameOf('data', framed(CONTENT), { flags: END_STREAM, stream: latestStream(line) })),
    expected: () => ['h2.stream'],
  },
  {
    name: 'trailers that come too late',
    inject: (line) => {
      reply(line, data(line, framed(CONTENT)))
      setTimeout(() => line.socket.write(trailers(line)), LATER_MS)
    },
    expected: () => ['timeout.total'],
    totalMs: PATIENCE_MS,
  },
  {
    name: 'trailers without a status',
    inject: (line) => reply(line, data(line, framed(CONTENT)), trailers(line, { x: 'y' })),
    expected: () => ['grpc.UNKNOWN'],
  },
  {
    name: 'a status that is no number',
    inject: (line) => reply(line, data(line, framed(CONTENT)), trailers(line, { 'grpc-status': 'fine' })),
    expected: () => ['grpc.UNKNOWN'],
  },
  {
    name: 'a status that nobody knows',
    inject: (line) => reply(line, data(line, framed(CONTENT)), trailers(line, { 'grpc-status': '4711' })),
    expected: () => ['grpc.4711'],
  },
  {
    name: 'a page of HTML',
    inject: (line) => {
      const block = Buffer.concat([STATUS_200, fields({ 'content-type': 'text/html' })])
      const stream = latestStream(line)
      line.socket.write(frameOf('headers', block, { flags: END_HEADERS, stream }))
      line.socket.write(frameOf('data', '<html>busy</html>', { flags: END_STREAM, stream }))
    },
    expected: () => ['grpc.RESOURCE_EXHAUSTED'],
  },
  {
    name: 'a gzip bomb',
    calls: 1,
    inject: (line) => {
      const bomb = gzipBomb(320 * MIB)
      const message = Buffer.concat([Buffer.from([1]), uint32(bomb.length), bomb])
      const pieces: Buffer[] = []
      for (let at = 0; at < message.length; at += MOST_FRAME_BYTES) {
        pieces.push(data(line, message.subarray(at, at + MOST_FRAME_BYTES)))
      }
      line.socket.write(
        Buffer.concat([headers(line, { 'grpc-encoding': 'gzip' }), ...pieces, trailers(line)]),
      )
    },
    mostGrowthMiB: 600,
    expected: () => ['grpc.RESOURCE_EXHAUSTED'],
  },
  {
    name: 'a message that is compressed in a way that nobody knows',
    inject: (line) =>
      void line.socket.write(
        Buffer.concat([
          headers(line, { 'grpc-encoding': 'rot13' }),
          data(line, announced(CONTENT.length, 1)),
          trailers(line),
        ]),
      ),
    expected: () => ['decode'],
  },
  {
    name: 'a message byte by byte, without an end',
    inject: (line) => {
      reply(line, data(line, announced(200 * MIB)))
      flood(line.socket, many(data(line, Buffer.from('x'))))
    },
    mostGrowthMiB: 400,
    expected: () => ['timeout.total', 'h2.protocol'],
    totalMs: 1500,
  },
  {
    name: 'messages of 200 MiB, 8 at once',
    concurrency: 8,
    ways: 'first',
    inject: (line) => {
      const windows = WINDOWS.get(line) ?? new Windows(line)
      WINDOWS.set(line, windows)
      const stream = windows.streams.shift()!
      const block = Buffer.concat([STATUS_200, fields({ 'content-type': 'application/grpc' })])
      line.socket.write(frameOf('headers', block, { flags: END_HEADERS, stream }))
      line.socket.write(frameOf('data', announced(200 * MIB), { stream }))
      const frame = frameOf('data', 'x'.repeat(MOST_FRAME_BYTES), { stream })
      const more = () => {
        while (line.socket.writable && windows.take(stream, MOST_FRAME_BYTES, more)) line.socket.write(frame)
      }
      more()
    },
    expected: () => ['client.memory'],
    mostGrowthMiB: 1500,
  },
  {
    name: 'empty data without an end',
    inject: (line) => {
      reply(line)
      flood(line.socket, many(data(line, Buffer.alloc(0))))
    },
    expected: () => ['timeout.total', 'h2.protocol'],
    totalMs: PATIENCE_MS,
  },
]

export const GRPC_FAULTS: readonly Fault[] = REPLIES.map((fault) => ({ of: 'grpc', at: 'call', ...fault }))
