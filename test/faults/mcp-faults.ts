/** Faults of JSON-RPC over Streamable HTTP, in the place of a reply. */

import { chunk, EVENT_STREAM, reply } from '../servers/faulty-http.ts'
import type { Fault } from './fault.ts'
import { flood, many } from './flood.ts'
import type { Line } from './proxy.ts'

const PATIENCE_MS = 600
const MIB = 2 ** 20
const JSON_REPLY = { 'content-type': 'application/json' }

/** Of the request that was made last. */
const latestId = (line: Line) => /.*"id":\s*(\d+)/s.exec(line.heard().toString('latin1'))![1]!

const event = (message: string) => `event: message\ndata: ${message}\n\n`

function say(body: string | ((line: Line) => string)): Fault['inject'] {
  return (line) => void line.socket.write(reply(typeof body === 'string' ? body : body(line), JSON_REPLY))
}

function events(message: string): Fault['inject'] {
  return ({ socket }) => {
    socket.write(EVENT_STREAM)
    flood(socket, chunk(many(event(message)).toString()))
  }
}

const REPLIES: readonly Omit<Fault, 'of' | 'at'>[] = [
  { name: 'a page of HTML', inject: say('<html>busy</html>'), expected: () => ['mcp.parse'] },
  { name: 'JSON that is no message', inject: say('{"ok":true}'), expected: () => ['mcp.parse'] },
  {
    name: 'an answer to what was not asked',
    inject: say('{"jsonrpc":"2.0","id":4711,"result":{}}'),
    expected: () => ['mcp.wrong_id'],
  },
  {
    name: 'a result that is none',
    inject: say((line) => `{"jsonrpc":"2.0","id":${latestId(line)},"result":{"content":7}}`),
    expected: () => ['mcp.parse'],
  },
  {
    name: 'an error that has no number',
    inject: say((line) => `{"jsonrpc":"2.0","id":${latestId(line)},"error":{"code":"x","message":7}}`),
    expected: () => ['mcp.unknown', 'mcp.parse'],
  },
  {
    name: 'JSON of 20 million objects',
    calls: 1,
    inject: say(
      (line) =>
        `{"jsonrpc":"2.0","id":${latestId(line)},"result":{"content":[],"x":[${'{},'.repeat(20 * MIB)}{}]}}`,
    ),
    mostGrowthMiB: 400,
    expected: () => ['decode'],
  },
  {
    name: 'an event of 20 million objects',
    calls: 1,
    inject: (line) => {
      line.socket.write(`${EVENT_STREAM}${chunk(`data: {"jsonrpc":"2.0","id":${latestId(line)},"x":[`)}`)
      flood(line.socket, chunk('{},'.repeat(MIB)))
    },
    mostGrowthMiB: 300,
    expected: () => ['decode'],
  },
  {
    name: 'notifications without an end',
    inject: events('{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}'),
    expected: () => ['timeout.total', 'decode'],
    totalMs: PATIENCE_MS,
  },
  {
    name: 'requests of the server without an end',
    inject: events('{"jsonrpc":"2.0","id":"asked","method":"ping"}'),
    expected: () => ['timeout.total', 'decode'],
    totalMs: PATIENCE_MS,
  },
]

export const MCP_FAULTS: readonly Fault[] = REPLIES.map((fault) => ({ of: 'mcp', at: 'call', ...fault }))
