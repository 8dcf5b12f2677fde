/** Server-Sent Events: one request, a reply that arrives as events, on the same connections as REST. */

import type { HttpCodec } from '../../dialects/dialect.ts'
import type { Protocol } from '../driver.ts'
import { overHttp } from '../http/family.ts'

const IDLE_REPLY =
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n9\r\ndata: x\n\n\r\n9\r\ndata: x\n\n\r\n0\r\n\r\n'

export const sse: Protocol<HttpCodec> = {
  ...overHttp('sse', 'server-stream'),
  says: 'one HTTP request, a stream of server-sent events',
  stamps: {
    sent: 'a connection has room; before the body is encoded',
    encoded: 'the body is encoded, and compressed where asked',
    written: 'undici handed the request to the socket in full (`onRequestSent`)',
    firstByte: 'undici parsed the reply’s header (`onResponseStart`)',
    received: 'a piece of the body came out of the socket; all events in it share this moment',
    decoded: 'an event is parsed and its content read',
    lastByte: 'undici saw the end of the body (`onResponseEnd`)',
  },
  idleServer: async () => (await import('../http/idle-server.ts')).startIdleServer(IDLE_REPLY),
  driver: async (options) => {
    const [{ HttpDriver }, { EventExchange }] = await Promise.all([
      import('../http/session.ts'),
      import('./exchange.ts'),
    ])
    return new HttpDriver(options, 'text/event-stream', (codec, session) => new EventExchange(codec, session))
  },
}
