import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'

const CLOSE_MS = 5000

/** In the environment of what this thread starts, by which its warden knows it. */
const MARK = { name: 'INFER_BENCH_STARTED_BY', value: randomUUID() }

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

  /** The environment that a command is to be started with. */
  marked(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
    return { ...environment, [MARK.name]: MARK.value }
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
    ended.stdin!.end('.\n')
    if (ended.exitCode === null && ended.signalCode === null) await gone
    clearTimeout(timer)
  }
}

function startWarden(): ChildProcess {
  const file = import.meta.url.endsWith('.ts') ? './warden.ts' : './warden.js'
  const args = [fileURLToPath(new URL(file, import.meta.url)), `${MARK.name}=${MARK.value}`]
  const started = spawn(process.execPath, args, {
    stdio: ['pipe', 'ignore', 'ignore'],
    // Out of the reach of a Ctrl-C: it must outlive its parent.
    detached: true,
  })
  started.stdin.on('error', () => {})
  started.on('error', () => {})
  started.unref()
  return started
}
