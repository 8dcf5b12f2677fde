/** Faults of TCP: the same for every interface. */

import type net from 'node:net'
import { CONTENT } from './content.ts'
import type { Fault } from './fault.ts'
import type { Way } from './ways.ts'

/** For calls that end in no other way. */
const PATIENCE_MS = 600
const DRIP_EVERY_MS = 1000

/** The same bytes each time: what they are by chance must not decide. */
export const GARBAGE = Buffer.from(
  Array.from({ length: 2048 }, (_, index) => (index * 197 + (index >> 3) * 61 + 151) & 0xff),
)

const lost = ({ lost: name }: Way) => [name]
const cut = ({ cut: name }: Way) => [name]
const brokenOff = ({ cut: name, lost: other }: Way) => (name === 'http.truncated' ? [other] : [name])
/** Where a protocol waits for the server before its first call, that is what does not come about. */
const unanswered = ({ hasSetup }: Way) => [hasSetup ? 'timeout.connect' : 'timeout.total']

export const TCP_FAULTS: readonly Fault[] = [
  {
    name: 'refused',
    of: 'any',
    ways: 'others',
    at: 'connection',
    inject: null,
    expected: () => ['tcp.refused'],
  },
  {
    name: 'refused 10,000 times',
    of: 'any',
    ways: 'first',
    at: 'connection',
    inject: null,
    calls: 10_000,
    concurrency: 50,
    // Of what a connection leaves behind the collector takes its time to come to.
    mostGrowthMiB: 200,
    expected: () => ['tcp.refused'],
  },
  {
    name: 'reset when connected',
    of: 'any',
    at: 'connection',
    inject: ({ socket }) => void socket.resetAndDestroy(),
    expected: () => ['tcp.reset'],
  },
  {
    name: 'closed when connected',
    of: 'any',
    at: 'connection',
    inject: ({ socket }) => void socket.end(),
    expected: () => ['tcp.reset'],
  },
  {
    name: 'black hole',
    of: 'any',
    at: 'connection',
    inject: () => {},
    expected: unanswered,
    totalMs: PATIENCE_MS,
  },
  {
    name: 'one byte a second from the start',
    of: 'any',
    at: 'connection',
    inject: ({ socket }) => drip(socket),
    expected: unanswered,
    totalMs: PATIENCE_MS,
  },
  {
    name: 'garbage when connected',
    of: 'any',
    at: 'connection',
    inject: ({ socket }) => void socket.write(GARBAGE),
    expected: ({ notTheProtocol }) => notTheProtocol,
  },
  {
    name: 'closed after the request',
    of: 'any',
    at: 'call',
    inject: ({ socket }) => void socket.end(),
    expected: lost,
  },
  {
    name: 'reset after the request',
    of: 'any',
    at: 'call',
    inject: ({ socket }) => void socket.resetAndDestroy(),
    expected: lost,
  },
  {
    name: 'silence after the request',
    of: 'any',
    at: 'call',
    inject: () => {},
    expected: () => ['timeout.total'],
    totalMs: PATIENCE_MS,
  },
  {
    name: 'reset within the reply',
    of: 'any',
    at: 'call',
    inject: ({ socket }) => halfOf(socket, () => socket.resetAndDestroy()),
    expected: brokenOff,
  },
  {
    name: 'closed within the reply',
    of: 'any',
    at: 'call',
    inject: ({ socket }) => halfOf(socket, () => socket.end()),
    expected: cut,
  },
  {
    name: 'silence within the reply',
    of: 'any',
    at: 'call',
    inject: ({ socket }) => halfOf(socket, () => {}),
    expected: () => ['timeout.total'],
    totalMs: PATIENCE_MS,
  },
  {
    name: 'one byte a second of the reply',
    of: 'any',
    at: 'call',
    inject: ({ socket }) => drip(socket),
    expected: () => ['timeout.total'],
    totalMs: PATIENCE_MS,
  },
  {
    name: 'garbage in place of the reply',
    of: 'any',
    at: 'call',
    inject: ({ socket }) => void socket.write(GARBAGE),
    expected: ({ notAReply }) => notAReply,
  },
]

/** Half of the content of a reply passes, and then something happens. */
function halfOf(socket: net.Socket, then: () => void): (piece: Buffer) => void {
  const half = Buffer.from(CONTENT.slice(0, CONTENT.length / 2))
  let before = Buffer.alloc(0)
  let isOver = false
  return (piece) => {
    if (isOver) return
    const all = Buffer.concat([before, piece])
    const at = all.indexOf(half)
    isOver = at >= 0
    const passed = isOver ? piece.subarray(0, Math.max(0, at + half.length - before.length)) : piece
    before = all.subarray(-half.length)
    socket.write(passed, () => {
      // Long enough for the tool to have read it; were it not, it would not have been cut within the reply.
      if (isOver) setTimeout(then, 20)
    })
  }
}

function drip(socket: net.Socket): (piece: Buffer) => void {
  let waiting = Buffer.alloc(0)
  const timer = setInterval(() => {
    if (waiting.length === 0) return
    socket.write(waiting.subarray(0, 1))
    waiting = waiting.subarray(1)
  }, DRIP_EVERY_MS)
  socket.once('close', () => clearInterval(timer))
  return (piece) => {
    waiting = Buffer.concat([waiting, piece])
  }
}
