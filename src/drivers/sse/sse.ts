/** Server-Sent Events: one request, a reply that arrives as events, on the same connections as REST. */

import { DialectError, type HttpCodec } from '../../dialects/dialect.ts'
import { flag } from '../../values/leaf.ts'
import type { Protocol } from '../driver.ts'
import { overHttp } from '../http/family.ts'
import { HTTP_OPTIONS, httpOptionText } from '../http/options.ts'

const IDLE_REPLY = { contentType: 'text/event-stream', body: 'data: x\n\ndata: x\n\n' }

function resumeText(value: unknown): string {
  return value === true ? 'resumed' : 'not resumed'
}

const family = overHttp('sse', 'server-stream')

export const sse: Protocol<HttpCodec> = {
  ...family,
  options: {
    ...HTTP_OPTIONS,
    resume: flag()
      .optional()
      .describe(
        'A stream whose events have ids goes on over a new connection (`Last-Event-ID`) when it is cut; `retry` is kept to. For HTTP/1.1. Default: `false`: its call fails.',
      ),
  },
  optionText: (key, value) => (key === 'resume' ? resumeText(value) : httpOptionText(key, value)),
  kind: (target) => {
    if (target.options.resume === true && target.options.http === '2') {
      throw new DialectError('streams are resumed over HTTP/1.1 only: remove resume or http from the target')
    }
    return family.kind(target)
  },
  idle: ({ api }) => {
    if (api !== 'raw') {
      const cure = 'Take `api: raw`, and the URL of a stream that stays open.'
      throw new DialectError(`a stream of ${api} ends by itself, so none can stand idle`, {
        at: ['api'],
        cure,
      })
    }
  },
  says: 'one HTTP request, a stream of server-sent events',
  stamps: {
    sent: 'a connection has room; before the body is encoded',
    encoded: 'the body is encoded, and compressed where asked',
    written: 'undici handed the request to the socket in full (`onRequestSent`)',
    firstByte: 'undici parsed the reply’s header (`onResponseStart`)',
    received: 'a piece of the body came out of the socket; all events in it share this moment',
    decoded: 'all events of the piece are parsed and their content read',
    lastByte: 'undici saw the end of the body (`onResponseEnd`)',
  },
  idleServer: async (asked) => (await import('../http/idle-server.ts')).startIdleServer(asked, IDLE_REPLY),
  driver: async (options) => {
    const { SseDriver } = await import('./driver.ts')
    return new SseDriver(options)
  },
}
