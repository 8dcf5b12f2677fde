import type { Plan } from '../plan/plan.ts'
import type { RoundRecord } from '../record/round-record.ts'

/** What runs a round; `Threads` on this machine. */
interface RoundRunner {
  round(caseIndex: number, roundIndex: number, begun: () => void): Promise<RoundRecord[]>
}

export interface ConductOptions {
  plan: Plan
  runner: RoundRunner
  /** CPU seconds that the case's server has used so far; null where it tells none. */
  serverCpuSeconds(caseIndex: number): Promise<number | null>
  begun(caseIndex: number, roundIndex: number): void
  /** Called before the first round of each case. */
  before(caseIndex: number): Promise<void>
  /** True once the user has ended the run. */
  isStopped(): boolean
}

export interface ConductedRound {
  caseIndex: number
  records: RoundRecord[]
  /** Over the round, its warm-up and handshakes included. */
  serverCpuSeconds: number | null
}

/**
 * Runs all rounds of a plan, the cases of a run interleaved round by round, so that a machine that drifts
 * drifts for all of them alike. A case that overflowed, where its load says `overflow: abort`, runs no more.
 */
export async function conduct(options: ConductOptions): Promise<ConductedRound[]> {
  const { plan, runner } = options
  const done: ConductedRound[] = []
  const aborted = new Set<number>()
  const most = Math.max(0, ...plan.cases.map(({ rounds }) => rounds))
  for (let roundIndex = 0; roundIndex < most; roundIndex++) {
    for (const [caseIndex, planned] of plan.cases.entries()) {
      if (options.isStopped()) return done
      if (roundIndex >= planned.rounds || aborted.has(caseIndex)) continue
      if (roundIndex === 0) await options.before(caseIndex)
      if (options.isStopped()) return done
      const before = await options.serverCpuSeconds(caseIndex)
      const records = await runner.round(caseIndex, roundIndex, () => options.begun(caseIndex, roundIndex))
      // Ended before its measured window began: it has nothing to tell.
      if (options.isStopped() && records.every(isEmpty)) return done
      const after = await options.serverCpuSeconds(caseIndex)
      const serverCpuSeconds = before === null || after === null ? null : after - before
      done.push({ caseIndex, records, serverCpuSeconds })
      if (records.some(({ overflowed }) => overflowed)) aborted.add(caseIndex)
    }
  }
  return done
}

function isEmpty({ counts }: RoundRecord): boolean {
  return counts.windowMs === 0 && counts.calls + counts.interrupted + counts.dropped === 0
}
