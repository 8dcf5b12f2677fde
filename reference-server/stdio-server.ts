import { fstatSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Writable } from 'node:stream'
import { resolveProviders, softwareGraphicsReason } from './auto-provider.ts'
import { defaultLimits } from './limits.ts'
import { speakStdio } from './mcp/stdio.ts'
import { startRuntime } from './runtime/start.ts'
import type { ServerOptions } from './server.ts'
import { Service } from './service.ts'
import { TokenCheck } from './token-check.ts'

const standardOutput = 1

/**
 * The models behind MCP on this process's standard input and output, for one client. Resolves when the client has
 * left, or at the signal, with everything closed.
 * @throws the runtime's error when no provider runs, and that of the last model worker when none is left.
 */
export async function serveStdio(
  options: Pick<ServerOptions, 'providers' | 'workers' | 'batching' | 'limits' | 'version'>,
  stop: AbortSignal,
): Promise<void> {
  const { providers, skipped } = resolveProviders(options.providers, softwareGraphicsReason())
  const { workers, batching, version } = options
  const losing = new AbortController()
  const onLoss = (error: Error, left: number) => {
    // Not before those who wait for the worker were answered.
    if (left === 0) setImmediate(() => losing.abort(error))
  }
  const runtime = await startRuntime({ providers, workers, batching, onLoss })
  const service = new Service({
    runtime,
    skipped: [...skipped, ...runtime.skipped],
    // Whoever started the process may use it.
    tokens: new TokenCheck(null),
    limits: { ...defaultLimits, ...options.limits },
    version,
    onBug: console.error,
  })
  await speakStdio(service, process.stdin, ownOutput(), AbortSignal.any([stop, losing.signal]))
  await runtime.close()
  losing.signal.throwIfAborted()
}

/** Node's own stream blocks the whole process while a pipe is full, and so while the client reads slowly. */
function ownOutput(): Writable {
  const kind = fstatSync(standardOutput)
  if (!kind.isFIFO() && !kind.isSocket()) return process.stdout
  return new Socket({ fd: standardOutput, readable: false, writable: true })
}
