import type { CallKind } from '../../src/drivers/driver.ts'
import { type McpAnswer, startPlainMcp, textResult } from '../servers/plain-mcp.ts'
import type { Twin } from './twins.ts'

const WAYS: Twin['ways'] = [
  { title: 'Streamable HTTP', secure: false, options: {}, version: '1.1', connections: 4 },
  {
    title: 'one session for all connections',
    secure: false,
    options: { session: 'shared' },
    version: '1.1',
    connections: 4,
  },
  { title: 'stateless', secure: false, options: { revision: '2026-07-28' }, version: '1.1', connections: 4 },
  { title: 'Streamable HTTP over TLS', secure: {}, options: {}, version: '1.1', connections: 4 },
  {
    title: 'Streamable HTTP over HTTP/2',
    secure: {},
    options: { http: '2' },
    version: '2.0',
    connections: 1,
  },
  {
    title: 'stateless over HTTP/2',
    secure: {},
    options: { http: '2', revision: '2026-07-28' },
    version: '2.0',
    connections: 1,
  },
  { title: 'WebSocket', secure: false, options: { transport: 'websocket' }, version: '13', connections: 1 },
  {
    title: 'WebSocket over TLS, stateless',
    secure: {},
    options: { transport: 'websocket', revision: '2026-07-28' },
    version: '13',
    connections: 1,
  },
]

/** As the message has it; over HTTP, the header has to say the same. */
function traceparentOf({ request, response }: McpAnswer): string | undefined {
  const told = request.params?._meta?.traceparent
  if (response && response.req.headers.traceparent !== told) throw new Error('the header tells another trace')
  return told
}

export const overMcp = (kind: CallKind): Twin => ({
  name: 'mcp',
  kind,
  target: { options: { tool: 'plain', kind } },
  ways: WAYS,
  // A connection of MCP begins with three requests.
  patienceMs: 600,
  cancels: [{}, { revision: '2026-07-28' }, { http: '2' }, { transport: 'websocket' }],
  start: (behave, secure) =>
    startPlainMcp((answer) => {
      const ends = behave(answer.port, traceparentOf(answer)) === 'answer'
      if (kind === 'server-stream') answer.progress('01234')
      if (ends) answer.result(textResult(kind === 'server-stream' ? '56789' : '0123456789'))
    }, secure),
})
