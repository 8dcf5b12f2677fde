import { lookup } from 'node:dns'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import tls from 'node:tls'
import type { Target } from '../../plan/plan.ts'
import { type ByteCounts, failure, OpenError, type SessionProbe } from '../driver.ts'
import { dnsOutcome, tcpOutcome, tlsOutcome } from './errors.ts'
import { isSecureScheme } from './scheme.ts'
import { TlsSessions } from './tls-sessions.ts'

/** A connection on which a protocol can begin to speak. */
export interface Transport {
  /** Clear text in and out: the TLS socket, or the TCP socket itself. */
  socket: net.Socket
  /** The TCP socket, which counts the bytes on the wire. */
  raw: net.Socket
  alpn: 'h2' | 'http/1.1'
}

export interface ConnectOptions {
  hostname: string
  /** Which addresses of the name are used; 0: all. */
  family: 0 | 4 | 6
  port: number
  /** Null: clear text. */
  secure: tls.SecureContext | null
  servername: string
  verify: boolean
  alpn: 'h2' | 'http/1.1'
  /** What new connections resume; null: each negotiates anew. */
  sessions: TlsSessions | null
  timeoutMs: number
}

export function connectOptions(
  target: Target,
  alpn: ConnectOptions['alpn'],
  timeoutMs: number,
): ConnectOptions {
  const url = new URL(target.url)
  const hostname = url.hostname.replace(/^\[|\]$/g, '')
  const isSecure = isSecureScheme(url.protocol)
  return {
    hostname,
    family: target.family ?? 0,
    port: url.port === '' ? (isSecure ? 443 : 80) : Number(url.port),
    secure: isSecure ? secureContext(target) : null,
    servername: target.tls.servername ?? (net.isIP(hostname) ? '' : hostname),
    verify: target.tls.verify,
    alpn,
    sessions: isSecure && target.connection === 'resumed' ? new TlsSessions() : null,
    timeoutMs,
  }
}

/** Reading and parsing certificates once keeps them out of every handshake's time. */
function secureContext({ tls: { ca, cert, key, minVersion, maxVersion } }: Target): tls.SecureContext {
  const read = (path: string | null) => (path === null ? undefined : readFileSync(path))
  return tls.createSecureContext({
    ca: read(ca),
    cert: read(cert),
    key: read(key),
    minVersion: minVersion && `TLSv${minVersion}`,
    maxVersion: maxVersion && `TLSv${maxVersion}`,
  })
}

/**
 * Connects, phase by phase: `dns` (left out for an IP address), `tcp`, `tls`. A name with several addresses is
 * tried address by address. Rejects with `OpenError`.
 */
export async function connect(
  options: ConnectOptions,
  probe: SessionProbe,
  signal: AbortSignal,
): Promise<Transport> {
  return within(options.timeoutMs, signal, async (either) => {
    const addresses = await resolve(options, probe, either)
    const raw = await firstOf(addresses, either, (address) => connectTo(address, options.port, either))
    raw.setNoDelay(true)
    probe.phase('tcp')
    if (!options.secure) return { socket: raw, raw, alpn: options.alpn }
    const socket = await secure(raw, options, either)
    probe.phase('tls', socket.isSessionReused())
    return { socket, raw, alpn: socket.alpnProtocol === 'h2' ? 'h2' : 'http/1.1' }
  })
}

/** Opens with a signal that is aborted after `timeoutMs`, too. */
export async function within<Value>(
  timeoutMs: number,
  signal: AbortSignal,
  open: (either: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const timeout = new AbortController()
  // Not `AbortSignal.timeout`, whose timer lets the process end: grpc-js waits for SETTINGS without a hold on it either.
  const timer = setTimeout(() => timeout.abort(), timeoutMs)
  try {
    return await open(AbortSignal.any([signal, timeout.signal]))
  } catch (error) {
    if (timeout.signal.aborted) {
      throw new OpenError(failure('connect', 'timeout.connect', '', `no connection within ${timeoutMs} ms`))
    }
    throw error
  } finally {
    clearTimeout(timer)
  }
}

/** The addresses of a host. `dns` is a phase only where there is a name to resolve. */
export async function resolve(
  { hostname, family }: Pick<ConnectOptions, 'hostname' | 'family'>,
  probe: SessionProbe,
  signal: AbortSignal,
): Promise<string[]> {
  if (net.isIP(hostname)) return [hostname]
  const addresses = await abortable<string[]>(signal, (succeed, fail) => {
    lookup(hostname, { all: true, family }, (error, found) => {
      if (error) fail(new OpenError(dnsOutcome(error)))
      else succeed(found.map(({ address }) => address))
    })
  })
  probe.phase('dns')
  return addresses
}

/** The first of the addresses that can be connected to; the last one's error where none can. */
export async function firstOf<Value>(
  addresses: readonly string[],
  signal: AbortSignal,
  connectOne: (address: string) => Promise<Value>,
): Promise<Value> {
  let lastError: unknown
  for (const address of addresses) {
    try {
      return await connectOne(address)
    } catch (error) {
      if (signal.aborted) throw error
      lastError = error
    }
  }
  throw lastError
}

function connectTo(host: string, port: number, signal: AbortSignal): Promise<net.Socket> {
  const socket = net.connect({ host, port })
  return abortable<net.Socket>(
    signal,
    (succeed, fail) => {
      socket.once('error', (error) => fail(new OpenError(tcpOutcome('tcp', error))))
      socket.once('connect', () => {
        socket.removeAllListeners('error')
        succeed(socket)
      })
    },
    () => socket.destroy(),
  )
}

/** TLS on a TCP connection. Rejects with `OpenError`. */
export async function secure(
  raw: net.Socket,
  options: ConnectOptions,
  signal: AbortSignal,
): Promise<tls.TLSSocket> {
  const { sessions } = options
  const socket = tls.connect({
    socket: raw,
    secureContext: options.secure!,
    session: sessions?.latest,
    servername: options.servername,
    ALPNProtocols: [options.alpn],
    rejectUnauthorized: options.verify,
    // Without a server name Node would check the certificate against "localhost".
    host: options.hostname,
  })
  sessions?.listen(socket)
  await abortable<tls.TLSSocket>(
    signal,
    (succeed, fail) => {
      socket.once('error', (error) => fail(new OpenError(tlsOutcome(error))))
      socket.once('close', () =>
        fail(new OpenError(failure('tls', 'tls.protocol', '', 'closed during the handshake'))),
      )
      socket.once('secureConnect', () => {
        socket.removeAllListeners('error')
        socket.removeAllListeners('close')
        succeed(socket)
      })
    },
    () => {
      socket.destroy()
      raw.destroy()
    },
  )
  // Of an alert Node tells an error and then an end, which libraries take for the reason. So it is `errored` for all.
  socket.on('error', (error) => socket.destroy(error))
  await sessions?.first(socket)
  return socket
}

/** A promise that also fails when the signal says so, and then cleans up behind itself. */
export function abortable<Value>(
  signal: AbortSignal,
  start: (succeed: (value: Value) => void, fail: (error: Error) => void) => void,
  cleanUp: () => void = () => {},
): Promise<Value> {
  return new Promise<Value>((resolvePromise, reject) => {
    const onAbort = () => {
      cleanUp()
      reject(new OpenError(failure('connect', 'connect', 'ABORTED', 'the connection was given up')))
    }
    if (signal.aborted) {
      onAbort()
      return
    }
    signal.addEventListener('abort', onAbort, { once: true })
    const settle = () => signal.removeEventListener('abort', onAbort)
    start(
      (value) => {
        settle()
        resolvePromise(value)
      },
      (error) => {
        settle()
        cleanUp()
        reject(error)
      },
    )
  })
}

/** Socket bytes so far. After a socket is closed it still knows them. */
export function socketBytes(raw: net.Socket, into: ByteCounts): void {
  into.read = raw.bytesRead
  into.written = raw.bytesWritten
}
