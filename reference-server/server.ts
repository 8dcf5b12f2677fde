import { rmSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { isIPv6 } from 'node:net'
import { hostname, networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type ProviderWish,
  resolveProviders,
  type SkippedProvider,
  softwareGraphicsReason,
} from './auto-provider.ts'
import { GrpcFace } from './grpc/face.ts'
import { RequestHandler } from './http/handler.ts'
import { firstOf, type Listener, listenHttp, listenHttps } from './http/listener.ts'
import { defaultSubscriptionOptions, type SubscriptionOptions, Subscriptions } from './http/subscriptions.ts'
import { defaultLimits, type Limits, lettingStand } from './limits.ts'
import { McpGateway } from './mcp/gateway.ts'
import { McpHttp } from './mcp/http.ts'
import { defaultMcpOptions, type McpOptions } from './mcp/options.ts'
import type { Provider, Runtime, RuntimeOptions } from './runtime/runtime.ts'
import { startRuntime } from './runtime/start.ts'
import { Service } from './service.ts'
import { makeServerCertificate } from './tls/certificates.ts'
import { TokenCheck } from './token-check.ts'
import { WebSocketGateway } from './websocket/gateway.ts'
import { defaultWebSocketOptions, type WebSocketOptions } from './websocket/options.ts'

interface TlsOptions {
  port: number
  grpcPort?: number
  /**
   * Clients must have a certificate: one that this authority (PEM) has signed, or, with `throw-away`, the one that is
   * made for them.
   */
  clientCa?: string | 'throw-away'
}

export interface ServeOptions {
  /** An address or name to listen on; 127.0.0.1 if left out. */
  host?: string
  /** 0, or left out, for any that is free. */
  port?: number
  /** For gRPC in clear text; 0, or left out, for any that is free. */
  grpcPort?: number
  /** Listens for HTTPS and for gRPC over TLS, too, on ports of their own. */
  tls?: TlsOptions | null
  /** Every call must show it, but for `/healthz`, `/metrics` and gRPC's health service. Left out: none is asked for. */
  token?: string | null
  limits?: Partial<Limits>
  /** Sessions of each kind that stand at once, those of WebSocket, of MCP and of event streams. Left out: their own defaults. */
  sessions?: number | undefined
  /** How long a session, or a connection, without a call stands. Left out: their own defaults. */
  sessionIdleMs?: number | undefined
  websocket?: Partial<WebSocketOptions>
  mcp?: Partial<McpOptions>
  subscriptions?: Partial<SubscriptionOptions>
  /** The server's own version, as told to clients. */
  version: string
  /** Told of errors that are the server's own fault. */
  onBug?: (error: unknown) => void
}

export interface ServerOptions extends ServeOptions {
  /** Tried in this order; the first that runs is used. */
  providers: ProviderWish[]
  workers: RuntimeOptions['workers']
  batching: RuntimeOptions['batching']
}

export interface ReferenceServer {
  readonly httpUrl: string
  readonly httpsUrl: string | null
  readonly grpcUrl: string
  readonly grpcsUrl: string | null
  /** PEM of the certificate authority that a client must trust for the URLs over TLS; gone after close(). */
  readonly caFile: string | null
  /** PEM of a certificate and its key for clients, where the server asks for those it has made. */
  readonly clientCertFile: string | null
  readonly clientKeyFile: string | null
  readonly provider: Provider
  /** Why what it computes on is no hardware although its provider sounds like it; else null. */
  readonly software: string | null
  readonly skipped: readonly SkippedProvider[]
  /** ONNX Runtime's version. */
  readonly runtimeVersion: string
  /** Takes no new call, lets running ones end for a while, then closes everything. */
  close(): Promise<void>
}

/** A server with models of its own. */
export interface StartedServer extends ReferenceServer {
  /** Resolves, with why, when no model worker is left: from then on it can answer no call. */
  readonly lost: Promise<Error>
}

/**
 * Starts the models and the interfaces in front of them.
 * @throws the runtime's error when no provider runs, the system's when a port cannot be had.
 */
export async function startServer(options: ServerOptions): Promise<StartedServer> {
  const { providers, skipped } = resolveProviders(options.providers, softwareGraphicsReason())
  const { workers, batching, onBug = console.error } = options
  const lost = Promise.withResolvers<Error>()
  const onLoss = (error: Error, left: number) => {
    if (left === 0) lost.resolve(error)
    else onBug(`error: ${error.message}; ${left} of ${workers} go on`)
  }
  const runtime = await startRuntime({ providers, workers, batching, onLoss })
  try {
    const server = await serveRuntime(runtime, options, [...skipped, ...runtime.skipped])
    return { ...server, lost: lost.promise }
  } catch (error) {
    await runtime.close()
    throw error
  }
}

/** The interfaces alone, in front of a runtime that runs already; close() closes that as well. */
export async function serveRuntime(
  runtime: Runtime,
  options: ServeOptions,
  skipped = runtime.skipped,
): Promise<ReferenceServer> {
  const {
    host = '127.0.0.1',
    port = 0,
    grpcPort = 0,
    tls = null,
    token = null,
    sessions,
    sessionIdleMs,
    version,
    onBug = console.error,
  } = options
  const limits = lettingStand({ ...defaultLimits, ...options.limits }, sessionIdleMs ?? 0)
  const service = new Service({ runtime, skipped, limits, tokens: new TokenCheck(token), version, onBug })
  const most = sessions !== undefined && { sessions }
  const mcpOptions = {
    ...defaultMcpOptions,
    ...most,
    ...(sessionIdleMs !== undefined && { sessionIdleMs }),
    ...options.mcp,
  }
  const mcp = new McpHttp(service, host, mcpOptions)
  const subscriptions = new Subscriptions(service, {
    ...defaultSubscriptionOptions,
    ...(sessions !== undefined && { subscriptions: sessions }),
    ...options.subscriptions,
  })
  const handler = new RequestHandler(service, [mcp.convention, subscriptions.convention])
  const handle = handler.handle.bind(handler)
  const webSocketOptions = {
    ...defaultWebSocketOptions,
    ...most,
    ...(sessionIdleMs !== undefined && { idleMs: sessionIdleMs }),
    ...options.websocket,
  }
  const webSockets = new WebSocketGateway(service, host, webSocketOptions)
  const mcpWebSockets = new McpGateway(service, host, mcpOptions, webSocketOptions)
  const upgrades = firstOf([webSockets.entrance, mcpWebSockets.entrance])
  const grpc = new GrpcFace(service)
  const listeners: Listener[] = []
  let caFolder: string | null = null
  // However the process ends, keys do not stay behind.
  const forget = () => {
    if (caFolder) rmSync(caFolder, { recursive: true, force: true })
  }
  process.once('exit', forget)
  let caFile: string | null = null
  let clientCertFile: string | null = null
  let clientKeyFile: string | null = null
  const release = async (): Promise<void> => {
    await Promise.all(listeners.map((listener) => listener.close()))
    if (caFolder) await rm(caFolder, { recursive: true, force: true })
    process.off('exit', forget)
  }
  try {
    const http = await listenHttp(handle, upgrades, limits, host, port)
    listeners.push(http)
    const clearGrpc = await grpc.listen(host, grpcPort, null)
    listeners.push(clearGrpc)
    let httpsUrl: string | null = null
    let grpcsUrl: string | null = null
    if (tls) {
      const made = makeServerCertificate(certifiedHosts(host))
      const isThrowAway = tls.clientCa === 'throw-away'
      const certificate = { ...made, clientCa: isThrowAway ? made.ca : (tls.clientCa ?? null) }
      const https = await listenHttps(handle, upgrades, limits, host, tls.port, certificate)
      listeners.push(https)
      httpsUrl = url('https', host, https.port)
      const secureGrpc = await grpc.listen(host, tls.grpcPort ?? 0, certificate)
      listeners.push(secureGrpc)
      grpcsUrl = url('grpcs', host, secureGrpc.port)
      caFolder = await mkdtemp(join(tmpdir(), 'infer-bench-ca-'))
      caFile = join(caFolder, 'ca.pem')
      await writeFile(caFile, made.ca)
      if (isThrowAway) {
        clientCertFile = join(caFolder, 'client.pem')
        clientKeyFile = join(caFolder, 'client-key.pem')
        await writeFile(clientCertFile, made.client.certificate)
        await writeFile(clientKeyFile, made.client.key, { mode: 0o600 })
      }
    }
    let closing: Promise<void> | null = null
    const close = async (): Promise<void> => {
      service.stopping = true
      for (const listener of listeners) listener.stop()
      subscriptions.stop()
      webSockets.stop()
      mcpWebSockets.stop()
      await atMost(
        limits.stopGraceMs,
        Promise.all([handler.idle(), webSockets.idle(), mcpWebSockets.idle(), grpc.stop()]),
      )
      grpc.close()
      await webSockets.close()
      mcpWebSockets.close()
      mcp.close()
      await release()
      await runtime.close()
    }
    return {
      httpUrl: url('http', host, http.port),
      httpsUrl,
      grpcUrl: url('grpc', host, clearGrpc.port),
      grpcsUrl,
      caFile,
      clientCertFile,
      clientKeyFile,
      provider: runtime.provider,
      software: runtime.provider === 'webgpu' ? softwareGraphicsReason() : null,
      skipped,
      runtimeVersion: runtime.version,
      close() {
        closing ??= close()
        return closing
      },
    }
  } catch (error) {
    for (const listener of listeners) listener.stop()
    await release()
    throw error
  }
}

async function atMost(ms: number, done: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([done, late])
  clearTimeout(timer)
}

const wildcards = ['0.0.0.0', '::']

/** A wildcard is no place to connect to, so its URL names this machine's loopback. */
function url(scheme: string, host: string, port: number): string {
  const name = host === '::' ? '::1' : host === '0.0.0.0' ? '127.0.0.1' : host
  return `${scheme}://${isIPv6(name) ? `[${name}]` : name}:${port}`
}

function certifiedHosts(host: string): string[] {
  const hosts = ['localhost', '127.0.0.1', '::1']
  if (!wildcards.includes(host)) hosts.push(host)
  else {
    const addresses = Object.values(networkInterfaces()).flatMap((entries) => entries ?? [])
    hosts.push(hostname(), ...addresses.map(({ address }) => address))
  }
  return [...new Set(hosts)]
}
