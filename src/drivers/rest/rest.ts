/** REST: one request, one whole reply, on undici's dispatch interface. */

import type { HttpCodec } from '../../dialects/dialect.ts'
import type { Protocol } from '../driver.ts'
import { overHttp } from '../http/family.ts'

const IDLE_REPLY = { contentType: 'application/json', body: '{}' }

export const rest: Protocol<HttpCodec> = {
  ...overHttp('rest', 'unary'),
  says: 'one HTTP request, one reply',
  stamps: {
    sent: 'a connection has room; before the body is encoded',
    encoded: 'the body is encoded, and compressed where asked',
    written: 'undici handed the request to the socket in full (`onRequestSent`)',
    firstByte: 'undici parsed the reply’s header (`onResponseStart`)',
    received: 'the whole body has arrived',
    decoded: 'the body is decompressed and parsed',
    lastByte: 'undici saw the end of the body (`onResponseEnd`)',
  },
  idleServer: async (asked) => (await import('../http/idle-server.ts')).startIdleServer(asked, IDLE_REPLY),
  driver: async (options) => {
    const [{ HttpDriver }, { UnaryExchange }] = await Promise.all([
      import('../http/driver.ts'),
      import('./exchange.ts'),
    ])
    return new HttpDriver(options, '*/*', (codec, session) => new UnaryExchange(codec, session))
  },
}
