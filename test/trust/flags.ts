/** What the tool says against itself, and whether the machine agrees. */

import type { Result } from '../../src/result/document.ts'
import { isSaturated } from '../../src/result/verdict.ts'
import { type RunOptions, runTool } from './tool.ts'
import type { Watcher } from './watcher.ts'

/** Of what the tool tells, the watcher has to have seen so much: it sleeps for a millisecond at a time. */
const SEEN_SHARE = 0.5

export interface WatchedRun {
  code: number | null
  /** Every reason and note that blames the generator. */
  flags: string[]
  /** The longest in ms by which a load thread was late, as the tool tells it. */
  toldMs: number
  /** The longest stall of the machine in ms that a watcher saw meanwhile, which knows nothing of the tool. */
  watchedMs: number
}

export async function runWatched(
  scenario: object,
  watcher: Watcher,
  options?: RunOptions,
): Promise<WatchedRun> {
  const fromMs = Date.now()
  const { code, result } = await runTool(scenario, options)
  const late = result.cases.flatMap(({ metrics }) => [metrics.event_loop_delay, metrics.dispatch_delay])
  return {
    code,
    flags: flagsOf(result),
    toldMs: Math.max(0, ...late.map((one) => one?.max ?? 0)),
    watchedMs: watcher.longestMs(fromMs, Date.now()),
  }
}

/** True where the tool blames itself although the machine did what it should. */
export function isGroundless({ flags, toldMs, watchedMs }: WatchedRun): boolean {
  return flags.length > 0 && watchedMs < SEEN_SHARE * toldMs
}

function flagsOf({ cases, verdict }: Result): string[] {
  const notes = (given: Result['verdict']['notes']) =>
    Object.entries(given ?? {}).map(([metric, note]) => `${metric}: ${note}`)
  // A server may drift, too.
  const isOfServer = (flag: string) => flag.startsWith('request_latency: was not steady')
  return [
    ...notes(verdict.notes),
    ...cases.flatMap((one) => [
      ...(isSaturated(one.verdict) ? one.verdict.reasons : []),
      ...notes(one.verdict.notes).filter((flag) => !isOfServer(flag)),
    ]),
  ]
}
