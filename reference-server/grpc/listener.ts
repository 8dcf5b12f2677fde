import type { Http2SecureServer, Http2Server, ServerHttp2Session, Settings } from 'node:http2'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { Server, ServerCredentials, type ServerInterceptor } from '@grpc/grpc-js'
import type { Listener } from '../http/listener.ts'
import type { Limits } from '../limits.ts'
import type { ListenerCertificate } from '../tls/certificates.ts'

const maxConcurrentStreams = 1_000
const streamWindowBytes = 1024 * 1024
const connectionWindowBytes = 16 * 1024 * 1024

/** A server without methods or ports, within the limits. */
export function createGrpcServer(limits: Limits, interceptors: ServerInterceptor[]): Server {
  const server = new Server({
    'grpc.max_receive_message_length': limits.bodyBytes,
    'grpc.max_send_message_length': -1,
    'grpc.max_concurrent_streams': maxConcurrentStreams,
    // A connection on which nothing is called for so long is closed; one whose peer is gone, too.
    'grpc.max_connection_idle_ms': limits.stallMs,
    'grpc.keepalive_time_ms': limits.stallMs,
    // It keeps statistics of every call, which nobody asks for here.
    'grpc.enable_channelz': 0,
    interceptors,
  })
  Object.assign(insides(server).commonServerOptions, {
    handshakeTimeout: limits.headersTimeoutMs,
    settings: { maxConcurrentStreams, initialWindowSize: streamWindowBytes },
  })
  return server
}

/** What grpc-js has no options for: how much a client may send ahead, and how long a TLS handshake may take. */
interface Insides {
  commonServerOptions: { settings?: Settings; handshakeTimeout?: number }
  http2Servers: Map<Http2Server | Http2SecureServer, unknown>
}

function insides(server: Server): Insides {
  return server as unknown as Insides
}

interface GrpcListener extends Listener {
  /** Resolves once it was stopped and its last connection is gone. */
  closed: Promise<void>
}

/**
 * Lets a server take the connections of a port; over TLS with a certificate. The port is our own, because grpc-js
 * tells nothing but a sentence when it cannot have one.
 * @throws the system's error when the port cannot be had.
 */
export async function listenGrpc(
  server: Server,
  host: string,
  port: number,
  certificate: ListenerCertificate | null,
): Promise<GrpcListener> {
  const injector = server.createConnectionInjector(credentials(certificate))
  const http2 = [...insides(server).http2Servers.keys()].at(-1)!
  http2.on('session', (session: ServerHttp2Session) => session.setLocalWindowSize(connectionWindowBytes))
  const sockets = new Set<Socket>()
  const listener = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    injector.injectConnection(socket)
  })
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject)
    listener.listen(port, host, () => {
      listener.off('error', reject)
      resolve()
    })
  })
  const closed = new Promise<void>((resolve) => listener.once('close', resolve))
  return {
    port: (listener.address() as AddressInfo).port,
    closed,
    stop() {
      listener.close()
    },
    close() {
      for (const socket of sockets) socket.destroy()
      return closed
    },
  }
}

function credentials(certificate: ListenerCertificate | null): ServerCredentials {
  if (!certificate) return ServerCredentials.createInsecure()
  const pair = { cert_chain: Buffer.from(certificate.certificate), private_key: Buffer.from(certificate.key) }
  const { clientCa } = certificate
  if (clientCa === null) return ServerCredentials.createSsl(null, [pair])
  return ServerCredentials.createSsl(Buffer.from(clientCa), [pair], true)
}
