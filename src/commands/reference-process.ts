import { type ChildProcess, fork } from 'node:child_process'
import { EXIT } from '../exit-codes.ts'

/** Models are built and a provider is chosen before the server is ready; on a busy machine that takes a while. */
const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 10_000
const KEPT_OUTPUT_CHARACTERS = 4000

/** What `serve` tells its parent when it is ready. */
export interface ReferenceReady {
  httpUrl: string
  httpsUrl: string | null
  /** Null: it does not speak gRPC. */
  grpcUrl: string | null
  grpcsUrl: string | null
  caFile: string | null
  clientCertFile: string | null
  clientKeyFile: string | null
  provider: string
  skipped: { provider: string; reason: string }[]
  version: string
}

/** The reference server could not be started; the message says why, in the server's own words. */
class ReferenceStartError extends Error {
  override name = 'ReferenceStartError'
  readonly exitCode = EXIT.internal
}

/** The reference server in a process of its own, for the length of a run. */
export class ReferenceProcess {
  readonly ready: ReferenceReady
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, ready: ReferenceReady) {
    this.#child = child
    this.ready = ready
  }

  /** Null where `stopped` ended it before it was ready. Throws `ReferenceStartError`. */
  static async start(flags: readonly string[], stopped: AbortSignal): Promise<ReferenceProcess | null> {
    if (stopped.aborted) return null
    const file = import.meta.url.endsWith('.ts') ? '../bin.ts' : '../bin.js'
    const child = fork(new URL(file, import.meta.url), ['serve', '--port', '0', ...flags], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      // Ctrl-C reaches every process of the terminal's group; the server must outlive the run's drain.
      detached: true,
    })
    const end = () => child.kill('SIGTERM')
    stopped.addEventListener('abort', end)
    try {
      const ready = await readyOf(child, stopped)
      return ready && new ReferenceProcess(child, ready)
    } finally {
      stopped.removeEventListener('abort', end)
    }
  }

  /** Lets open calls end, then ends the server. */
  async stop(): Promise<void> {
    const { exitCode, signalCode, connected } = this.#child
    if (exitCode !== null || signalCode !== null) return
    const gone = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()))
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_TIMEOUT_MS)
    if (connected) this.#child.disconnect()
    else this.#child.kill('SIGTERM')
    await gone
    clearTimeout(timer)
  }
}

/** Null where the child ended because it was told to. */
function readyOf(child: ChildProcess, stopped: AbortSignal): Promise<ReferenceReady | null> {
  let output = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    output = (output + text).slice(-KEPT_OUTPUT_CHARACTERS)
  })
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(
        new ReferenceStartError(`the reference server was not ready within ${START_TIMEOUT_MS / 1000} s`),
      )
    }, START_TIMEOUT_MS)
    child.on('message', (message: { type?: string } & ReferenceReady) => {
      if (message?.type !== 'ready') return
      clearTimeout(timer)
      resolve(message)
    })
    child.once('close', () => {
      clearTimeout(timer)
      if (stopped.aborted) {
        resolve(null)
        return
      }
      const why = output.trim().replace(/^error: /, '') || 'it ended without a word'
      reject(new ReferenceStartError(`the reference server did not start: ${why}`))
    })
  })
}
