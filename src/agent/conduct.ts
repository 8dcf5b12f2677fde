import type { Case, Plan } from '../plan/plan.ts'
import { roundOrder } from '../plan/round-order.ts'
import { isIdle } from '../plan/schedule.ts'
import type { RoundRecord } from '../record/round-record.ts'
import { LoadThreadError } from './load-thread-error.ts'
import { watchMemory } from './memory-watch.ts'
import type { RoundOrder } from './messages.ts'
import { type Search, type SearchStep, search } from './search.ts'
import type { ServerUsage } from './server-usage.ts'
import type { SessionMemory } from './session-memory.ts'
import type { SessionRunner } from './session-runner.ts'

/** What runs a round; `Threads` on this machine. Rejects with `LoadThreadError` where it can run no more. */
interface RoundRunner {
  round(round: RoundOrder, begun: () => void): Promise<RoundRecord[]>
}

export interface ConductOptions<Step extends SearchStep> {
  plan: Plan
  runner: RoundRunner
  /** What the case's server has used so far. */
  serverUsage(caseIndex: number): Promise<ServerUsage>
  /** What runs a round of an idle load; closed after it. Null where the user has ended the run. */
  sessionRunner(caseIndex: number): Promise<SessionRunner | null>
  /** A round begins, or a step of a search. */
  begun(round: RoundOrder, isSearching: boolean): void
  /** Whether the objective of a case's search held at a rate. */
  judge(caseIndex: number, ratePerSecond: number, records: RoundRecord[]): Step
  /** Called before the first round of each case; with its rate where that was searched for. */
  before(caseIndex: number, ratePerSecond: number | null): Promise<void>
  /** True once the user has ended the run. */
  isStopped(): boolean
}

interface ConductedRound {
  caseIndex: number
  records: RoundRecord[]
  /** Over the round, its warm-up and handshakes included. */
  serverCpuSeconds: number | null
  /** By how much the server's memory grew over the round, at its peak. */
  serverMemoryGrowthBytes: number | null
  /** Null for a load that makes calls. */
  sessionMemory: SessionMemory | null
}

export interface Conducted<Step extends SearchStep> {
  rounds: ConductedRound[]
  /** By case; those that came to an answer. */
  searches: Map<number, Search<Step>>
  /** What ended the run before its last round; null where it came to its end, or its user ended it. */
  loss: LoadThreadError | null
}

/**
 * Finds the rates that the plan searches for, case by case, and then runs all rounds, the cases of a run interleaved
 * round by round, so that a machine that drifts drifts for all of them alike, in the order that the plan wishes. A case that overflowed, where its load
 * says `overflow: abort`, runs no more. Where a load thread is lost, the rounds before are kept.
 */
export async function conduct<Step extends SearchStep>(
  options: ConductOptions<Step>,
): Promise<Conducted<Step>> {
  const conducted: Conducted<Step> = { rounds: [], searches: new Map(), loss: null }
  try {
    await conductInto(conducted, options)
  } catch (error) {
    if (!(error instanceof LoadThreadError)) throw error
    conducted.loss = error
  }
  return conducted
}

async function conductInto<Step extends SearchStep>(
  { rounds, searches }: Conducted<Step>,
  options: ConductOptions<Step>,
): Promise<void> {
  const { plan } = options
  for (const caseIndex of plan.cases.keys()) {
    const found = await searchFor(caseIndex, options)
    if (found) searches.set(caseIndex, found)
  }
  const aborted = new Set<number>()
  const most = Math.max(0, ...plan.cases.map((planned) => planned.rounds))
  for (let roundIndex = 0; roundIndex < most; roundIndex++) {
    for (const caseIndex of roundOrder(plan, roundIndex)) {
      const planned = plan.cases[caseIndex]!
      if (options.isStopped()) return
      if (roundIndex >= planned.rounds || aborted.has(caseIndex)) continue
      const ratePerSecond = measuredRate(searches.get(caseIndex))
      if (roundIndex === 0) await options.before(caseIndex, ratePerSecond)
      if (options.isStopped()) return
      const order = { caseIndex, roundIndex, ratePerSecond }
      const told = isIdle(planned) ? await idleRound(order, options) : await callingRound(order, options)
      // Ended before its measured window began: it has nothing to tell.
      if (!told || (options.isStopped() && told.records.every(isEmpty))) return
      rounds.push({ caseIndex, ...told })
      if (told.records.some(({ overflowed }) => overflowed)) aborted.add(caseIndex)
    }
  }
}

type ToldRound = Omit<ConductedRound, 'caseIndex'>

async function callingRound<Step extends SearchStep>(
  order: RoundOrder,
  { plan, runner, serverUsage, begun }: ConductOptions<Step>,
): Promise<ToldRound> {
  const { caseIndex } = order
  const isWatched = isReadSlowly(plan.cases[caseIndex]!, plan)
  const before = await serverUsage(caseIndex)
  const { value: records, growthBytes: serverMemoryGrowthBytes } = await watchMemory(
    async () => (isWatched ? (await serverUsage(caseIndex)).residentBytes : null),
    () => runner.round(order, () => begun(order, false)),
  )
  const serverCpuSeconds = cpuSecondsBetween(before, await serverUsage(caseIndex))
  return { records, serverCpuSeconds, serverMemoryGrowthBytes, sessionMemory: null }
}

/** Null where the user ended the run before. */
async function idleRound<Step extends SearchStep>(
  order: RoundOrder,
  { sessionRunner, begun }: ConductOptions<Step>,
): Promise<ToldRound | null> {
  const runner = await sessionRunner(order.caseIndex)
  if (!runner) return null
  try {
    await runner.warm()
    const told = await runner.round(order, () => begun(order, false))
    return { ...told, serverCpuSeconds: null, serverMemoryGrowthBytes: null }
  } finally {
    await runner.close()
  }
}

/** A target that one of its cases reads slowly: what the server's memory does is told of its other cases, too, to compare. */
function isReadSlowly({ target }: Case, { cases }: Plan): boolean {
  return cases.some((one) => one.target.name === target.name && one.reader)
}

/** Null where it is not told, and where another process has taken the place of the one before. */
function cpuSecondsBetween(before: ServerUsage, after: ServerUsage): number | null {
  if (before.cpuSeconds === null || after.cpuSeconds === null) return null
  return after.cpuSeconds < before.cpuSeconds ? null : after.cpuSeconds - before.cpuSeconds
}

async function searchFor<Step extends SearchStep>(
  caseIndex: number,
  { plan, runner, begun, judge, isStopped }: ConductOptions<Step>,
): Promise<Search<Step> | null> {
  const { load } = plan.cases[caseIndex]!
  if (load.model !== 'search') return null
  return search({
    ...load,
    step: async (ratePerSecond) => {
      if (isStopped()) return null
      const order = { caseIndex, roundIndex: 0, ratePerSecond }
      const records = await runner.round(order, () => begun(order, true))
      return isStopped() ? null : judge(caseIndex, ratePerSecond, records)
    },
  })
}

/** The rate at which a case is measured that was searched for: the one found, or the lowest that was tried. */
export function measuredRate(found: Search<SearchStep> | undefined): number | null {
  return found ? (found.ratePerSecond ?? Math.min(...found.steps.map((step) => step.ratePerSecond))) : null
}

function isEmpty({ counts }: RoundRecord): boolean {
  return counts.windowMs === 0 && counts.calls + counts.interrupted + counts.dropped === 0
}
