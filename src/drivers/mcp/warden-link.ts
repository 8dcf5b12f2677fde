import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const CLOSE_MS = 5000

/** The warden of this driver's processes, which begins with the first of them. */
export class Warden {
  #process: ChildProcess | null = null

  /** The process group is ended should this process end without doing so itself. */
  watch(pid: number): void {
    this.#process ??= startWarden()
    this.#process.stdin!.write(`+${pid}\n`)
  }

  leave(pid: number): void {
    this.#process?.stdin?.write(`-${pid}\n`)
  }

  async close(): Promise<void> {
    const warden = this.#process
    if (!warden) return
    const gone = new Promise<void>((resolve) => warden.once('exit', () => resolve()))
    const timer = setTimeout(() => warden.kill('SIGKILL'), CLOSE_MS)
    warden.stdin!.end()
    if (warden.exitCode === null && warden.signalCode === null) await gone
    clearTimeout(timer)
  }
}

function startWarden(): ChildProcess {
  const file = import.meta.url.endsWith('.ts') ? './warden.ts' : './warden.js'
  const warden = spawn(process.execPath, [fileURLToPath(new URL(file, import.meta.url))], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // Out of the reach of a Ctrl-C: it must outlive its parent.
    detached: true,
  })
  warden.stdin.on('error', () => {})
  warden.on('error', () => {})
  warden.unref()
  return warden
}
