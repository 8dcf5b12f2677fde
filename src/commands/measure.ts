/** Runs one plan from its first connection to its result: the stages joined. */

import { randomBytes, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import os from 'node:os'
import type { LiveDelta } from '../agent/board.ts'
import { conduct, measuredRate } from '../agent/conduct.ts'
import { Floors, type MeasuredFloor } from '../agent/floors.ts'
import { LoadThreadError } from '../agent/load-thread-error.ts'
import type { RoundOrder } from '../agent/messages.ts'
import { readUsage } from '../agent/server-usage.ts'
import { SessionRunner } from '../agent/session-runner.ts'
import { Threads } from '../agent/threads.ts'
import { Tokens } from '../agent/tokens.ts'
import { baselineOf } from '../compare/baseline-cases.ts'
import { evaluateClaims } from '../compare/claims.ts'
import { DialectError } from '../dialects/dialect.ts'
import type { Outcome } from '../drivers/driver.ts'
import { protocol } from '../drivers/registry.ts'
import { isTraced } from '../drivers/trace.ts'
import { systemClock } from '../load/clock.ts'
import { LoopWatch } from '../load/loop-watch.ts'
import type { Case, Plan } from '../plan/plan.ts'
import { withRate } from '../plan/schedule.ts'
import { initHistograms } from '../record/histogram.ts'
import { assembleCase } from '../result/assemble.ts'
import { type Result, SCHEMA_VERSION } from '../result/document.ts'
import { assembleFloor } from '../result/floor.ts'
import { judgeStep, searchResult } from '../result/search.ts'
import { evaluateThresholds } from '../result/thresholds.ts'
import { runVerdict } from '../result/verdict.ts'
import { fillPayload, fillTarget, longestFirst, scrub, secretsOf } from '../scenario/environment.ts'
import { UsageError } from '../scenario/problem.ts'
import { EarlyEnd } from './early-end.ts'
import { makeIdleCertificate } from './idle-certificate.ts'
import type { ReferenceReady } from './reference-process.ts'
import type { ServerLoss } from './server-loss.ts'
import { type FreshReference, sessionServer, usageSource } from './session-server.ts'

export interface MeasureOptions {
  plan: Plan
  workers: number
  region: string | null
  toolVersion: string
  reference: ReferenceReady | null
  /** Starts the bundled server once more. Null where the user ended the run. */
  freshReference: FreshReference
  env: Record<string, string | undefined>
  /** Aborted when the user ends the run: what was measured until then is its result. */
  stopped: AbortSignal
  /** Aborted when a server that the run has started ends by itself, with a `ServerLoss` as its reason; null where there is none. */
  serverLost: AbortSignal | null
  watcher: Watcher
  /** False: no floor is measured, whatever the plan says. */
  floors: boolean
  /** A stored result that thresholds may name; null where there is none. */
  baseline: Result | null
}

/** Who follows a run: the progress display. */
export interface Watcher {
  /** Every target could be reached. `look`: what happened since it was last called. */
  begin(look: () => LiveDelta[]): void
  /** The floor under a case is measured next. */
  floor(caseIndex: number): void
  round(round: RoundOrder, isSearching: boolean): void
}

/** One target, or the endpoint that its token comes from, could not be reached, told before any load. */
export interface Unreachable {
  target: string
  /** As the scenario has it. */
  url: string
  outcome: Outcome
}

/** `loss`: what made the result an incomplete one, with its trace; null where it is whole. */
export type Measured = { result: Result; loss: string | null } | { unreachable: Unreachable[] }

/** Throws `UsageError` for payloads that cannot be sent as the scenario says, `LoadThreadError` before any load. */
export async function measure(options: MeasureOptions): Promise<Measured> {
  const { plan, watcher, env, stopped, serverLost } = options
  const losing = new AbortController()
  const follow = (lost: AbortSignal | null) =>
    lost?.addEventListener('abort', () => losing.abort(lost.reason))
  follow(serverLost)
  const ended = AbortSignal.any([stopped, losing.signal])
  checkPayloads(plan, env)
  await initHistograms()
  const secrets = secretsOf(plan, env)
  const tracePrefix = plan.cases.some(({ target }) => isTraced(target)) ? newTracePrefix() : null
  const threads = new Threads({ plan, workers: options.workers, tracePrefix })
  const floors = new Floors({
    cases: options.floors ? plan.cases : [],
    env,
    runner: threads,
    certificate: makeIdleCertificate,
    isStopped: () => ended.aborted,
  })
  const renewed = new Map<string, string>()
  let sessions: SessionRunner | null = null
  const tokens = new Tokens(plan, env, (target, token) => {
    renewed.set(target, token)
    threads.renew(target, token).catch(() => {})
    sessions?.renew(target, token)
  })
  const hide = (text: string) => scrub(text, longestFirst([...secrets, ...tokens.secrets]))
  const earlyEnd = new EarlyEnd(plan, options.baseline)
  let conductor: LoopWatch | null = null
  try {
    const unreachable = await findUnreachable(plan, { threads, tokens }, hide, ended)
    if (unreachable.length > 0) return { unreachable }
    watcher.begin(() => threads.look())
    ended.addEventListener('abort', () => void threads.stop().catch(() => {}))
    const startTime = new Date()
    const found = new Map<number, MeasuredFloor>()
    const usageSources = plan.cases.map((planned) => usageSource(planned, options))
    let conductorStallMs = 0
    conductor = new LoopWatch(systemClock, {
      loopDelay() {},
      stall(fromMs, toMs) {
        conductorStallMs = Math.max(conductorStallMs, toMs - fromMs)
      },
    })
    conductor.start()
    const { rounds, searches, loss } = await conduct({
      plan,
      runner: {
        async round(round, begun) {
          const records = await threads.round(round, begun)
          records[0]?.errors.push(...tokens.takeFailures(plan.cases[round.caseIndex]!.target.name))
          const reason = earlyEnd.after(round.caseIndex, records)
          if (reason !== null) losing.abort({ reason, said: '' } satisfies ServerLoss)
          return records
        },
      },
      async sessionRunner(caseIndex) {
        const own = await sessionServer(caseIndex, options)
        if (!own) return null
        follow(own.lost)
        sessions = new SessionRunner({ ...own, caseIndex, workers: options.workers, tokens: renewed, ended })
        return sessions
      },
      serverUsage: (caseIndex) => readUsage(usageSources[caseIndex]!),
      begun: (round, isSearching) => watcher.round(round, isSearching),
      judge: (caseIndex, ratePerSecond, records) => judgeStep(plan.cases[caseIndex]!, ratePerSecond, records),
      before: async (caseIndex, ratePerSecond) => {
        const begun = () => watcher.floor(caseIndex)
        const floor = await floors.of(plan.cases[caseIndex]!, ratePerSecond, begun)
        if (floor) found.set(caseIndex, floor)
      },
      isStopped: () => ended.aborted,
    })
    conductor.stop()
    const why = whyIncomplete(loss, losing.signal, hide)
    const incomplete = why && { reason: why.reason }
    const cases = plan.cases.flatMap((planned, caseIndex) => {
      const own = rounds.filter((round) => round.caseIndex === caseIndex)
      // A case whose turn never came has nothing to tell.
      if (own.length === 0) return []
      const search = searches.get(caseIndex)
      const floor = found.get(caseIndex)
      return {
        ...assembleCase(withRate(planned, measuredRate(search)), own),
        ...(search && { search: searchResult(planned, search) }),
        ...(floor && { floor: assembleFloor(floor) }),
      }
    })
    for (const { errors, floor } of cases) {
      for (const error of errors) error.sample = hide(error.sample)
      if (floor?.reason) floor.reason = hide(floor.reason)
    }
    return {
      loss: why?.told ?? null,
      result: {
        schema_version: SCHEMA_VERSION,
        run_id: randomUUID(),
        name: plan.name,
        start_time: startTime.toISOString(),
        end_time: new Date().toISOString(),
        cancelled: stopped.aborted,
        ...(incomplete && { incomplete }),
        region: options.region,
        scenario: plan,
        environment: environment(options),
        ...(tracePrefix !== null && { trace: { prefix: tracePrefix } }),
        verdict: runVerdict(cases, conductorStallMs, incomplete),
        cases,
        thresholds: evaluateThresholds(plan.thresholds, cases, baselineOf(plan, options.baseline, cases)),
        ...(plan.claims && { claims: evaluateClaims(plan.claims, cases) }),
      },
    }
  } catch (error) {
    throw error instanceof LoadThreadError ? new LoadThreadError(hide(error.stack!)) : error
  } finally {
    conductor?.stop()
    tokens.close()
    await floors.close()
    await threads.close()
  }
}

/** A half of the traces' ids, so that those of no other run are like them. */
function newTracePrefix(): string {
  return randomBytes(8).toString('hex')
}

/** Null where the run came to its end, or its user ended it. `told` is for a person, and has the trace. */
function whyIncomplete(
  loss: LoadThreadError | null,
  serverLost: AbortSignal,
  hide: (text: string) => string,
): { reason: string; told: string } | null {
  if (loss) return { reason: hide(loss.message), told: hide(loss.stack!) }
  if (!serverLost.aborted) return null
  const { reason, said } = serverLost.reason as ServerLoss
  return { reason: hide(reason), told: hide(said === '' ? reason : `${reason}\n${said}`) }
}

function checkPayloads(plan: Plan, env: MeasureOptions['env']): void {
  for (const { name, target, payload } of plan.cases) {
    try {
      const file = payload.form === 'file' ? readFileSync(payload.path) : null
      protocol(target.interface).codec({
        target: fillTarget(target, env),
        payload: fillPayload(payload, env),
        file,
      })
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (error instanceof DialectError || code !== undefined) {
        const cure = (error instanceof DialectError && error.cure) || ''
        throw new UsageError(`case "${name}": ${(error as Error).message}${cure && `: ${cure}`}`)
      }
      throw error
    }
  }
}

async function findUnreachable(
  plan: Plan,
  { threads, tokens }: { threads: Threads; tokens: Tokens },
  hide: (text: string) => string,
  ended: AbortSignal,
): Promise<Unreachable[]> {
  const unreachable: Unreachable[] = []
  const seen = new Set<string>()
  // An unanswered connection may take its whole timeout, which nobody who ended the run wants to wait for.
  const end = new Promise<null>((resolve) => ended.addEventListener('abort', () => resolve(null)))
  const withoutToken = await Promise.race([tokens.first(), end])
  for (const [caseIndex, { target }] of plan.cases.entries()) {
    if (seen.has(target.name)) continue
    seen.add(target.name)
    if (ended.aborted) return []
    const refusal = withoutToken?.get(target.name)
    const outcome = refusal ?? (await Promise.race([threads.check(caseIndex), end]))
    if (!outcome) continue
    unreachable.push({
      target: target.name,
      url: refusal ? tokenUrlOf(target) : target.url,
      outcome: { ...outcome, sample: hide(outcome.sample) },
    })
  }
  return unreachable
}

function tokenUrlOf({ token }: Case['target']): string {
  return typeof token?.source === 'object' ? token.source.tokenUrl : ''
}

function environment({ toolVersion, workers, reference }: MeasureOptions): Result['environment'] {
  const cpus = os.cpus()
  return {
    tool: toolVersion,
    node: process.versions.node,
    os: `${os.type()} ${os.arch()}`,
    kernel: os.release(),
    cpu: cpus[0]?.model.trim() || 'unknown',
    cores: Math.max(1, cpus.length),
    workers,
    server: reference && {
      name: 'infer-bench reference server',
      version: reference.version,
      provider: reference.provider,
      providers_skipped: reference.skipped,
    },
  }
}
