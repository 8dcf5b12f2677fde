import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe } from 'node:diagnostics_channel'
import net from 'node:net'
import type { TLSSocket } from 'node:tls'
import {
  type CallCredentials,
  ChannelCredentials,
  type ChannelOptions,
  Client,
  connectivityState,
  credentials,
} from '@grpc/grpc-js'
import { failure, OpenError, type Outcome, type SessionProbe } from '../driver.ts'
import { abortable, type ConnectOptions, firstOf, resolve, secure, within } from '../transport/connect.ts'
import { tcpOutcome } from '../transport/errors.ts'

/** A client with its one connection. */
export interface GrpcConnection {
  client: Client
  /** The TCP socket, which counts the bytes on the wire. */
  raw: net.Socket
}

/** Hands the sockets that grpc-js makes to the attempt that they are made for: it runs within its own context. */
const attempts = new AsyncLocalStorage<{ made(socket: net.Socket): void }>()
subscribe('net.client.socket', (message) => {
  attempts.getStore()?.made((message as { socket: net.Socket }).socket)
})

/** TLS of our own making within grpc-js: its phases and errors are then those of every other interface. */
class OwnCredentials extends ChannelCredentials {
  readonly #options: ConnectOptions
  readonly #secured: (raw: net.Socket) => Promise<net.Socket>
  #isUsed = false

  constructor(options: ConnectOptions, secured: (raw: net.Socket) => Promise<net.Socket>) {
    super()
    this.#options = options
    this.#secured = secured
  }

  override _isSecure(): boolean {
    return this.#options.secure !== null
  }

  override _equals(other: ChannelCredentials): boolean {
    return this === other
  }

  override _createSecureConnector(_target: unknown, _options: unknown, callCredentials?: CallCredentials) {
    return {
      // Asked for before each TCP connection: a lost one is never replaced behind load's back.
      waitForReady: async () => {
        if (this.#isUsed) throw new Error('the connection is lost')
        this.#isUsed = true
      },
      connect: async (raw: net.Socket) => ({ socket: await this.#secured(raw), secure: this._isSecure() }),
      getCallCredentials: () => callCredentials ?? credentials.createEmpty(),
      destroy() {},
    }
  }
}

/** Connects, phase by phase: `dns`, `tcp`, `tls`, and `setup` until the server's SETTINGS are here. */
export function openConnection(
  options: ConnectOptions,
  channelOptions: ChannelOptions,
  probe: SessionProbe,
  signal: AbortSignal,
): Promise<GrpcConnection> {
  return within(options.timeoutMs, signal, async (either) => {
    const addresses = await resolve(options, probe, either)
    return firstOf(addresses, either, (address) => connectTo(address, options, channelOptions, probe, either))
  })
}

function connectTo(
  address: string,
  options: ConnectOptions,
  channelOptions: ChannelOptions,
  probe: SessionProbe,
  signal: AbortSignal,
): Promise<GrpcConnection> {
  let client: Client | null = null
  let raw: net.Socket | null = null
  let encrypted: TLSSocket | null = null
  let isGivenUp = false
  const start = (succeed: (connection: GrpcConnection) => void, fail: (error: Error) => void) => {
    const made = (socket: net.Socket) => {
      raw = socket
      socket.once('error', (error) => fail(new OpenError(errorOutcome(error))))
      if (isGivenUp) socket.destroy()
    }
    const secured = async (socket: net.Socket): Promise<net.Socket> => {
      probe.phase('tcp')
      if (!options.secure) return socket
      try {
        encrypted = await secure(socket, options, signal)
        probe.phase('tls', encrypted.isSessionReused())
        return encrypted
      } catch (error) {
        fail(error as Error)
        throw error
      }
    }
    attempts.run({ made }, () => {
      const host = net.isIPv6(address) ? `ipv6:[${address}]` : `ipv4:${address}`
      client = new Client(`${host}:${options.port}`, new OwnCredentials(options, secured), channelOptions)
      const channel = client.getChannel()
      // Asked to connect once: asked again of a connection that failed, it would try for ever.
      const watch = (connects: boolean) => {
        const state = channel.getConnectivityState(connects)
        if (state === connectivityState.READY) {
          probe.phase('setup')
          succeed({ client: client!, raw: raw! })
        } else if (state === connectivityState.TRANSIENT_FAILURE) {
          // A server that misses a certificate says so where the client has finished its handshake.
          const error = encrypted?.errored ?? raw?.errored
          const isSilent = ((encrypted ?? raw)?.bytesRead ?? 0) === 0
          fail(new OpenError(error ? errorOutcome(error) : withoutSettings(isSilent)))
        } else if (state !== connectivityState.SHUTDOWN) {
          channel.watchConnectivityState(state, Number.POSITIVE_INFINITY, () => watch(false))
        }
      }
      watch(true)
    })
  }
  return abortable(signal, start, () => {
    isGivenUp = true
    raw?.destroy()
    if (client) closeOnceTold(client)
  })
}

/**
 * Closes a client whose connection was given up, once it has been told of that: closed before, it would wait to connect
 * anew for ever, and be kept for that.
 */
function closeOnceTold(client: Client): void {
  const channel = client.getChannel()
  const close = () => void setImmediate(() => client.close())
  if (channel.getConnectivityState(false) !== connectivityState.CONNECTING) close()
  else channel.watchConnectivityState(connectivityState.CONNECTING, Number.POSITIVE_INFINITY, close)
}

/** What grpc-js has no words for: its channel's connections, and what is known of each. */
interface Insides {
  internalChannel?: { wrappedSubchannels?: Iterable<{ getRealSubchannel?(): Subchannel }> }
}

interface Subchannel {
  transport?: { session?: { remoteSettings?: { maxConcurrentStreams?: number } } } | null
}

/**
 * Streams that the server takes at once, as its SETTINGS say; infinite where grpc-js does not show them. Known once the
 * connection was handed out.
 */
export function mostStreamsOf(client: Client): number {
  const { internalChannel } = client.getChannel() as unknown as Insides
  for (const wrapper of internalChannel?.wrappedSubchannels ?? []) {
    const most = wrapper.getRealSubchannel?.().transport?.session?.remoteSettings?.maxConcurrentStreams
    // A server that takes none would never get a call, and nobody would be told why.
    if (most !== undefined) return Math.max(1, most)
  }
  return Number.POSITIVE_INFINITY
}

/** A server that says something else speaks something else. */
function withoutSettings(isSilent: boolean): Outcome {
  const sample = 'the connection ended before the server’s HTTP/2 SETTINGS came'
  return failure('setup', isSilent ? 'tcp.reset' : 'h2.protocol', '', sample)
}

function errorOutcome(error: NodeJS.ErrnoException): Outcome {
  const isHttp2 = error.code?.startsWith('ERR_HTTP2') ?? false
  return isHttp2 ? failure('setup', 'h2.protocol', error.code!, error.message) : tcpOutcome('tcp', error)
}
