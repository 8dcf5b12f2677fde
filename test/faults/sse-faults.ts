/** Faults of event streams, in the place of a reply. */

import { chunk, EVENT_STREAM, reply } from '../servers/faulty-http.ts'
import { CONTENT } from './content.ts'
import type { Fault } from './fault.ts'
import { flood, many } from './flood.ts'

const PATIENCE_MS = 600

const REPLIES: readonly Omit<Fault, 'of' | 'at'>[] = [
  {
    name: 'events without an end',
    inject: ({ socket }) => {
      socket.write(EVENT_STREAM)
      flood(socket, chunk(many(`data: ${CONTENT}\n\n`).toString()))
    },
    expected: () => ['timeout.total'],
    totalMs: PATIENCE_MS,
  },
  {
    name: 'comments without an end',
    inject: ({ socket }) => {
      socket.write(EVENT_STREAM)
      flood(socket, chunk(many(': wait\n').toString()))
    },
    expected: () => ['sse.parse'],
  },
  {
    name: 'fields of one event without an end',
    inject: ({ socket }) => {
      socket.write(EVENT_STREAM)
      flood(socket, chunk(many('data\n').toString()))
    },
    mostGrowthMiB: 200,
    expected: () => ['sse.parse'],
  },
  {
    name: 'events that are not UTF-8',
    inject: ({ socket }) => {
      socket.write(`${EVENT_STREAM}8\r\ndata: `)
      socket.write(Buffer.from([0xc3, 0x28]))
      socket.write('\r\n')
    },
    expected: () => ['decode'],
  },
  {
    name: 'a reply that is no event stream',
    inject: ({ socket }) => void socket.write(reply('{}', { 'content-type': 'application/json' })),
    expected: () => ['sse.parse'],
  },
]

export const SSE_FAULTS: readonly Fault[] = REPLIES.map((fault) => ({ of: 'sse', at: 'call', ...fault }))
