import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const CLOSE_MS = 5000

/** The warden of this thread's commands: one for all drivers, from the first of them on. */
let warden: ChildProcess | null = null
let users = 0

/**
 * A driver's part in the warden, which starts before the first command does: nobody would end a command that was there
 * before, and its own start would pass for a part of the command's.
 */
export class WardenLink {
  constructor() {
    users++
    warden ??= startWarden()
  }

  /** The process group is ended should this process end without doing so itself. */
  watch(pid: number): void {
    warden?.stdin?.write(`+${pid}\n`)
  }

  leave(pid: number): void {
    warden?.stdin?.write(`-${pid}\n`)
  }

  /** The last one to leave ends the warden, and sees it gone. */
  async close(): Promise<void> {
    users--
    const ended = warden
    if (users > 0 || !ended) return
    warden = null
    const gone = new Promise<void>((resolve) => ended.once('exit', () => resolve()))
    const timer = setTimeout(() => ended.kill('SIGKILL'), CLOSE_MS)
    ended.stdin!.end()
    if (ended.exitCode === null && ended.signalCode === null) await gone
    clearTimeout(timer)
  }
}

function startWarden(): ChildProcess {
  const file = import.meta.url.endsWith('.ts') ? './warden.ts' : './warden.js'
  const started = spawn(process.execPath, [fileURLToPath(new URL(file, import.meta.url))], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // Out of the reach of a Ctrl-C: it must outlive its parent.
    detached: true,
  })
  started.stdin.on('error', () => {})
  started.on('error', () => {})
  started.unref()
  return started
}
