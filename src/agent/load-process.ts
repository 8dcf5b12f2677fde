import { type ChildProcess, fork } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import type { Worker } from 'node:worker_threads'
import type { ThreadData } from './messages.ts'

/** What makes load, as far as whoever conducts it has to do with it. */
export type LoadWorker = Pick<Worker, 'on' | 'postMessage' | 'terminate'>

/**
 * A process that makes load, to its conductor like a load thread. Its memory is its own, which that of a thread beside
 * others never is.
 */
class LoadProcess extends EventEmitter {
  readonly #child: ChildProcess

  constructor({ board: _board, ...data }: ThreadData) {
    super()
    const file = import.meta.url.endsWith('.ts') ? './load-host.ts' : './load-host.js'
    this.#child = fork(new URL(file, import.meta.url), [], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      // What threads say to each other is more than JSON knows.
      serialization: 'advanced',
      execArgv: ['--expose-gc'],
      // Ctrl-C reaches every process of the terminal's group; it is for the tool, which ends this one.
      detached: true,
    })
    for (const event of ['message', 'error'] as const) {
      this.#child.on(event, (told: unknown) => this.emit(event, told))
    }
    this.#child.once('exit', (code) => this.emit('exit', code ?? 1))
    // No other process sees a board in shared memory.
    this.postMessage({ ...data, board: null } satisfies ThreadData)
  }

  postMessage(message: object): void {
    // What cannot be sent any more is answered by the child's end.
    this.#child.send(message, () => {})
  }

  async terminate(): Promise<number> {
    const { exitCode, signalCode } = this.#child
    if (exitCode !== null || signalCode !== null) return exitCode ?? 1
    const gone = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await gone
    return this.#child.exitCode ?? 1
  }
}

export function startLoadProcess(data: ThreadData): LoadWorker {
  return new LoadProcess(data) as unknown as LoadWorker
}
