import { Worker } from 'node:worker_threads'
import type { Outcome } from '../drivers/driver.ts'
import { sharedTime } from '../load/clock.ts'
import type { Case, Plan } from '../plan/plan.ts'
import type { RoundRecord } from '../record/round-record.ts'
import { Board, type LiveDelta } from './board.ts'
import type { Reply, Request, RoundOrder, ThreadData } from './messages.ts'

/** From "all threads are ready" to the round's start: enough for the message to reach every thread. */
const START_AHEAD_MS = 20

type Order = Request extends infer One ? (One extends Request ? Omit<One, 'id'> : never) : never

/** One load thread, seen from the conducting thread. */
class Thread {
  readonly board = new Board()
  readonly #worker: Worker
  readonly #open = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  readonly #gone: Promise<void>
  #failure: Error | null = null
  #nextId = 0

  constructor(plan: Plan, worker: number, workers: number) {
    const workerData: ThreadData = { plan, worker, workers, board: this.board.buffer }
    const file = import.meta.url.endsWith('.ts') ? './thread.ts' : './thread.js'
    this.#worker = new Worker(new URL(file, import.meta.url), { workerData })
    this.#worker.on('message', (reply: Reply) => this.#reply(reply))
    this.#worker.on('error', (error) => this.#fail(error as Error))
    this.#gone = new Promise((resolve) => {
      this.#worker.on('exit', () => {
        this.#fail(new Error(`load thread ${worker} ended`))
        resolve()
      })
    })
  }

  ask<Value>(order: Order): Promise<Value> {
    return new Promise((resolve, reject) => {
      if (this.#failure) {
        reject(this.#failure)
        return
      }
      const id = this.#nextId++
      this.#open.set(id, { resolve: resolve as (value: unknown) => void, reject })
      this.#worker.postMessage({ ...order, id })
    })
  }

  /** Ends the thread, also where it waits for something that may never come. */
  async close(): Promise<void> {
    if (!this.#failure) await this.ask({ do: 'close' }).catch(() => {})
    await this.#worker.terminate()
    await this.#gone
  }

  #reply(reply: Reply): void {
    const open = this.#open.get(reply.id)
    this.#open.delete(reply.id)
    if ('error' in reply) {
      const error = new Error(reply.error.message)
      error.stack = reply.error.stack
      open?.reject(error)
    } else open?.resolve(reply.value)
  }

  #fail(error: Error): void {
    this.#failure ??= error
    for (const { reject } of this.#open.values()) reject(this.#failure)
    this.#open.clear()
  }
}

/** The load threads of a run. The thread that draws progress never makes load itself. */
export class Threads {
  readonly #threads: Thread[]

  constructor(plan: Plan, workers: number) {
    this.#threads = Array.from({ length: workers }, (_, worker) => new Thread(plan, worker, workers))
  }

  /** From now on, calls of the target prove with this token who sends them. */
  async renew(target: string, token: string): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.ask({ do: 'renew', target, token })))
  }

  /** Opens and closes one connection. Null when that went well. */
  check(caseIndex: number): Promise<Outcome | null> {
    return this.#threads[0]!.ask({ do: 'check', caseIndex })
  }

  /** Another case, whose server is an idle one, for `round`; its index. */
  async addFloor(planned: Case): Promise<number> {
    const indexes = await Promise.all(
      this.#threads.map((thread) => thread.ask<number>({ do: 'addFloor', planned })),
    )
    return indexes[0]!
  }

  /** Runs one round on all threads at once, and tells when it begins. */
  async round(round: RoundOrder, begun: () => void): Promise<RoundRecord[]> {
    await Promise.all(this.#threads.map((thread) => thread.ask({ do: 'prepare', round })))
    const startNs = sharedTime(START_AHEAD_MS)
    begun()
    return Promise.all(this.#threads.map((thread) => thread.ask<RoundRecord>({ do: 'run', startNs })))
  }

  /** Ends the round that runs, if any: no call starts any more, open ones have a short while. */
  async stop(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.ask({ do: 'stop' })))
  }

  look(): LiveDelta[] {
    return this.#threads.map((thread) => thread.board.look())
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()))
  }
}
