import { Worker } from 'node:worker_threads'
import type { Outcome } from '../drivers/driver.ts'
import { sharedTime } from '../load/clock.ts'
import type { Case } from '../plan/plan.ts'
import type { RoundRecord } from '../record/round-record.ts'
import { Board, type LiveDelta } from './board.ts'
import type { LoadWorker } from './load-process.ts'
import { LoadThreadError } from './load-thread-error.ts'
import type { Reply, Request, RoundOrder, ThreadData } from './messages.ts'

/** From "all threads are ready" to the round's start: enough for the message to reach every thread. */
const START_AHEAD_MS = 20
/** How long the other threads may take to come to rest when one of them is lost: more than the calls of a round may. */
const REST_MS = 3000
/** Longer than what is left to be done takes, such as to end a command that ignores that it should. */
const CLOSE_MS = 10_000

type Order = Request extends infer One ? (One extends Request ? Omit<One, 'id'> : never) : never

type StartWorker = (data: ThreadData) => LoadWorker

export type ThreadsOptions = Pick<ThreadData, 'plan' | 'workers' | 'tracePrefix'>

function startThread(workerData: ThreadData): LoadWorker {
  const file = import.meta.url.endsWith('.ts') ? './thread.ts' : './thread.js'
  return new Worker(new URL(file, import.meta.url), { workerData })
}

/** One load thread, seen from the conducting thread. */
class Thread {
  readonly board = new Board()
  readonly #name: string
  readonly #worker: LoadWorker
  readonly #open = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  readonly #gone: Promise<void>
  #failure: LoadThreadError | null = null
  #nextId = 0

  constructor({ plan, workers, tracePrefix }: ThreadsOptions, worker: number, start: StartWorker) {
    this.#name = workers === 1 ? 'the load thread' : `load thread ${worker + 1} of ${workers}`
    this.#worker = start({ plan, worker, workers, tracePrefix, board: this.board.buffer })
    this.#worker.on('message', (reply: Reply) => this.#reply(reply))
    // What cannot be read may have been the answer that somebody waits for.
    for (const event of ['error', 'messageerror'] as const) {
      this.#worker.on(event, (error: unknown) => this.#fail(LoadThreadError.of(this.#name, error)))
    }
    this.#gone = new Promise((resolve) => {
      this.#worker.on('exit', (code) => {
        this.#fail(new LoadThreadError(`${this.#name} ended with exit code ${code}`))
        resolve()
      })
    })
  }

  /** Rejects with `LoadThreadError`. */
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
    if (!this.#failure)
      await atMost(
        CLOSE_MS,
        this.ask({ do: 'close' }).catch(() => {}),
      )
    await this.#worker.terminate()
    await this.#gone
  }

  #reply(reply: Reply): void {
    const open = this.#open.get(reply.id)
    this.#open.delete(reply.id)
    if ('error' in reply) {
      open?.reject(LoadThreadError.of(this.#name, Object.assign(new Error(), reply.error)))
    } else open?.resolve(reply.value)
  }

  #fail(error: LoadThreadError): void {
    this.#failure ??= error
    for (const { reject } of this.#open.values()) reject(this.#failure)
    this.#open.clear()
  }
}

/** The load threads of a run. The thread that draws progress never makes load itself. */
export class Threads {
  readonly #threads: Thread[]

  /** @param start What a thread is: by default one of this process. */
  constructor(options: ThreadsOptions, start: StartWorker = startThread) {
    this.#threads = Array.from({ length: options.workers }, (_, worker) => new Thread(options, worker, start))
  }

  /** From now on, calls of the target prove with this token who sends them. */
  async renew(target: string, token: string): Promise<void> {
    await this.#ask({ do: 'renew', target, token })
  }

  /** Opens and closes one connection. Null when that went well. */
  check(caseIndex: number): Promise<Outcome | null> {
    return this.#threads[0]!.ask({ do: 'check', caseIndex })
  }

  /** Another case, whose server is an idle one, for `round`; its index. */
  async addFloor(planned: Case): Promise<number> {
    const indexes = await this.#ask<number>({ do: 'addFloor', planned })
    return indexes[0]!
  }

  /**
   * Runs one round on all threads at once, and tells when it begins; `prepared` is waited for before. Rejects with
   * `LoadThreadError` where one of them cannot go on: then the round is over for the others, too.
   */
  async round(
    round: RoundOrder,
    begun: () => void,
    prepared = async (): Promise<void> => {},
  ): Promise<RoundRecord[]> {
    await this.#together({ do: 'prepare', round })
    await prepared()
    const startNs = sharedTime(START_AHEAD_MS)
    begun()
    return this.#together<RoundRecord>({ do: 'run', startNs })
  }

  /** Opens so many sessions of an idle load and closes them again. */
  async warm(caseIndex: number, sessions: number): Promise<void> {
    await this.#together({ do: 'warm', caseIndex, sessions })
  }

  /** Collects garbage, where that can be asked for. */
  async settle(): Promise<void> {
    await this.#ask({ do: 'settle' })
  }

  /** The resident memory of their processes, in bytes. */
  async memory(): Promise<number> {
    return sum(await this.#ask<number>({ do: 'memory' }))
  }

  /** Ends the round that runs, if any: no call starts any more, open ones have a short while. */
  async stop(): Promise<void> {
    await this.#ask({ do: 'stop' })
  }

  look(): LiveDelta[] {
    return this.#threads.map((thread) => thread.board.look())
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()))
  }

  #ask<Value>(order: Order): Promise<Value[]> {
    return Promise.all(this.#threads.map((thread) => thread.ask<Value>(order)))
  }

  /** Asks for a part of a round, which none of the threads goes on with once it has failed in another. */
  async #together<Value>(order: Order): Promise<Value[]> {
    const asked = this.#threads.map((thread) => thread.ask<Value>(order))
    try {
      return await Promise.all(asked)
    } catch (error) {
      for (const thread of this.#threads) thread.ask({ do: 'abandon' }).catch(() => {})
      await atMost(REST_MS, Promise.allSettled(asked))
      throw error
    }
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

async function atMost(limitMs: number, done: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs)
  })
  await Promise.race([done, late])
  clearTimeout(timer)
}
