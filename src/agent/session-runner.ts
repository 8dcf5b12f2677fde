import { setTimeout as sleep } from 'node:timers/promises'
import type { Plan } from '../plan/plan.ts'
import { type IdleCase, isIdle } from '../plan/schedule.ts'
import type { RoundRecord } from '../record/round-record.ts'
import { startLoadProcess } from './load-process.ts'
import type { RoundOrder } from './messages.ts'
import { readUsage, type UsageSource } from './server-usage.ts'
import { type MemoryReading, memoryOfSessions, type SessionMemory, typicalReading } from './session-memory.ts'
import { Threads } from './threads.ts'

/** So many sessions make code compiled code. */
const MOST_WARMING = 1000
const BATCH = 100
/** The median of so many readings is kept: either side may do something else in the moment of one. */
const READINGS = 5
const APART_MS = 50

export interface SessionRunnerOptions {
  plan: Plan
  caseIndex: number
  workers: number
  /** Tokens that were asked for, by target. */
  tokens: ReadonlyMap<string, string>
  server: SessionServer
  /** Aborted when the run is to end before its time. */
  ended: AbortSignal
}

/** The server that the sessions are of. */
export interface SessionServer {
  /** Null: nobody tells what it uses. */
  usage: UsageSource | null
  /** Gives back the memory that it does not need, if it can be asked to. */
  settle(): Promise<void>
  /** It is needed no longer. */
  close(): Promise<void>
}

/**
 * Runs a round of a load whose sessions stand idle, in processes that have done nothing else and end with it: by what
 * their memory grows, that is what the sessions take.
 */
export class SessionRunner {
  readonly #options: SessionRunnerOptions
  readonly #load: IdleCase['load']
  readonly #processes: Threads
  readonly #stop = (): void => void this.#processes.stop().catch(() => {})

  constructor(options: SessionRunnerOptions) {
    const { plan, caseIndex, workers, tokens, ended } = options
    const planned = plan.cases[caseIndex]!
    if (!isIdle(planned)) throw new Error(`${planned.name}: its load makes calls`)
    this.#options = options
    this.#load = planned.load
    this.#processes = new Threads({ plan, workers, tracePrefix: null }, startLoadProcess)
    for (const [target, token] of tokens) this.renew(target, token)
    ended.addEventListener('abort', this.#stop)
    if (ended.aborted) this.#stop()
  }

  renew(target: string, token: string): void {
    this.#processes.renew(target, token).catch(() => {})
  }

  /**
   * Opens sessions and closes them again, so that neither side's code is new when those are opened whose memory is told.
   * What they leave is collected time and again: memory that both sides once had would be there for the others.
   */
  async warm(): Promise<void> {
    const { caseIndex, ended } = this.#options
    for (let left = Math.min(this.#load.sessions, MOST_WARMING); left > 0; left -= BATCH) {
      if (ended.aborted) return
      await this.#processes.warm(caseIndex, Math.min(left, BATCH))
      await this.#settle()
    }
  }

  /** What the sessions take is read before they are opened and while all of them stand, and told with the records. */
  async round(
    order: RoundOrder,
    begun: () => void,
  ): Promise<{ records: RoundRecord[]; sessionMemory: SessionMemory | null }> {
    let sessionMemory: SessionMemory | null = null
    const before = await this.#read()
    const records = await this.#processes.round(order, begun, async () => {
      sessionMemory = memoryOfSessions(before, await this.#read())
    })
    // Where the run was ended meanwhile, sessions were closed while memory was read.
    return { records, sessionMemory: this.#options.ended.aborted ? null : sessionMemory }
  }

  /** Both sides as they are when they were left alone for a while and keep no more than they need. */
  async #read(): Promise<MemoryReading> {
    await this.#sleep(this.#load.warmupMs)
    await this.#settle()
    const readings: MemoryReading[] = []
    for (let count = 0; count < READINGS; count++) {
      await this.#sleep(APART_MS)
      const [{ residentBytes: serverBytes }, clientBytes] = await Promise.all([
        readUsage(this.#options.server.usage),
        this.#processes.memory(),
      ])
      readings.push({ serverBytes, clientBytes })
    }
    return typicalReading(readings)
  }

  async #settle(): Promise<void> {
    await Promise.all([this.#processes.settle(), this.#options.server.settle()])
  }

  async #sleep(durationMs: number): Promise<void> {
    await sleep(durationMs, undefined, { signal: this.#options.ended }).catch(() => {})
  }

  /** Resolves when every session has taken leave of its server, and nothing of them is left. */
  async close(): Promise<void> {
    this.#options.ended.removeEventListener('abort', this.#stop)
    await this.#processes.close()
    await this.#options.server.close()
  }
}
