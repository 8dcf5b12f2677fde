/** Faults of HTTP/2, in the place of a reply. */

import type { Fault } from './fault.ts'
import { flood, many } from './flood.ts'
import { END_HEADERS, END_STREAM, fields, frameOf, latestStream, STATUS_200, uint32 } from './frames.ts'
import type { Line } from './proxy.ts'

const PATIENCE_MS = 600
/** Largest payload of a frame that a client takes unless it says otherwise. */
const MOST_FRAME_BYTES = 16_384

/** What this side does not let be answered, it does not read either. */
function deaf({ socket }: Line): void {
  socket.pause()
}

const protocol = () => ['h2.protocol']

const REPLIES: readonly Omit<Fault, 'of' | 'at'>[] = [
  {
    name: 'a header block without an end',
    inject: (line) => {
      const stream = latestStream(line)
      line.socket.write(frameOf('headers', STATUS_200, { stream }))
      flood(line.socket, frameOf('continuation', many(fields({ x: 'y'.repeat(100) }), 1000), { stream }))
    },
    expected: protocol,
  },
  {
    name: 'empty continuations without an end',
    inject: (line) => {
      const stream = latestStream(line)
      line.socket.write(frameOf('headers', STATUS_200, { stream }))
      flood(line.socket, many(frameOf('continuation', '', { stream })))
    },
    expected: protocol,
  },
  {
    name: 'a header block of 64 MB in 16 kB',
    inject: (line) => {
      // Remembered once (literal with incremental indexing), and then named by its place in the table.
      const value = Buffer.concat([Buffer.from([0x7f, 0xa0, 0x1e - 1]), Buffer.alloc(4000, 'y')])
      const once = Buffer.concat([Buffer.from([0x40, 1]), Buffer.from('x'), value])
      const block = Buffer.concat([STATUS_200, once, Buffer.alloc(MOST_FRAME_BYTES - once.length - 1, 0xbe)])
      line.socket.write(
        frameOf('headers', block, { flags: END_HEADERS | END_STREAM, stream: latestStream(line) }),
      )
    },
    // The stream is refused and the connection goes on.
    expected: () => ['h2.stream'],
  },
  {
    name: 'a header block that names what the table has not',
    inject: (line) =>
      void line.socket.write(
        frameOf('headers', Buffer.from([0xff, 0xff, 0x7f]), {
          flags: END_HEADERS,
          stream: latestStream(line),
        }),
      ),
    expected: protocol,
  },
  {
    name: 'a frame that is longer than allowed',
    inject: (line) =>
      void line.socket.write(frameOf('data', 'x', { stream: latestStream(line), length: 2 ** 24 - 1 })),
    expected: protocol,
  },
  {
    name: 'data of a stream that nobody opened',
    inject: (line) => void line.socket.write(frameOf('data', 'x', { stream: latestStream(line) + 100 })),
    expected: protocol,
  },
  {
    name: 'a window that overflows',
    inject: ({ socket }) => {
      for (let time = 0; time < 2; time++) socket.write(frameOf('windowUpdate', uint32(2 ** 31 - 1)))
    },
    expected: protocol,
  },
  {
    name: 'a promise to push, which nobody wants',
    inject: (line) =>
      void line.socket.write(
        frameOf('pushPromise', Buffer.concat([uint32(2), STATUS_200]), {
          flags: END_HEADERS,
          stream: latestStream(line),
        }),
      ),
    // Libraries that leave the choice to the server take it, and wait for the reply.
    expected: () => ['h2.protocol', 'timeout.total'],
    totalMs: PATIENCE_MS,
  },
  {
    name: 'settings without an end',
    inject: (line) => {
      deaf(line)
      flood(line.socket, many(frameOf('settings')))
    },
    expected: protocol,
  },
  {
    name: 'pings without an end',
    inject: (line) => {
      deaf(line)
      flood(line.socket, many(frameOf('ping', Buffer.alloc(8))))
    },
    expected: protocol,
  },
  {
    name: 'GOAWAY with an error',
    inject: ({ socket }) => {
      socket.end(frameOf('goaway', Buffer.concat([uint32(0), uint32(2)])))
    },
    expected: () => ['h2.goaway'],
  },
  {
    name: 'GOAWAY that leaves the call out',
    inject: ({ socket }) => {
      socket.write(frameOf('goaway', Buffer.concat([uint32(0), uint32(0)])))
      setTimeout(() => socket.end(), 50)
    },
    expected: () => ['h2.goaway'],
  },
  {
    name: 'RST_STREAM',
    inject: (line) =>
      void line.socket.write(frameOf('resetStream', uint32(2), { stream: latestStream(line) })),
    expected: () => ['h2.stream'],
  },
  {
    name: 'RST_STREAM REFUSED_STREAM',
    inject: (line) =>
      void line.socket.write(frameOf('resetStream', uint32(7), { stream: latestStream(line) })),
    expected: () => ['h2.stream'],
  },
]

export const HTTP2_FAULTS: readonly Fault[] = REPLIES.map((fault) => ({ of: 'http2', at: 'call', ...fault }))
