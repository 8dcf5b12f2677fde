/** Faults of HTTP/1.1, in the place of a reply. */

import { chunk, LAST_CHUNK } from '../servers/faulty-http.ts'
import { gzipBomb } from './bombs.ts'
import { CONTENT } from './content.ts'
import type { Fault } from './fault.ts'
import { flood, many } from './flood.ts'
import type { Line } from './proxy.ts'
import type { Way } from './ways.ts'

const PATIENCE_MS = 600
const MIB = 2 ** 20

/** What a reply is announced as. */
function typeOf(line: Line): string {
  return /^accept: text\/event-stream\r/im.test(line.heard().toString('latin1'))
    ? 'text/event-stream'
    : 'application/json'
}

const head = (line: Line, headers: string) =>
  `HTTP/1.1 200 OK\r\ncontent-type: ${typeOf(line)}\r\n${headers}\r\n`
const chunked = (line: Line) => head(line, 'transfer-encoding: chunked\r\n')

/** A reply that is read in full, and turns out to be none: each interface has its own word for it. */
const unread = ({ of }: Way) => [of === 'mcp' ? 'mcp.parse' : 'decode']

const REPLIES: readonly Omit<Fault, 'of' | 'at'>[] = [
  {
    name: 'a header without an end',
    inject: (line) => {
      line.socket.write(`HTTP/1.1 200 OK\r\nx: `)
      flood(line.socket, many('y'))
    },
    expected: () => ['http.parse'],
  },
  {
    name: 'header fields without an end',
    inject: (line) => {
      line.socket.write(`HTTP/1.1 200 OK\r\n`)
      flood(line.socket, many('x: y\r\n'))
    },
    expected: () => ['http.parse'],
  },
  {
    name: 'interim replies without an end',
    inject: ({ socket }) => flood(socket, many('HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n')),
    expected: () => ['timeout.total'],
    totalMs: PATIENCE_MS,
  },
  {
    name: 'a body without an end',
    calls: 1,
    inject: (line) => {
      line.socket.write(chunked(line) + chunk('data: '))
      flood(line.socket, chunk('x'.repeat(MIB)))
    },
    mostGrowthMiB: 500,
    expected: ({ of }) => [of === 'sse' ? 'sse.parse' : 'decode'],
  },
  {
    name: 'a body without an end, byte by byte',
    inject: (line) => {
      line.socket.write(chunked(line) + chunk('data: '))
      flood(line.socket, many(chunk('x')))
    },
    expected: () => ['timeout.total'],
    totalMs: 1500,
  },
  {
    name: 'bodies without an end, 8 at once',
    inject: (line) => {
      line.socket.write(chunked(line) + chunk('data: '))
      flood(line.socket, chunk('x'.repeat(MIB)))
    },
    concurrency: 8,
    ways: 'first',
    expected: ({ of }) => [of === 'sse' ? 'sse.parse' : 'decode', 'client.memory'],
    mostGrowthMiB: 1500,
  },
  {
    name: 'trailers without an end',
    inject: (line) => {
      line.socket.write(chunked(line) + chunk(CONTENT) + LAST_CHUNK.slice(0, 3))
      flood(line.socket, many('x: y\r\n'))
    },
    expected: () => ['http.parse'],
  },
  {
    name: 'fewer bytes than Content-Length says, and closed',
    inject: (line) => void line.socket.end(`${head(line, 'content-length: 100\r\n')}${CONTENT}`),
    expected: ({ cut }) => [cut],
  },
  {
    name: 'fewer bytes than Content-Length says, and silence',
    inject: (line) => void line.socket.write(`${head(line, 'content-length: 100\r\n')}${CONTENT}`),
    expected: () => ['timeout.total'],
    totalMs: PATIENCE_MS,
  },
  {
    name: 'a Content-Length that is no number',
    inject: (line) => void line.socket.write(`${head(line, 'content-length: -1\r\n')}${CONTENT}`),
    expected: () => ['http.parse'],
  },
  {
    name: 'two lengths that differ',
    inject: (line) =>
      void line.socket.write(`${head(line, 'content-length: 5\r\ncontent-length: 10\r\n')}${CONTENT}`),
    expected: () => ['http.truncated'],
  },
  {
    name: 'a chunk length that is no number',
    inject: (line) => void line.socket.write(`${chunked(line)}zz\r\n`),
    expected: () => ['http.parse'],
  },
  {
    name: 'a chunk of 2^60 bytes, and closed',
    inject: (line) => void line.socket.end(`${chunked(line)}1000000000000000\r\n${CONTENT}`),
    expected: ({ cut }) => [cut],
  },
  {
    name: 'a gzip bomb',
    calls: 1,
    inject: (line) => {
      const bomb = GZIP_BOMB()
      line.socket.write(head(line, `content-encoding: gzip\r\ncontent-length: ${bomb.length}\r\n`))
      line.socket.write(bomb)
    },
    mostGrowthMiB: 600,
    expected: unread,
  },
  {
    name: 'gzip that is cut',
    inject: (line) => {
      const half = GZIP_BOMB().subarray(0, 100)
      line.socket.write(head(line, `content-encoding: gzip\r\ncontent-length: ${half.length}\r\n`))
      line.socket.write(half)
    },
    expected: unread,
  },
  {
    name: 'another protocol is switched to',
    inject: ({ socket }) =>
      void socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
    expected: () => ['http.parse'],
  },
  {
    name: 'status 503',
    inject: ({ socket }) => void socket.write('HTTP/1.1 503 Busy\r\ncontent-length: 4\r\n\r\nbusy'),
    expected: () => ['http.503'],
  },
]

export const HTTP1_FAULTS: readonly Fault[] = REPLIES.map((fault) => ({ of: 'http1', at: 'call', ...fault }))

let made: Buffer | null = null
/** Made once, and only where it is asked for. */
function GZIP_BOMB(): Buffer {
  made ??= gzipBomb(320 * MIB)
  return made
}
