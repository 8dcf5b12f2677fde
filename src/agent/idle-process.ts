import { type ChildProcess, fork } from 'node:child_process'
import type { IdleRequest, IdleServer } from '../drivers/driver.ts'
import type { IdleOrder, IdleReply } from './idle-messages.ts'

const START_TIMEOUT_MS = 10_000

/**
 * The process in which do-nothing servers run, started with the first of them: beside the load in one thread they would
 * answer late, and that would pass for what the machine needs. It ends when the channel to it does, so not even
 * `kill -9` leaves it behind.
 */
export class IdleProcess {
  #child: ChildProcess | null = null
  #gone: Promise<void> = Promise.resolve()
  readonly #waiting = new Map<number, (reply: IdleReply) => void>()
  #nextId = 0

  /** Rejects with a plain error that says why there is none. */
  async start(name: string, asked: IdleRequest): Promise<IdleServer> {
    const id = this.#nextId++
    const reply = await this.#ask({ do: 'start', id, interface: name, asked })
    if ('error' in reply) throw new Error(reply.error)
    return { ...reply.server, close: () => this.#send({ do: 'stop', id }) }
  }

  /** Resolves when the process is gone. Another start begins another one. */
  async close(): Promise<void> {
    this.#child?.kill('SIGKILL')
    await this.#gone
  }

  #ask(order: IdleOrder): Promise<IdleReply> {
    const { id } = order
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#settle({ id, error: `its server was not ready within ${START_TIMEOUT_MS / 1000} s` })
      }, START_TIMEOUT_MS)
      this.#waiting.set(id, (reply) => {
        clearTimeout(timer)
        resolve(reply)
      })
      this.#send(order)
    })
  }

  #send(order: IdleOrder): void {
    if (order.do === 'stop' && !this.#child) return
    this.#child ??= this.#fork()
    // What cannot be sent any more is answered by the child's end.
    this.#child.send(order, () => {})
  }

  #fork(): ChildProcess {
    const file = import.meta.url.endsWith('.ts') ? './idle-host.ts' : './idle-host.js'
    const child = fork(new URL(file, import.meta.url), [], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      // Flags of this process, an inspector's port among them, are not for it.
      execArgv: [],
      // Ctrl-C reaches every process of the terminal's group; it is for the tool, which ends this one.
      detached: true,
    })
    child.on('message', (reply: IdleReply) => this.#settle(reply))
    this.#gone = new Promise((resolve) => {
      const ended = (why: string) => {
        this.#child = null
        for (const id of [...this.#waiting.keys()]) this.#settle({ id, error: `its server ${why}` })
        resolve()
      }
      child.once('error', (error) => ended(`could not be started: ${error.message}`))
      child.once('exit', (code, signal) => ended(`ended with ${signal ?? `code ${code}`}`))
    })
    return child
  }

  #settle(reply: IdleReply): void {
    this.#waiting.get(reply.id)?.(reply)
    this.#waiting.delete(reply.id)
  }
}
