import type { Certificate, IdleServer } from '../drivers/driver.ts'
import { protocol } from '../drivers/registry.ts'
import { isSecureScheme } from '../drivers/transport/scheme.ts'
import { floorKey, floorLoads, isEnough, longerLoad, noFloorReason, wantsFloor } from '../plan/floor.ts'
import type { Case, Load } from '../plan/plan.ts'
import type { RoundRecord } from '../record/round-record.ts'
import { fillTarget } from '../scenario/environment.ts'
import { IdleProcess } from './idle-process.ts'
import type { RoundOrder } from './messages.ts'

const TIMEOUTS = { connectMs: 2000, firstByteMs: null, idleMs: null, totalMs: 5000 }

/** What was measured against a server that does nothing, or why nothing was. */
export type MeasuredFloor = { planned: Case; records: RoundRecord[] } | { planned: Case; reason: string }

/** Runs the rounds: the load threads that run the cases themselves. */
interface FloorRunner {
  /** The case's index among those that `round` knows; its server is an idle one. */
  addFloor(planned: Case): Promise<number>
  round(round: RoundOrder, begun: () => void): Promise<RoundRecord[]>
}

export interface FloorsOptions {
  cases: readonly Case[]
  env: Record<string, string | undefined>
  runner: FloorRunner
  /** Asked for once, where a floor is one of TLS. */
  certificate(): Promise<Certificate>
  isStopped(): boolean
}

/**
 * Measures the floor under each case: the same driver with the same load against a server of the same protocol that
 * does nothing. Cases whose floor is the same ask for it once.
 */
export class Floors {
  readonly #options: FloorsOptions
  readonly #process = new IdleProcess()
  readonly #measured = new Map<string, MeasuredFloor>()
  readonly #alike: Map<string, Case[]>
  #certificate: Promise<Certificate> | null = null

  constructor(options: FloorsOptions) {
    this.#options = options
    const open = options.cases.filter(({ floor }) => floor !== 'off')
    this.#alike = Map.groupBy(open, (one) => this.#key(one))
  }

  /**
   * Null where none is wanted, and where the user ended the run. `foundRatePerSecond`: of a case whose rate was searched
   * for. `begun` is called when one has to be measured.
   */
  async of(
    planned: Case,
    foundRatePerSecond: number | null,
    begun: () => void,
  ): Promise<MeasuredFloor | null> {
    const alike = this.#alike.get(this.#key(planned))
    if (!alike?.includes(planned) || !wantsFloor(alike)) return null
    const key = `${this.#key(planned)} ${foundRatePerSecond}`
    const known = this.#measured.get(key)
    if (known) return known
    if (this.#options.isStopped()) return null
    const reason = noFloorReason(planned)
    if (reason === null) begun()
    const floor =
      reason === null ? await this.#measure(planned, alike, foundRatePerSecond) : { planned, reason }
    if (this.#options.isStopped()) return null
    this.#measured.set(key, floor)
    return floor
  }

  close(): Promise<void> {
    return this.#process.close()
  }

  async #measure(
    planned: Case,
    alike: readonly Case[],
    ratePerSecond: number | null,
  ): Promise<MeasuredFloor> {
    const { warmup, measured } = floorLoads(alike, ratePerSecond)
    let server: IdleServer | null = null
    try {
      server = await this.#process.start(planned.target.interface, await this.#ask(planned))
      const floor = floorCase(planned, server, measured)
      await this.#run(floorCase(planned, server, warmup))
      if (this.#options.isStopped()) return { planned: floor, reason: 'the run was ended' }
      const records = await this.#run(floor)
      if (isEnough(callsOf(records))) return { planned: floor, records }
      const longer = { ...floor, load: longerLoad(measured) }
      return { planned: longer, records: await this.#run(longer) }
    } catch (error) {
      return { planned, reason: (error as Error).message }
    } finally {
      server?.close()
    }
  }

  async #run(floor: Case): Promise<RoundRecord[]> {
    const { runner } = this.#options
    const caseIndex = await runner.addFloor(floor)
    return runner.round({ caseIndex, roundIndex: 0, ratePerSecond: null }, () => {})
  }

  async #ask({ target }: Case) {
    const scheme = this.#scheme(target)
    this.#certificate ??= isSecureScheme(scheme) ? this.#options.certificate() : null
    const certificate = await this.#certificate
    const { api, options } = target
    return { api, scheme, options, kind: protocol(target.interface).kind(target), certificate }
  }

  #key(planned: Case): string {
    return floorKey(planned, this.#scheme(planned.target))
  }

  #scheme(target: Case['target']): string {
    return new URL(fillTarget(target, this.#options.env).url).protocol
  }
}

function callsOf(records: readonly RoundRecord[]): number {
  return records.reduce((sum, { counts }) => sum + counts.calls, 0)
}

/** The case as it is, but for its server and what only that one should be told. */
function floorCase({ name, target, payload }: Case, { url, options }: IdleServer, load: Load): Case {
  const { token: _token, pid: _pid, ...rest } = target
  return {
    name: `floor of ${name}`,
    target: {
      ...rest,
      url,
      headers: {},
      tls: { ...target.tls, ca: null, cert: null, key: null, servername: null, verify: false },
      options: { ...target.options, ...options },
    },
    labels: {},
    payload,
    load,
    rounds: 1,
    timeouts: TIMEOUTS,
    slo: [],
  }
}
