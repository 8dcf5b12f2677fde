/** Whether a run passes beside its baseline: another target of the same run, or a stored result. */

import { type Command, InvalidArgumentError } from 'commander'
import { compareResults, compareTargets } from '../compare/compare.ts'
import { ASPECTS, type Aspect } from '../compare/fingerprint.ts'
import { type GateOptions, gateOf } from '../compare/gate.ts'
import { DEFAULT_GATES, type Gate, gateName, gateNamed } from '../compare/gates.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import type { SideBySide } from '../plan/plan.ts'
import { percent } from '../report/numbers.ts'
import type { Comparison, GateOutcome } from '../result/comparison.ts'
import type { Result } from '../result/document.ts'
import { METRIC_NAMES } from '../scenario/limit.ts'
import { suggest } from '../values/suggestion.ts'
import { parseNames } from './report-options.ts'

/** Rounds that a gate asks for; a comparison for a person's eyes takes what there is. */
export const GATE_ROUNDS = 12

export const GATE_CODES: Readonly<Record<GateOutcome['verdict'], ExitCode>> = {
  pass: EXIT.pass,
  regressed: EXIT.regressed,
  inconclusive: EXIT.inconclusive,
}

export interface GateFlags extends GateOptions {
  metric: Gate[]
}

/** Adds what `compare` and `run` say of a gate. */
export function withGateOptions(command: Command): Command {
  const defaults = DEFAULT_GATES.map((gate) => `${gateName(gate)}=${percent(gate.smallest)}`).join(' ')
  return command
    .option(
      '--metric <name[=change]>',
      `what to compare by, and the smallest change that matters (repeatable; default: ${defaults})`,
      collectGate,
      [],
    )
    .option(
      '--allow <what>',
      `what may differ between the two, with commas between: ${Object.keys(ASPECTS).join(', ')}`,
      (value: string) => parseNames(value, Object.keys(ASPECTS) as Aspect[]),
      [],
    )
    .option('--allow-inconclusive', 'too little evidence passes the gate, too', false)
}

/** What a run is held against, and whether it passes; null for nothing. `baseline`: a stored result. */
export function compareRun(
  result: Result,
  { baseline, sideBySide }: { baseline: Result | null; sideBySide: SideBySide | null },
  flags: GateFlags,
): (Comparison & { gate: GateOutcome }) | null {
  const of = (comparison: Comparison) => ({ ...comparison, gate: gateOf([comparison], flags) })
  if (baseline) {
    const options = { gates: gatesOf(flags.metric), fewestRounds: GATE_ROUNDS }
    return of(compareResults(baseline, result, options))
  }
  if (!sideBySide) return null
  const { metrics, minRounds } = sideBySide
  const own = metrics.map(({ name, smallest }) => ({ ...gateNamed(name)!, smallest }))
  const gates = gatesOf(flags.metric.length > 0 ? flags.metric : own)
  return of(compareTargets(result, sideBySide, { gates, fewestRounds: minRounds }))
}

export function gatesOf(asked: readonly Gate[]): readonly Gate[] {
  return asked.length > 0 ? asked : DEFAULT_GATES
}

function collectGate(value: string, before: Gate[]): Gate[] {
  const [name = '', change] = value.split('=')
  const gate = gateNamed(name)
  if (!gate) throw new InvalidArgumentError(suggest(name, METRIC_NAMES, 'metrics'))
  if (change === undefined) return [...before, gate]
  const share = /^(\d+(?:\.\d+)?)%$/.exec(change)?.[1]
  if (share === undefined || Number(share) === 0) {
    throw new InvalidArgumentError(
      'The smallest change that matters is a share, like request_latency.p99=10%.',
    )
  }
  return [...before, { ...gate, smallest: Number(share) / 100 }]
}
