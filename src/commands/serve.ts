import { readFileSync } from 'node:fs'
import { type Command, Option } from 'commander'
import type { StartedServer } from '../../reference-server/server.ts'
import { atLeast, byteCount, durationMs, type ProviderWish, port, providers, rate } from './serve-values.ts'

interface ServeFlags {
  provider: ProviderWish[]
  host: string
  port: number
  grpcPort?: number
  tls: boolean
  tlsPort?: number
  mtls: boolean
  clientCa?: string
  tokenEnv?: string
  grpcTlsPort?: number
  workers: number
  batchSize: number
  batchWait: number
  rateLimit?: number
  maxBody?: number
  maxStreams?: number
  maxTokens?: number
  maxSessions?: number
  sessionIdle?: number
  mcpStdio: boolean
  json: boolean
}

const defaultPorts = { grpc: 8001, tls: 8443, grpcTls: 8444 }

/** Adds `serve`: the reference server in the foreground, until a signal or its parent process ends it. */
export function registerServe(program: Command): void {
  program
    .command('serve')
    .description('start the reference server: every interface in front of ONNX Runtime')
    .addOption(
      new Option('--provider <list>', 'what to compute on, tried in order: auto, cuda, webgpu, cpu')
        .argParser(providers)
        .default(['auto'], 'auto'),
    )
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <number>', 'port for clear text; 0 for any that is free', port, 8000)
    .option(
      '--grpc-port <number>',
      `port for gRPC (default: ${defaultPorts.grpc}, or any with --port 0)`,
      port,
    )
    .option(
      '--tls',
      'listen for HTTPS (HTTP/2 and HTTP/1.1) and gRPC over TLS, too, with a throw-away CA',
      false,
    )
    .option(
      '--tls-port <number>',
      `port for HTTPS (default: ${defaultPorts.tls}, or any with --port 0); implies --tls`,
      port,
    )
    .option(
      '--grpc-tls-port <number>',
      `port for gRPC over TLS (default: ${defaultPorts.grpcTls}, or any with --port 0 or --tls-port 0); implies --tls`,
      port,
    )
    .option(
      '--mtls',
      'ask TLS clients for a certificate: the throw-away one that is written beside the CA; implies --tls',
      false,
    )
    .option('--client-ca <file>', 'ask them for one that this CA (PEM) has signed; implies --tls')
    .option('--token-env <name>', 'environment variable with the bearer token that every call must show')
    .option('--workers <count>', 'model workers; a GPU has one', atLeast(1), 1)
    .option(
      '--batch-size <count>',
      'requests that the mlp model joins into one run; 1 for none',
      atLeast(1),
      1,
    )
    .option(
      '--batch-wait <duration>',
      'how long a request waits for others to join (2ms, 500us)',
      durationMs,
      2,
    )
    .option(
      '--rate-limit <rate>',
      'calls that are taken over all interfaces (100/s); more are told to wait',
      rate,
    )
    .option('--max-body <size>', 'largest request body (64MiB)', byteCount)
    .option('--max-streams <count>', 'generations that run at once', atLeast(1))
    .option('--max-tokens <count>', 'tokens that one generation may ask for', atLeast(1))
    .option(
      '--max-sessions <count>',
      'sessions of each kind that stand at once: of WebSocket (1024), of MCP and of event streams (4096)',
      atLeast(1),
    )
    .option(
      '--session-idle <duration>',
      'how long a session of WebSocket or MCP without a call stands (600s)',
      durationMs,
    )
    .option(
      '--mcp-stdio',
      'speak MCP on standard input and output alone, until the input ends; listens nowhere',
      false,
    )
    .option('--json', 'print the first line as JSON', false)
    .action((flags: ServeFlags) => (flags.mcpStdio ? serveMcp(program, flags) : serve(program, flags)))
}

async function serve(program: Command, flags: ServeFlags): Promise<void> {
  const version = program.version() ?? 'unknown'
  const server = await notAlone(start(program, flags, version))
  const { close: _, lost, ...told } = server
  const ready = { ...told, version }
  const stopped = untilStopped()
  process.stdout.write(`${flags.json ? JSON.stringify(ready) : firstLine(server, version)}\n`)
  process.send?.({ type: 'ready', ...ready })
  process.on('message', settle)
  const loss = await Promise.race([stopped, lost])
  await server.close()
  if (process.connected) process.disconnect?.()
  if (loss) fail(program, loss)
}

async function start(program: Command, flags: ServeFlags, version: string): Promise<StartedServer> {
  // Only here: every other command starts without ONNX Runtime, and works where it is not installed.
  const { startServer } = await import('../../reference-server/server.ts')
  try {
    return await startServer({
      ...modelOptions(flags),
      host: flags.host,
      port: flags.port,
      grpcPort: flags.grpcPort ?? (flags.port === 0 ? 0 : defaultPorts.grpc),
      tls: tlsOptions(flags),
      token: tokenOf(flags),
      sessions: flags.maxSessions,
      sessionIdleMs: flags.sessionIdle,
      version,
    })
  } catch (error) {
    return fail(program, error)
  }
}

/**
 * Its parent is about to read how much memory the server takes: what is no longer needed goes back to the system, as it
 * would some ten seconds after the last call.
 */
function settle(asked: { type?: string } | null): void {
  if (asked?.type !== 'settle') return
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' })
  process.send?.({ type: 'settled' })
}

/** A client's child process: its output is the protocol's, so that it says nothing else there. */
async function serveMcp(program: Command, flags: ServeFlags): Promise<void> {
  const { serveStdio } = await import('../../reference-server/stdio-server.ts')
  const stop = new AbortController()
  void untilStopped().then(() => stop.abort())
  try {
    await serveStdio({ ...modelOptions(flags), version: program.version() ?? 'unknown' }, stop.signal)
  } catch (error) {
    // An input that is still open would keep it alive.
    process.stdin.destroy()
    fail(program, error)
  } finally {
    if (process.connected) process.disconnect?.()
  }
  // The listeners for signals, and an input that is still open, would keep it alive.
  process.exit(0)
}

/** Everything that is not about listening. */
function modelOptions({
  provider,
  workers,
  batchSize,
  batchWait,
  rateLimit,
  maxBody,
  maxStreams,
  maxTokens,
}: ServeFlags) {
  return {
    providers: provider,
    workers,
    batching: { size: batchSize, waitMs: batchWait },
    limits: {
      ...(rateLimit !== undefined && { callsPerSecond: rateLimit }),
      ...(maxBody !== undefined && { bodyBytes: maxBody }),
      ...(maxStreams !== undefined && { streams: maxStreams }),
      ...(maxTokens !== undefined && { maxTokens }),
    },
  }
}

/** Tells of a failure that is this machine's state in one sentence. @throws what is a bug. */
function fail(program: Command, error: unknown): never {
  const sentence = expectedFailure(error as NodeJS.ErrnoException & { address?: string; port?: number })
  if (sentence === null) throw error
  // It is nothing that the help could help with.
  return program.showHelpAfterError(false).error(`error: ${sentence}`, { exitCode: 1 })
}

/** Ends the process where its parent is lost while it starts: nobody would ever use, or stop, the server. */
async function notAlone(starting: Promise<StartedServer>): Promise<StartedServer> {
  const leave = () => process.exit(1)
  if (process.send) {
    process.once('disconnect', leave)
    if (!process.connected) leave()
  }
  try {
    return await starting
  } finally {
    process.off('disconnect', leave)
  }
}

/** Null: clear text alone. */
function tlsOptions({ tls, tlsPort, grpcTlsPort, mtls, clientCa, port }: ServeFlags) {
  const isWanted = tls || mtls || clientCa !== undefined || tlsPort !== undefined || grpcTlsPort !== undefined
  if (!isWanted) return null
  return {
    port: tlsPort ?? (port === 0 ? 0 : defaultPorts.tls),
    grpcPort: grpcTlsPort ?? (tlsPort === 0 || port === 0 ? 0 : defaultPorts.grpcTls),
    ...(mtls && { clientCa: 'throw-away' as const }),
    ...(clientCa !== undefined && { clientCa: readFileSync(clientCa, 'utf8') }),
  }
}

/** From the environment, because a command line is for every user of a machine to read. */
function tokenOf({ tokenEnv }: ServeFlags): string | null {
  if (tokenEnv === undefined) return null
  const token = process.env[tokenEnv]
  if (!token || !/^[\x21-\x7e]+$/.test(token)) {
    throw new FlagError(`the environment variable ${tokenEnv} holds no token: visible ASCII without spaces`)
  }
  return token
}

/** A flag whose fault only shows once what it names is looked at. */
class FlagError extends Error {
  override name = 'FlagError'
}

/** What to say of a failure that is this machine's state rather than a bug; null for a bug. */
function expectedFailure(error: NodeJS.ErrnoException & { address?: string; port?: number }): string | null {
  const place = `port ${error.port} of ${error.address}`
  if (['RuntimeError', 'FlagError'].includes(error.name)) return error.message
  if (error.name === 'WorkerLostError') return `${error.message}; none is left`
  if (error.syscall === 'open') return `${error.path} cannot be read: ${error.message}`
  if (error.code === 'EADDRINUSE')
    return `${place} is already in use; choose another with --port, --grpc-port, --tls-port or --grpc-tls-port`
  if (error.code === 'EACCES') return `no permission to listen on ${place}; choose one above 1023`
  if (error.code === 'EADDRNOTAVAIL') return `${error.address} is no address of this machine`
  if (error.code === 'ENOTFOUND') return `the host to listen on is unknown: ${error.message}`
  return null
}

/** Resolves with the first SIGINT, SIGTERM or loss of the parent; a second signal ends the process at once. */
function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const
    let stopping = false
    const stop = (signal?: keyof typeof exitCodes) => {
      if (stopping && signal) process.exit(exitCodes[signal])
      stopping = true
      resolve()
    }
    process.on('SIGINT', stop)
    process.on('SIGTERM', stop)
    if (process.send) process.on('disconnect', () => stop())
  })
}

function firstLine(server: StartedServer, version: string): string {
  const urls = [server.httpUrl]
  if (server.httpsUrl) {
    const client = server.clientCertFile ? `, client ${server.clientCertFile}` : ''
    urls.push(`${server.httpsUrl} (CA ${server.caFile}${client})`)
  }
  urls.push(server.grpcUrl)
  if (server.grpcsUrl) urls.push(server.grpcsUrl)
  const software = server.software ? ` in software (${server.software})` : ''
  const skipped = server.skipped.map(
    ({ provider, reason }) => `; skipped ${provider}: ${reason.replace(/\s+/g, ' ').trim()}`,
  )
  return `infer-bench ${version} serves ${urls.join(' and ')} on ${server.provider}${software}${skipped.join('')}`
}
