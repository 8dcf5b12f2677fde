import { type ChildProcessByStdio, spawn } from 'node:child_process'
import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { WardenLink } from '../drivers/mcp/warden-link.ts'
import { EXIT } from '../exit-codes.ts'
import { scrub } from '../scenario/environment.ts'
import type { Readiness } from '../scenario/server-schema.ts'
import type { ServerLoss } from './server-loss.ts'

type Child = ChildProcessByStdio<null, Readable, Readable>

const ASK_EVERY_MS = 100
const ANSWER_WITHIN_MS = 2000
const GRACE_MS = 5000
const KEPT_OUTPUT_CHARACTERS = 4000
const FIRST_FAILURE = 400

/** A server of the user's own, as the scenario describes it, with every variable filled in. */
export interface ServerSpec {
  name: string
  command: string[]
  ready: Readiness
  readyWithinMs: number
  env: Record<string, string>
  cwd: string
  /** What its messages must not tell, as `scrub` wants it. */
  secrets: readonly string[]
}

/** A server could not be started; the message says why, in its own words. */
class ServerStartError extends Error {
  override name = 'ServerStartError'
  readonly exitCode = EXIT.unreachable
}

/** A command that serves, for the length of a run: a process group of its own, started without a shell. */
export class ServerCommand {
  readonly #spec: ServerSpec
  readonly #child: Child
  readonly #warden = new WardenLink()
  readonly #losing = new AbortController()
  readonly #ended: Promise<void>
  #output = ''
  #isStopping = false

  private constructor(spec: ServerSpec, env: NodeJS.ProcessEnv) {
    this.#spec = spec
    const [program, ...args] = spec.command
    const child = spawn(program!, args, {
      cwd: spec.cwd,
      env: this.#warden.marked({ ...env, ...spec.env }),
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: false,
      // A group of its own: it is ended with all that it starts, and the terminal's Ctrl-C is not for it.
      detached: true,
      windowsHide: true,
    })
    this.#child = child
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-KEPT_OUTPUT_CHARACTERS)
      })
    }
    if (child.pid !== undefined) this.#warden.watch(child.pid)
    this.#ended = new Promise((resolve) => {
      child.once('error', (error) => {
        this.#output = error.message
        resolve()
      })
      child.once('exit', () => {
        if (child.pid !== undefined) this.#warden.leave(child.pid)
        if (!this.#isStopping) this.#losing.abort(this.#loss())
        resolve()
      })
    })
  }

  /** Null where `stopped` ended it before it was ready. Throws `ServerStartError`. */
  static async start(
    spec: ServerSpec,
    env: NodeJS.ProcessEnv,
    stopped: AbortSignal,
  ): Promise<ServerCommand | null> {
    if (stopped.aborted) return null
    const server = new ServerCommand(spec, env)
    const failure = await server.#whenReady(stopped)
    if (failure === null) return server
    await server.stop()
    if (stopped.aborted) return null
    throw new ServerStartError(`the server ${spec.name} ${failure}`)
  }

  /** Aborted when it ends before it was told to; the reason is a `ServerLoss`. */
  get lost(): AbortSignal {
    return this.#losing.signal
  }

  /** Once: it leaves the warden, too. */
  async stop(): Promise<void> {
    this.#isStopping = true
    const { pid, exitCode, signalCode } = this.#child
    if (pid !== undefined && exitCode === null && signalCode === null) {
      kill(pid, 'SIGTERM')
      const timer = setTimeout(() => kill(pid, 'SIGKILL'), GRACE_MS)
      await this.#ended
      clearTimeout(timer)
    }
    // What it started itself ends with it.
    if (pid !== undefined) kill(pid, 'SIGKILL')
    await this.#warden.close()
  }

  /** Null once it is ready; else why it will not be. */
  async #whenReady(stopped: AbortSignal): Promise<string | null> {
    const { ready, readyWithinMs } = this.#spec
    const limit = AbortSignal.timeout(readyWithinMs)
    const over = AbortSignal.any([limit, stopped])
    let hasEnded = false
    void this.#ended.then(() => {
      hasEnded = true
    })
    while (!over.aborted) {
      // Somebody else may answer at its address: what has ended is not ready.
      if (hasEnded) return this.#why()
      const isReady =
        'line' in ready ? this.#output.includes(ready.line) : await answers(new URL(ready.url), over)
      if (isReady && !hasEnded) return null
      await Promise.race([sleep(ASK_EVERY_MS), this.#ended])
    }
    const waited =
      'line' in ready ? `did not print ${JSON.stringify(ready.line)}` : `did not answer at ${ready.url}`
    return `${waited} within ${readyWithinMs / 1000} s${this.#said()}`
  }

  #loss(): ServerLoss {
    const reason = `the server ${this.#spec.name} ${this.#how()}`
    return { reason, said: scrub(this.#output.trim(), this.#spec.secrets) }
  }

  #how(): string {
    const { exitCode, signalCode } = this.#child
    return `ended with ${signalCode ?? `exit code ${exitCode}`}`
  }

  #why(): string {
    return this.#child.pid === undefined
      ? `could not be started${this.#said()}`
      : `${this.#how()} before it was ready${this.#said()}`
  }

  #said(): string {
    const last = this.#output.trim().split('\n').at(-1) ?? ''
    return last === '' ? '' : `: ${scrub(last, this.#spec.secrets)}`
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch {
    // Nothing is left of it.
  }
}

function answers(url: URL, over: AbortSignal): Promise<boolean> {
  const signal = AbortSignal.any([over, AbortSignal.timeout(ANSWER_WITHIN_MS)])
  return new Promise((resolve) => {
    if (url.protocol === 'tcp:') {
      const socket = net.connect({ host: bare(url.hostname), port: Number(url.port), signal })
      socket.once('connect', () => {
        socket.destroy()
        resolve(true)
      })
      socket.once('error', () => resolve(false))
      return
    }
    // Whether its certificate can be trusted is asked when it is measured.
    const options = { signal, agent: false, rejectUnauthorized: false }
    const request = (url.protocol === 'https:' ? https : http).get(url, options, (response) => {
      response.resume()
      request.destroy()
      resolve(response.statusCode! < FIRST_FAILURE)
    })
    request.once('error', () => resolve(false))
  })
}

function bare(host: string): string {
  return host.replace(/^\[|\]$/g, '')
}
