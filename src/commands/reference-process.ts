import { type ChildProcess, fork } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { EXIT } from '../exit-codes.ts'
import type { ServerLoss } from './server-loss.ts'

/** Models are built and a provider is chosen before the server is ready; on a busy machine that takes a while. */
const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 10_000
const SETTLE_TIMEOUT_MS = 5000
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
  readonly #losing = new AbortController()
  #isStopping = false

  private constructor(child: ChildProcess, ready: ReferenceReady, output: Output) {
    this.#child = child
    this.ready = ready
    const ended = () => {
      if (!this.#isStopping) this.#losing.abort(lossOf(child, output))
    }
    if (hasEnded(child)) ended()
    else child.once('close', ended)
  }

  /** Null where `stopped` ended it before it was ready. Throws `ReferenceStartError`. */
  static async start(flags: readonly string[], stopped: AbortSignal): Promise<ReferenceProcess | null> {
    if (stopped.aborted) return null
    const file = import.meta.url.endsWith('.ts') ? '../bin.ts' : '../bin.js'
    const child = fork(new URL(file, import.meta.url), ['serve', '--port', '0', ...flags], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      // Ctrl-C reaches every process of the terminal's group; the server must outlive the run's drain.
      detached: true,
      execArgv: [...process.execArgv, '--expose-gc'],
    })
    const output = new Output(child)
    const end = () => child.kill('SIGTERM')
    stopped.addEventListener('abort', end)
    try {
      const ready = await readyOf(child, output, stopped)
      return ready && new ReferenceProcess(child, ready, output)
    } finally {
      stopped.removeEventListener('abort', end)
    }
  }

  /** Aborted when the server ends before it was told to; the reason is a `ServerLoss`. */
  get lost(): AbortSignal {
    return this.#losing.signal
  }

  /** Has the server give the memory back that it no longer needs. Resolves also where it has ended. */
  async settle(): Promise<void> {
    const { exitCode, signalCode, connected } = this.#child
    if (exitCode !== null || signalCode !== null || !connected) return
    await new Promise<void>((resolve) => {
      const heard = (message: { type?: string }) => message?.type === 'settled' && done()
      const done = () => {
        clearTimeout(timer)
        this.#child.off('message', heard)
        this.#child.off('exit', done)
        resolve()
      }
      const timer = setTimeout(done, SETTLE_TIMEOUT_MS)
      this.#child.on('message', heard)
      this.#child.once('exit', done)
      this.#child.send({ type: 'settle' }, (error) => error && done())
    })
  }

  /** Lets open calls end, then ends the server. */
  async stop(): Promise<void> {
    this.#isStopping = true
    await this.#end()
    // A server that was killed has left its throw-away certificates behind.
    const { caFile } = this.ready
    if (caFile !== null) await rm(dirname(caFile), { recursive: true, force: true })
  }

  async #end(): Promise<void> {
    if (hasEnded(this.#child)) return
    const gone = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()))
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_TIMEOUT_MS)
    if (this.#child.connected) this.#child.disconnect()
    else this.#child.kill('SIGTERM')
    await gone
    clearTimeout(timer)
  }
}

function lossOf({ exitCode, signalCode }: ChildProcess, { text }: Output): ServerLoss {
  const lines = text.trim().split('\n')
  const why = lines.map((line) => /^(?:fatal )?error: (.*)/i.exec(line)?.[1]).findLast((found) => found)
  const how = signalCode ?? `exit code ${exitCode}`
  return {
    reason: `the reference server ended with ${how}${why === undefined ? '' : `: ${why}`}`,
    said: lines.length > 1 ? lines.join('\n') : '',
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null
}

/** What the server said last. */
class Output {
  text = ''

  constructor(child: ChildProcess) {
    child.stderr!.setEncoding('utf8').on('data', (piece: string) => {
      this.text = (this.text + piece).slice(-KEPT_OUTPUT_CHARACTERS)
    })
  }
}

/** Null where the child ended because it was told to. */
function readyOf(child: ChildProcess, output: Output, stopped: AbortSignal): Promise<ReferenceReady | null> {
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
    child.once('error', ({ message }) => {
      clearTimeout(timer)
      reject(new ReferenceStartError(`the reference server could not be started: ${message}`))
    })
    child.once('close', () => {
      clearTimeout(timer)
      if (stopped.aborted) {
        resolve(null)
        return
      }
      const why = output.text.trim().replace(/^error: /, '') || 'it ended without a word'
      reject(new ReferenceStartError(`the reference server did not start: ${why}`))
    })
  })
}
