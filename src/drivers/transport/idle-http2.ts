import {
  createSecureServer,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { Certificate } from '../driver.ts'
import { type IdleListener, listenIdle } from './idle-listener.ts'

/** So large that a request never waits for a window to open. */
const WINDOW_BYTES = 16 * 1024 * 1024

/** Listens for HTTP/2; in clear text for those who presume it. */
export function listenIdleHttp2(
  certificate: Certificate | null,
  answer: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void,
): Promise<IdleListener> {
  const settings = { initialWindowSize: WINDOW_BYTES }
  const server = certificate
    ? createSecureServer({ settings, cert: certificate.certificate, key: certificate.key })
    : createServer({ settings })
  server.on('session', (session: ServerHttp2Session) => {
    session.on('error', () => {})
    session.setLocalWindowSize(WINDOW_BYTES)
  })
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on('error', () => {})
    answer(stream, headers)
  })
  return listenIdle(server)
}
