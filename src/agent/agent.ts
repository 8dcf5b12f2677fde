import { readFileSync } from 'node:fs'
import { TargetCredentials } from '../drivers/credentials.ts'
import { type Driver, OpenError, type Outcome, type Protocol } from '../drivers/driver.ts'
import { protocol } from '../drivers/registry.ts'
import { isTraced, TraceIds } from '../drivers/trace.ts'
import { UNMEASURED } from '../drivers/unmeasured.ts'
import { systemClock, threadTime, unixTime } from '../load/clock.ts'
import { IdleRound } from '../load/idle-round.ts'
import { Round } from '../load/round.ts'
import { Throttle } from '../load/throttle.ts'
import { warmUp } from '../load/warm-up.ts'
import type { Case, Plan } from '../plan/plan.ts'
import { type IdleCase, isIdle, schedule, withRate } from '../plan/schedule.ts'
import { callShape, messagesOf } from '../plan/streams.ts'
import { type LiveView, Recorder } from '../record/recorder.ts'
import type { RoundRecord } from '../record/round-record.ts'
import { fillPayload, fillTarget } from '../scenario/environment.ts'
import type { RoundOrder } from './messages.ts'
import { rehearse } from './rehearsal.ts'
import { share } from './share.ts'

export interface AgentOptions {
  plan: Plan
  /** Where `${env:NAME}` is filled in from. */
  env: Record<string, string | undefined>
  /** This agent's place among the `workers` that share the plan, from 0. */
  worker: number
  workers: number
  /** What the traces of the run have in common; null: no call is told as one. */
  tracePrefix: string | null
  live: LiveView | null
}

interface PreparedRound {
  round: Round
  recorder: Recorder
}

interface PreparedIdle {
  idle: IdleRound
  recorder: Recorder
}

type Prepared = PreparedRound | PreparedIdle
type Told = Pick<RoundRecord, 'use' | 'overflowed'>

/** Runs one worker's slice of a plan: in a thread of this process now, in another region later. */
export class Agent {
  readonly #options: AgentOptions
  /** Those of the plan, and floors. */
  readonly #cases: Case[]
  readonly #firstFloor: number
  readonly #drivers = new Map<number, Driver>()
  /** By case. */
  readonly #credentials = new Map<number, TargetCredentials>()
  /** By case; of those that keep to the waits that their servers ask for. */
  readonly #throttles = new Map<number, Throttle>()
  /** Tokens that were asked for, by target. */
  readonly #tokens = new Map<string, string>()
  /** By case; of those whose calls are told as traces. */
  readonly #traces = new Map<number, TraceIds>()
  readonly #rehearsed = new Set<Protocol>()
  #prepared: Prepared | null = null
  #stopped = false
  readonly #ending = new AbortController()

  constructor(options: AgentOptions) {
    this.#options = options
    this.#cases = [...options.plan.cases]
    this.#firstFloor = this.#cases.length
  }

  /** The target's calls prove with this token who sends them, from the next one on. */
  renew(target: string, token: string): void {
    this.#tokens.set(target, token)
    for (const [caseIndex, credentials] of this.#credentials) {
      if (this.#cases[caseIndex]!.target.name === target) credentials.renew(token)
    }
  }

  /** Another case, whose server is an idle one; its index. */
  addFloor(planned: Case): number {
    return this.#cases.push(planned) - 1
  }

  /** Opens and closes one connection of a case. Null when that went well. */
  async check(caseIndex: number): Promise<Outcome | null> {
    try {
      const driver = await this.#driver(caseIndex)
      const session = await driver.open(UNMEASURED, new AbortController().signal)
      session.close()
      return null
    } catch (error) {
      if (error instanceof OpenError) return error.outcome
      throw error
    }
  }

  /** Opens so many sessions of an idle load and closes them again. */
  async warm(caseIndex: number, sessions: number): Promise<void> {
    const planned = this.#cases[caseIndex]!
    await this.#rehearseOnce(protocolOf(planned))
    if (!isIdle(planned)) return
    const driver = await this.#driver(caseIndex)
    const { worker, workers } = this.#options
    const own = share(sessions, worker, workers)
    await warmUp(driver, own, this.#handshakesOf(planned), this.#ending.signal)
    // Resolves when all of them have taken leave of their server.
    await driver.close()
    this.#drivers.delete(caseIndex)
  }

  /** Opens the connections that a round needs; of an idle one, its sessions. */
  async prepare({ caseIndex, roundIndex, ratePerSecond }: RoundOrder): Promise<void> {
    const { worker, workers, live } = this.#options
    const planned = withRate(this.#cases[caseIndex]!, ratePerSecond)
    const { load, target, slo } = planned
    await this.#rehearseOnce(protocolOf(planned))
    const ids = this.#trace(caseIndex)
    const recorder = new Recorder(
      { stamps: protocolOf(planned).stamps, calls: callShape(planned) },
      slo,
      live,
      ids && { ids, unixTime },
    )
    if (load.model === 'idle') {
      await this.#prepareIdle({ ...planned, load }, caseIndex, recorder)
      return
    }
    const isOpenLoop = load.model !== 'closed'
    const concurrency = load.model === 'closed' ? share(load.concurrency, worker, workers) : 0
    const active = load.model === 'closed' ? Math.min(load.concurrency, workers) : workers
    const round = new Round({
      case: planned,
      driver: await this.#driver(caseIndex),
      clock: systemClock,
      recording: recorder,
      schedule: isOpenLoop ? schedule(load, { round: roundIndex, worker, workers }) : null,
      concurrency,
      calls: isOpenLoop || load.calls === null ? null : share(load.calls, worker, active),
      messages: messagesOf(planned),
      connections: load.connections === null ? null : Math.max(1, share(load.connections, worker, active)),
      throttle: this.#throttle(caseIndex),
    })
    this.#prepared = { round, recorder }
    if (this.#stopped) round.stop()
    if (isOpenLoop || concurrency > 0) await round.prepare()
    if (target.connection !== 'reused' && !this.#stopped) await this.#warm(caseIndex)
  }

  /** Runs the prepared round from a moment of the process-wide clock, in ns. */
  async run(startNs: bigint): Promise<RoundRecord> {
    const prepared = this.#prepared
    if (!prepared) throw new Error('no round is prepared')
    const startMs = threadTime(startNs)
    const told = 'idle' in prepared ? await runIdle(prepared, startMs) : await runCalls(prepared, startMs)
    this.#prepared = null
    const { recorder } = prepared
    return { counts: recorder.counts, ...recorder.finish(), ...told }
  }

  /** Ends the round that runs or is prepared. */
  abandon(): void {
    if (this.#prepared) roundOf(this.#prepared).stop()
  }

  /** The same, and ends every later one before it starts. */
  stop(): void {
    this.#stopped = true
    this.#ending.abort()
    this.abandon()
  }

  async close(): Promise<void> {
    for (const driver of this.#drivers.values()) await driver.close()
  }

  async #prepareIdle(planned: IdleCase, caseIndex: number, recorder: Recorder): Promise<void> {
    if (planned.target.connection === 'resumed' && !this.#stopped) await this.#warm(caseIndex)
    const idle = new IdleRound({
      case: planned,
      driver: await this.#driver(caseIndex),
      clock: systemClock,
      recording: recorder,
      concurrency: this.#handshakesOf(planned),
    })
    this.#prepared = { idle, recorder }
    if (this.#stopped) idle.stop()
    const { worker, workers } = this.#options
    await idle.open(share(planned.load.sessions, worker, workers))
  }

  /** This worker's that are under way at once. */
  #handshakesOf({ load }: IdleCase): number {
    const { worker, workers } = this.#options
    return Math.max(1, share(load.concurrency, worker, workers))
  }

  async #rehearseOnce(one: Protocol): Promise<void> {
    if (this.#rehearsed.has(one) || this.#stopped) return
    this.#rehearsed.add(one)
    await rehearse(one)
  }

  /**
   * One connection that is not measured, so that a case of new connections does not begin with unread code, and has
   * a TLS session to resume.
   */
  async #warm(caseIndex: number): Promise<void> {
    await this.check(caseIndex)
  }

  /** What a server asked for holds in the case's next round, too. */
  #throttle(caseIndex: number): Throttle | null {
    const { retryAfter, load, timeouts } = this.#cases[caseIndex]!
    if (retryAfter !== 'obey') return null
    const known = this.#throttles.get(caseIndex)
    const throttle = known ?? new Throttle(load.durationMs === null ? timeouts.totalMs : undefined)
    this.#throttles.set(caseIndex, throttle)
    return throttle
  }

  /** No trace of a case is another one's in its next round. */
  #trace(caseIndex: number): TraceIds | null {
    const { tracePrefix, worker } = this.#options
    if (tracePrefix === null || !isTraced(this.#cases[caseIndex]!.target)) return null
    const trace = this.#traces.get(caseIndex) ?? new TraceIds(tracePrefix, caseIndex, worker)
    this.#traces.set(caseIndex, trace)
    return trace
  }

  async #driver(caseIndex: number): Promise<Driver> {
    const known = this.#drivers.get(caseIndex)
    if (known) return known
    const { env } = this.#options
    const planned = this.#cases[caseIndex]!
    const target = fillTarget(planned.target, env)
    const payload = fillPayload(planned.payload, env)
    const { timeouts } = planned
    const found = protocolOf(planned)
    const file = payload.form === 'file' ? readFileSync(payload.path) : null
    const own = found.codec({ target, payload, file })
    const codec = caseIndex < this.#firstFloor ? own : await found.idleCodec(own)
    const credentials = new TargetCredentials(target)
    const token = this.#tokens.get(target.name)
    if (token !== undefined) credentials.renew(token)
    this.#credentials.set(caseIndex, credentials)
    const trace = this.#trace(caseIndex)
    const driver = await found.driver({ target, credentials, codec, timeouts, trace })
    this.#drivers.set(caseIndex, driver)
    return driver
  }
}

async function runCalls({ round, recorder: { counts } }: PreparedRound, startMs: number): Promise<Told> {
  const { bytes, connections, resumed, handshakeBytes, cpuMs, overflowed, use } = await round.run(startMs)
  counts.connections = connections
  counts.resumed = resumed
  counts.handshakeBytes = handshakeBytes
  counts.cpuMs = cpuMs
  counts.wireBytes = bytes.read + bytes.written
  return { use, overflowed }
}

async function runIdle({ idle, recorder: { counts } }: PreparedIdle, startMs: number): Promise<Told> {
  const { asked, stood, left, connections, resumed, handshakeBytes, use } = await idle.run(startMs)
  counts.sessionsAsked = asked
  counts.sessionsStood = stood
  counts.sessionsLeft = left
  counts.connections = connections
  counts.resumed = resumed
  counts.handshakeBytes = handshakeBytes
  return { use, overflowed: false }
}

function roundOf(prepared: Prepared): { stop(): void } {
  return 'idle' in prepared ? prepared.idle : prepared.round
}

function protocolOf(planned: Case): Protocol {
  return protocol(planned.target.interface)
}
