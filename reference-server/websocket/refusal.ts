import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { HttpError } from '../http/errors.ts'

/** Answers a request for an upgrade with a status, and closes its connection. */
export function refuseUpgrade(socket: Duplex, error: HttpError): void {
  const body = JSON.stringify({ error: error.message })
  const headers = {
    connection: 'close',
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...error.headers,
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  socket.on('error', () => {})
  socket.once('finish', () => socket.destroy())
  const status = `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status]}`
  socket.end(`${[status, ...lines].join('\r\n')}\r\n\r\n${body}`)
}
