/** Scenario -> Plan: applies every default, expands `vary`, names the cases. Pure: it reads and opens nothing. */

import { dialect } from '../dialects/registry.ts'
import type { Scenario } from '../scenario/load.ts'
import { type Problem, ScenarioError } from '../scenario/problem.ts'
import type { Path } from '../scenario/source.ts'
import type { ReferenceAddress } from '../scenario/template.ts'
import { identify, type Nameless } from './case-names.ts'
import { canStandIdle, checkConnection, checkMessages, checkObjective, checkPayload } from './check-case.ts'
import { resolveClaims } from './claims.ts'
import { fieldsOf, mergeLoad, mergePayload } from './merge-settings.ts'
import type { Case, Plan, SideBySide, Slo, Target } from './plan.ts'
import { resolveReader } from './reader.ts'
import { resolveLoad, resolvePayload, resolveSlo, resolveTimeouts } from './resolve.ts'
import { resolveTarget, withPath } from './resolve-target.ts'
import { CaseGroups, hasMetric, resolveThresholds } from './thresholds.ts'
import { type Draft, Variation } from './vary.ts'

export { checkPlanSize, onlyCases } from './select.ts'

const DEFAULT_SEED = 1
const DEFAULT_ROUNDS = 3
/** What a comparison that is gated on asks for. */
const DEFAULT_COMPARED_ROUNDS = 12

export interface PlanOptions {
  /** Where the reference server listens. Null: not started; its templates then stand for some address of this machine. */
  reference: ReferenceAddress | null
}

type Entry = NonNullable<Scenario['spec']['cases']>[number]

interface Planned extends Nameless {
  path: Path
  rounds: number
  slo: Slo[]
  floor: Case['floor']
}

/** @throws ScenarioError with all that only shows once everything is resolved. */
export function makePlan(scenario: Scenario, { reference }: PlanOptions): Plan {
  const { spec, source } = scenario
  const problems: Problem[] = []
  const targets = new Map<string, Target | null>()
  for (const name of Object.keys(spec.targets)) {
    const target = resolveTarget(name, scenario, reference, problems)
    // What a case may vary depends on the kind of its calls, which a schema may have to tell.
    const learned = target && scenario.schemas.has(name) ? withPath(target, scenario, []) : null
    targets.set(name, target && learned ? { ...target, options: learned.options } : target)
  }
  const variation = new Variation(scenario)
  const planned: Planned[] = []
  for (const { entry, path } of entriesOf(scenario)) {
    for (const name of entry.target) {
      const target = targets.get(name)
      if (target) planned.push(...planEntry(entry, path, target, { scenario, variation, problems }))
    }
  }
  refuse(problems)
  for (const key of variation.untouched) {
    const cure = 'It touches cases whose payload or load is of a kind that has it.'
    problems.push(source.problem(['vary', key], `no case has \`${key}\``, cure, 'key'))
  }
  const identities = identify(planned)
  const cases = planned.map((one, index): Case => {
    const { target, payload, load, timeouts, rounds, slo, retryAfter, reader, floor } = one
    return {
      ...identities[index]!,
      target,
      payload,
      load,
      rounds,
      timeouts,
      slo,
      ...(retryAfter && { retryAfter }),
      ...(reader && { reader }),
      ...(floor && { floor }),
    }
  })
  refuseEqualNames(cases, planned, scenario, problems)
  const groups = new CaseGroups(cases.map((one, index) => ({ one, givenName: planned[index]!.givenName })))
  const thresholds = resolveThresholds(scenario, groups, problems)
  const claims = resolveClaims(scenario, groups, problems)
  refuse(problems)
  return {
    name: scenario.name,
    description: spec.description ?? null,
    seed: spec.seed ?? DEFAULT_SEED,
    server: spec.server ? 'reference' : null,
    report: spec.report ?? 'cases',
    ...(spec.compare && { compare: sideBySide(spec.compare) }),
    cases,
    thresholds,
    ...(claims.length > 0 && { claims }),
  }
}

function defaultRounds({ compare }: Scenario['spec']): number {
  return compare ? (compare.min_rounds ?? DEFAULT_COMPARED_ROUNDS) : DEFAULT_ROUNDS
}

function sideBySide(spec: NonNullable<Scenario['spec']['compare']>): SideBySide {
  const { baseline, candidate, metrics = {}, min_rounds: minRounds = DEFAULT_COMPARED_ROUNDS } = spec
  return {
    baseline,
    candidate,
    metrics: Object.entries(metrics).map(([name, smallest]) => ({ name, smallest })),
    minRounds,
  }
}

/** Without `cases`, each target is one. */
function entriesOf({ spec }: Scenario): { entry: Entry; path: Path }[] {
  if (spec.cases) return spec.cases.map((entry, index) => ({ entry, path: ['cases', index] }))
  return Object.keys(spec.targets).map((name) => ({ entry: { target: [name] }, path: ['targets', name] }))
}

interface Planning {
  scenario: Scenario
  variation: Variation
  problems: Problem[]
}

function planEntry(
  entry: Entry,
  path: Path,
  base: Target,
  { scenario, variation, problems }: Planning,
): Planned[] {
  const { spec, source, directory } = scenario
  const { defaults } = spec
  const own = <Spec extends object>(key: string, value: Spec | undefined) => fieldsOf(value, [...path, key])
  const inherited = <Spec extends object>(key: string, value: Spec | undefined) =>
    fieldsOf(value, ['defaults', key])
  const telling = { source, problems }
  const problemsBefore = problems.length
  const draft: Draft = {
    target: base,
    payload: mergePayload(
      inherited('payload', defaults?.payload),
      own('payload', entry.payload),
      dialect(base.api),
      telling,
    ),
    load: mergeLoad(inherited('load', defaults?.load), own('load', entry.load), telling),
    timeout: { ...inherited('timeout', defaults?.timeout), ...own('timeout', entry.timeout) },
    varied: [],
  }
  const floor = entry.floor ?? defaults?.floor ?? 'auto'
  const retryAfter = entry.retry_after ?? defaults?.retry_after ?? 'ignore'
  // What contradicts itself would only find fault with itself again in what follows.
  if (problems.length > problemsBefore) return []
  const context = { ...telling, directory, seed: spec.seed ?? DEFAULT_SEED, path }
  return variation.variantsOf(draft).flatMap((variant): Planned[] => {
    const load = resolveLoad(variant.load, context)
    if (!load) return []
    const payload = resolvePayload(variant.payload, context)
    const target = withPath(variant.target, scenario, problems)
    if (!target) return []
    checkConnection(target, variant.varied, scenario, problems)
    checkObjective({ target, payload, load }, variant.load.fields, path, telling)
    checkMessages(target, variant.payload.fields, telling)
    if (load.model === 'idle' && !canStandIdle(target, telling)) return []
    checkPayload(target, payload, variant.payload.fields, path, telling)
    return [
      {
        path,
        givenName: entry.name ?? null,
        target,
        payload,
        load,
        timeouts: resolveTimeouts(variant.timeout),
        rounds: entry.rounds ?? defaults?.rounds ?? defaultRounds(spec),
        // An objective that has no meaning for a case's calls would spoil its goodput.
        slo: resolveSlo(defaults?.slo, entry.slo).filter(({ metric }) =>
          hasMetric({ target, payload, load }, metric),
        ),
        retryAfter: retryAfter === 'obey' ? retryAfter : undefined,
        reader: resolveReader(target, entry.reader, defaults?.reader, context),
        floor: floor === 'auto' ? undefined : floor,
        varied: variant.varied,
      },
    ]
  })
}

function refuseEqualNames(
  cases: readonly Case[],
  planned: readonly Planned[],
  { source }: Scenario,
  problems: Problem[],
): void {
  const seen = new Set<string>()
  for (const [index, { name }] of cases.entries()) {
    if (seen.has(name)) {
      const message = `this case would be called \`${name}\`, as another one is`
      problems.push(source.problem(planned[index]!.path, message, 'Give it a `name`, or remove it.'))
    }
    seen.add(name)
  }
}

function refuse(problems: readonly Problem[]): void {
  if (problems.length > 0) throw new ScenarioError(problems)
}
