/** Faults of WebSocket: of its upgrade, and in the place of a reply. */

import { accepted, closeFrame, frame } from '../servers/faulty-websocket.ts'
import { deflateBomb } from './bombs.ts'
import { CONTENT } from './content.ts'
import type { Fault } from './fault.ts'
import { flood, many } from './flood.ts'
import type { Line } from './proxy.ts'

const PATIENCE_MS = 600
const MIB = 2 ** 20
/** First byte of a frame: it is the last of its message; it is compressed; and what it holds. */
const FIN = 0x80
const COMPRESSED = 0x40
const CONTINUATION = 0
const TEXT = 1
const BINARY = 2

/** A frame that says of its length what it likes. */
function lying(first: number, byteCount: number | bigint, payload: Buffer | string = CONTENT): Buffer {
  const head = Buffer.alloc(10)
  head[0] = first
  head[1] = 127
  head.writeBigUInt64BE(BigInt(byteCount), 2)
  return Buffer.concat([head, Buffer.from(payload)])
}

const say =
  (bytes: Buffer) =>
  ({ socket }: Line) =>
    void socket.write(bytes)

const REPLIES: readonly Omit<Fault, 'of' | 'at'>[] = [
  {
    name: 'a frame of 2^62 bytes',
    inject: say(lying(FIN | BINARY, 2n ** 62n)),
    expected: () => ['decode'],
  },
  {
    name: 'a frame of 100 MB, sent in full',
    inject: ({ socket }) => {
      socket.write(lying(FIN | BINARY, 100_000_000))
      flood(socket, 'x'.repeat(MIB))
    },
    expected: () => ['decode'],
  },
  {
    name: 'a frame that is shorter than it says, and closed',
    inject: ({ socket }) => void socket.end(lying(FIN | TEXT, 1000)),
    expected: () => ['ws.close.1006'],
  },
  {
    name: 'a frame that is shorter than it says, and silence',
    inject: say(lying(FIN | TEXT, 1000)),
    expected: () => ['timeout.total'],
    totalMs: PATIENCE_MS,
  },
  {
    name: 'fragments of 1 MB without an end',
    calls: 1,
    inject: ({ socket }) => {
      socket.write(frame('text', 'x', { first: 0 }))
      flood(socket, lying(CONTINUATION, MIB, 'x'.repeat(MIB)))
    },
    mostGrowthMiB: 300,
    expected: () => ['decode'],
  },
  {
    name: 'fragments of one byte without an end',
    inject: ({ socket }) => {
      socket.write(frame('text', 'x', { first: 0 }))
      flood(socket, many(Buffer.from([CONTINUATION, 1, 0x78])))
    },
    expected: () => ['decode'],
  },
  {
    name: 'empty fragments without an end',
    inject: ({ socket }) => {
      socket.write(frame('text', 'x', { first: 0 }))
      flood(socket, many(Buffer.from([CONTINUATION, 0])))
    },
    expected: () => ['decode'],
  },
  {
    name: 'pings without an end, whose answers it does not read',
    inject: ({ socket }) => {
      socket.pause()
      flood(socket, many(frame('ping', 'x'.repeat(125))))
    },
    expected: () => ['timeout.total', 'ws.close.1006'],
    totalMs: 2000,
  },
  {
    name: 'a masked frame',
    inject: say(frame('text', CONTENT, { second: 0x80 })),
    expected: () => ['ws.protocol'],
  },
  {
    name: 'an opcode that nobody knows',
    inject: say(Buffer.from([FIN | 3, 0])),
    expected: () => ['ws.protocol'],
  },
  {
    name: 'compression that nobody agreed on',
    inject: say(frame('text', CONTENT, { first: FIN | COMPRESSED })),
    expected: () => ['ws.protocol'],
  },
  {
    name: 'text that is not UTF-8',
    inject: say(frame('text', Buffer.from([0xff]))),
    expected: () => ['decode'],
  },
  {
    name: 'a close code that is never sent',
    inject: say(closeFrame(1006)),
    expected: () => ['ws.protocol'],
  },
  {
    name: 'closed with 1011',
    inject: say(closeFrame(1011, 'overloaded')),
    expected: () => ['ws.close.1011'],
  },
]

/** In the place of the answer to the upgrade, which is what the tool sends first. */
function answer(what: (request: string, line: Line) => void): Fault['inject'] {
  return (line) => {
    line.socket.once('data', () => what(line.heard().toString('latin1'), line))
  }
}

const UPGRADES: readonly Omit<Fault, 'of' | 'at' | 'expected'>[] = [
  {
    name: 'an upgrade whose header has no end',
    inject: answer((_request, { socket }) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nx: ')
      flood(socket, many('y'))
    }),
  },
  {
    name: 'an upgrade with header fields without an end',
    inject: answer((_request, { socket }) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\n')
      flood(socket, many('x: y\r\n'))
    }),
  },
  {
    name: 'an upgrade with the accept of another key',
    inject: answer((request, { socket }) => void socket.write(accepted(request, 'bm90IGl0'))),
  },
  {
    name: 'an upgrade that is refused with a body without an end',
    inject: answer((_request, { socket }) => {
      socket.write('HTTP/1.1 403 Forbidden\r\n\r\n')
      flood(socket, many('no'))
    }),
  },
]

export const WEBSOCKET_FAULTS: readonly Fault[] = [
  ...REPLIES.map((fault): Fault => ({ of: 'websocket', at: 'call', ...fault })),
  ...UPGRADES.map(
    (fault): Fault => ({ of: 'websocket', at: 'connection', expected: () => ['upgrade'], ...fault }),
  ),
  {
    name: 'interim replies to an upgrade without an end',
    of: 'websocket',
    at: 'connection',
    inject: answer((_request, { socket }) =>
      flood(socket, many('HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n')),
    ),
    // What floods the event loop keeps its timers waiting.
    expected: () => ['timeout.connect', 'timeout.total'],
    totalMs: PATIENCE_MS,
  },
  {
    name: 'a message that inflates to 320 MB',
    of: 'websocket-options',
    at: 'call',
    calls: 1,
    options: { compression: 'deflate' },
    inject: ({ socket }) => {
      const bomb = deflateBomb(320 * MIB)
      socket.write(lying(FIN | COMPRESSED | BINARY, bomb.length, bomb))
    },
    mostGrowthMiB: 300,
    expected: () => ['decode'],
  },
  {
    name: 'fragments without an end, 24 at once',
    of: 'websocket-options',
    at: 'call',
    concurrency: 24,
    ways: 'first',
    options: { calls_per_connection: 1 },
    inject: ({ socket }) => {
      socket.write(frame('text', 'x', { first: 0 }))
      flood(socket, lying(CONTINUATION, MIB, 'x'.repeat(MIB)))
    },
    expected: () => ['decode', 'client.memory'],
    mostGrowthMiB: 1500,
  },
]
