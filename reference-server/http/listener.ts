import { createServer, type IncomingMessage, type ServerOptions, type ServerResponse } from 'node:http'
import { createSecureServer, type SecureServerOptions, type ServerHttp2Session } from 'node:http2'
import type { AddressInfo, Server as NetServer, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Limits } from '../limits.ts'
import type { ListenerCertificate } from '../tls/certificates.ts'
import { refuseUpgrade } from '../websocket/refusal.ts'
import { HttpError } from './errors.ts'

/** A port that is being listened on. */
export interface Listener {
  port: number
  /** Takes no connection any more, and closes those that have nothing to do. */
  stop(): void
  /** Closes what is left. Resolves once the port is free. */
  close(): Promise<void>
}

type HandleRequest = (request: IncomingMessage, response: ServerResponse) => void

/** Takes connections over whose client asks for another protocol than HTTP. */
export interface Upgrades {
  /** A request that is not wanted goes on as if it had asked for no upgrade. */
  wants(request: IncomingMessage): boolean
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
}

/** Each request for the first that wants it. */
export function firstOf(all: Upgrades[]): Upgrades {
  const find = (request: IncomingMessage) => all.find((one) => one.wants(request))
  return {
    wants: (request) => find(request) !== undefined,
    upgrade(request, socket, head) {
      const wanting = find(request)
      if (wanting) wanting.upgrade(request, socket, head)
      else refuseUpgrade(socket, new HttpError(404, 'not_found', 'nothing here speaks another protocol'))
    },
  }
}

/** HTTP/1.1 in clear text. @throws the system's error when the port cannot be had. */
export function listenHttp(
  handle: HandleRequest,
  upgrades: Upgrades,
  limits: Limits,
  host: string,
  port: number,
): Promise<Listener> {
  const server = createServer(httpOptions(limits))
  return listen(server as unknown as Server, handle, upgrades, limits, host, port)
}

/** HTTP/2 and HTTP/1.1 on one port over TLS 1.2 and 1.3; the client chooses by ALPN. */
export function listenHttps(
  handle: HandleRequest,
  upgrades: Upgrades,
  limits: Limits,
  host: string,
  port: number,
  { certificate, key, clientCa }: ListenerCertificate,
): Promise<Listener> {
  // Its HTTP/1.1 half takes node:http's options, which its type does not say.
  const options: SecureServerOptions & ServerOptions = {
    ...httpOptions(limits),
    cert: certificate,
    key,
    ...(clientCa !== null && { ca: clientCa, requestCert: true, rejectUnauthorized: true }),
    allowHTTP1: true,
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    handshakeTimeout: limits.headersTimeoutMs,
    settings: { maxConcurrentStreams, initialWindowSize: streamWindowBytes },
  }
  const server = createSecureServer(options)
  // An HTTP server does this by itself; a TLS server does not, and its first reply would wait for the client to
  // acknowledge the session tickets: 40 ms.
  server.on('connection', (socket: Socket) => socket.setNoDelay(true))
  server.on('session', (session: ServerHttp2Session) => {
    // The default of 64 KiB for the whole connection would pace uploads by round trips.
    session.setLocalWindowSize(connectionWindowBytes)
  })
  return listen(server as unknown as Server, handle, upgrades, limits, host, port)
}

const maxConcurrentStreams = 1_000
const streamWindowBytes = 1024 * 1024
const connectionWindowBytes = 16 * 1024 * 1024

function httpOptions(limits: Limits): ServerOptions {
  return {
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveMs,
    // How late the two timeouts above may strike.
    connectionsCheckingInterval: Math.min(1_000, limits.headersTimeoutMs),
  }
}

interface Server extends NetServer {
  closeIdleConnections(): void
  setTimeout(inactiveMs: number): unknown
  /** Node before 24.9 does not ask: there, every request for an upgrade is handed over. */
  shouldUpgradeCallback(request: IncomingMessage): boolean
}

async function listen(
  server: Server,
  handle: HandleRequest,
  upgrades: Upgrades,
  limits: Limits,
  host: string,
  port: number,
): Promise<Listener> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.on('request', handle)
  server.shouldUpgradeCallback = (request) => upgrades.wants(request)
  server.on('upgrade', upgrades.upgrade.bind(upgrades))
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    // One that is too large is refused without asking for it.
    if (Number(request.headers['content-length'] ?? 0) <= limits.bodyBytes) response.writeContinue()
    handle(request, response)
  })
  server.setTimeout(limits.stallMs)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const closed = new Promise<void>((resolve) => server.once('close', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    stop() {
      server.close()
      server.closeIdleConnections()
    },
    close() {
      for (const socket of sockets) socket.destroy()
      return closed
    },
  }
}
