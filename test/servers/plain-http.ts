import { constants } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeServerCertificate } from '../../reference-server/tls/certificates.ts'

export interface PlainServer {
  url: string
  /** PEM file of the CA; empty in clear text. */
  ca: string
  /** HTTP versions of the requests so far. */
  versions: Set<string>
  stop(): Promise<void>
}

export type Handler = (request: http.IncomingMessage, response: http.ServerResponse) => void

/** False: in clear text. */
export type Secure =
  | false
  | {
      hosts?: string[]
      maxVersion?: 'TLSv1.2' | 'TLSv1.3'
      /** For how long its certificate is good; negative: it has expired. */
      validMs?: number
      /** It gives tickets and resumes no session from them. */
      forgetsSessions?: boolean
    }

/** `h2c`: in clear text, for clients who presume HTTP/2. */
export type Carrier = Secure | 'h2c'

/** A correct HTTP server of one handler: in clear text, or HTTP/1.1 and HTTP/2 over TLS. */
export async function startPlain(
  handler: Handler,
  secure: Carrier = false,
  prepare: (server: http.Server) => void = () => {},
): Promise<PlainServer> {
  const versions = new Set<string>()
  const counted: Handler = (request, response) => {
    versions.add(request.httpVersion)
    // Set here, the header is the same from every server of every Node; left to them, some add `Keep-Alive` to it.
    if (request.httpVersionMajor === 1) response.setHeader('connection', 'keep-alive')
    handler(request, response)
  }
  const folder = mkdtempSync(join(tmpdir(), 'infer-bench-tls-'))
  const ca = join(folder, 'ca.pem')
  const sockets = new Set<{ destroy(): void }>()
  let server: http.Server | http2.Http2Server | http2.Http2SecureServer
  if (typeof secure === 'object') {
    const made = makeServerCertificate(secure.hosts ?? ['127.0.0.1', 'localhost'], secure.validMs)
    writeFileSync(ca, made.ca)
    const { key, certificate: cert } = made
    const secureOptions = secure.forgetsSessions ? constants.SSL_OP_NO_TICKET : 0
    const maxVersion = secure.maxVersion ?? 'TLSv1.3'
    const options = { key, cert, allowHTTP1: true, maxVersion, secureOptions }
    server = http2.createSecureServer(options, counted as never)
  } else if (secure === 'h2c') server = http2.createServer(counted as never)
  else server = http.createServer(counted)
  prepare(server as http.Server)
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const { port } = server.address() as AddressInfo
  return {
    url: `${typeof secure === 'object' ? 'https' : 'http'}://127.0.0.1:${port}/`,
    ca: typeof secure === 'object' ? ca : '',
    versions,
    stop: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
