import { Buffer } from 'node:buffer'
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { type ByteCounts, type DriverOptions, failure, OpenError, type Outcome } from '../driver.ts'
import { abortable } from '../transport/connect.ts'
import { limitOutcome } from '../transport/errors.ts'
import type { ChannelOwner, OpenChannel } from './channel.ts'
import { type McpOptions, MOST_MESSAGE_BYTES, REFERENCE_COMMAND } from './options.ts'
import { TextChannel } from './text-channel.ts'
import { WardenLink } from './warden-link.ts'

type Child = ChildProcessByStdio<Writable, Readable, Readable>

/** How long a server may take to end once its input is closed, and once it was asked to end. */
const GRACE_MS = 1000
/** How long the rest of the output of a server that ended is waited for. */
const REST_MS = 100
/** As much of what a server said to stderr as is kept for a person to read. */
const SAID_CHARACTERS = 300
/** What of the tool's environment a server gets, besides what the scenario gives it. */
const SAFE_VARIABLES = ['HOME', 'LANG', 'LOGNAME', 'PATH', 'SHELL', 'TERM', 'TMPDIR', 'USER']
const NEWLINE = 10

/** Lines of a command's standard input and output. */
class StdioChannel extends TextChannel {
  readonly #child: Child
  readonly #gone: Promise<void>
  #read = 0
  #written = 0
  #pieces: Buffer[] = []
  #pieceBytes = 0
  #said = ''

  constructor(owner: ChannelOwner, child: Child) {
    super(owner)
    this.#child = child
    child.stdout.on('data', (piece: Buffer) => this.#take(piece))
    child.stderr.on('data', (piece: Buffer) => {
      this.#said = (this.#said + piece.toString()).slice(-SAID_CHARACTERS)
    })
    // A server that is gone says so by its end.
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', () => {})
    this.#gone = new Promise((resolve) => {
      child.once('exit', () => {
        resolve()
        // What it wrote last may still be on its way, and a child of its own may hold its output open for ever.
        const timer = setTimeout(() => this.#exited(), REST_MS)
        child.once('close', () => {
          clearTimeout(timer)
          this.#exited()
        })
      })
    })
  }

  wireBytes(into: ByteCounts): void {
    into.read = this.#read
    into.written = this.#written
  }

  async end(): Promise<void> {
    const pid = this.#child.pid!
    this.#child.stdin.end()
    this.read(true)
    const asking = setTimeout(() => killGroup(pid, 'SIGTERM'), GRACE_MS)
    const forcing = setTimeout(() => killGroup(pid, 'SIGKILL'), 2 * GRACE_MS)
    await this.#gone
    clearTimeout(asking)
    clearTimeout(forcing)
    // What it started itself ends with it.
    killGroup(pid, 'SIGKILL')
  }

  protected read(on: boolean): void {
    if (on) this.#child.stdout.resume()
    else this.#child.stdout.pause()
  }

  protected get waitingBytes(): number {
    return this.#child.stdin.writableLength
  }

  protected write(text: string, written: () => void): void {
    const bytes = Buffer.from(`${text}\n`)
    this.#written += bytes.length
    this.#child.stdin.write(bytes, written)
  }

  #take(piece: Buffer): void {
    this.#read += piece.length
    // What a server goes on to say once it was found wrong is not kept: it may never stop.
    if (this.isOver) return
    let from = 0
    for (let end = piece.indexOf(NEWLINE); end !== -1; end = piece.indexOf(NEWLINE, from)) {
      const last = piece.subarray(from, end)
      from = end + 1
      const line = this.#pieces.length > 0 ? Buffer.concat([...this.#pieces, last]) : last
      this.#pieces.length = 0
      this.#pieceBytes = 0
      if (line.length > 0) this.received(line.toString('utf8'))
    }
    if (from === piece.length) return
    this.#pieces.push(piece.subarray(from))
    this.#pieceBytes += piece.length - from
    if (this.#pieceBytes > MOST_MESSAGE_BYTES) {
      this.lose(failure('response', 'decode', 'too_large', `a line of more than ${MOST_MESSAGE_BYTES} bytes`))
    }
  }

  #exited(): void {
    const { exitCode, signalCode } = this.#child
    const how = signalCode ?? `code ${exitCode}`
    const said = this.#said.trim()
    const sample = `the server ended with ${how}${said === '' ? '' : `: ${said}`}`
    this.lose(failure('response', 'mcp.exited', String(signalCode ?? exitCode), sample))
  }
}

/** A command for each session, without a shell. Resolves `end` of each only when its process is gone. */
export function overStdio({ target }: DriverOptions<unknown>): { open: OpenChannel; close(): Promise<void> } {
  const options = target.options as unknown as McpOptions
  const command = options.command === REFERENCE_COMMAND ? referenceCommand() : options.command
  const [program, ...args] = command!
  const environment = { ...safeEnvironment(), ...options.env }
  const warden = new WardenLink()
  const open: OpenChannel = async (owner, probe, signal) => {
    const child = spawn(program!, args, {
      cwd: options.cwd,
      env: warden.marked(environment),
      stdio: ['pipe', 'pipe', 'pipe'],
      shell: false,
      // A group of its own: it is ended with all that it starts, and the terminal's Ctrl-C is not for it.
      detached: true,
      windowsHide: true,
    })
    const { pid } = child
    if (pid !== undefined) {
      warden.watch(pid)
      child.once('exit', () => warden.leave(pid))
    }
    await abortable<void>(
      signal,
      (succeed, fail) => {
        child.once('spawn', succeed)
        child.once('error', (error: NodeJS.ErrnoException) => fail(new OpenError(spawnOutcome(error))))
      },
      () => {
        if (pid !== undefined) killGroup(pid, 'SIGKILL')
      },
    )
    probe.phase('spawn')
    return new StdioChannel(owner, child)
  }
  return { open, close: () => warden.close() }
}

/** The bundled server, by the program that runs here. */
function referenceCommand(): string[] {
  const bin = import.meta.url.endsWith('.ts') ? '../../bin.ts' : '../../bin.js'
  return [process.execPath, fileURLToPath(new URL(bin, import.meta.url)), 'serve', '--mcp-stdio']
}

function spawnOutcome(error: NodeJS.ErrnoException): Outcome {
  return limitOutcome('spawn', error) ?? failure('spawn', 'mcp.spawn', error.code ?? '', error.message)
}

function safeEnvironment(): Record<string, string> {
  const known = SAFE_VARIABLES.map((name) => [name, process.env[name]] as const)
  return Object.fromEntries(known.filter((pair): pair is [string, string] => pair[1] !== undefined))
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch {
    // Nothing is left of it.
  }
}
