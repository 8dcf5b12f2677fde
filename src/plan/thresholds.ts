import { concerns, concernsLoad, METRICS, STATISTICS } from '../record/metrics.ts'
import type { Limit } from '../scenario/limit.ts'
import type { Scenario } from '../scenario/load.ts'
import type { Problem } from '../scenario/problem.ts'
import { suggest } from '../values/suggestion.ts'
import type { Case, Threshold } from './plan.ts'
import { isIdle } from './schedule.ts'
import { callShape, streams } from './streams.ts'

/** Cases as thresholds and claims name them: by target, by name, by a name that stands for several, or all. */
export class CaseGroups {
  readonly #groups = new Map<string, Case[]>()

  constructor(cases: readonly { one: Case; givenName: string | null }[]) {
    const add = (name: string, one: Case) => {
      const group = this.#groups.get(name) ?? []
      if (!group.includes(one)) group.push(one)
      this.#groups.set(name, group)
    }
    for (const { one, givenName } of cases) {
      add('all', one)
      add(one.target.name, one)
      if (givenName !== null) add(givenName, one)
    }
    // A case's own name means that case alone, even where a target is called the same.
    for (const { one } of cases) this.#groups.set(one.name, [one])
  }

  find(name: string): readonly Case[] | undefined {
    return this.#groups.get(name)
  }

  get names(): string[] {
    return [...this.#groups.keys()]
  }
}

export function resolveThresholds(
  { spec, source }: Scenario,
  groups: CaseGroups,
  problems: Problem[],
): Threshold[] {
  const thresholds: Threshold[] = []
  for (const [scope, metrics] of Object.entries(spec.thresholds ?? {})) {
    const path = ['thresholds', scope]
    const cases = groups.find(scope)
    if (!cases) {
      const message = `there is no target or case \`${scope.slice(0, 64)}\``
      problems.push(source.problem(path, message, suggest(scope, groups.names, 'targets and cases'), 'key'))
      continue
    }
    for (const { metric, statistic, limit, at } of limitsOf(metrics)) {
      const measured = cases.filter((one) => hasMetric(one, metric))
      if (measured.length === 0) {
        const kind = calledWhat(cases, metric)
        const cure = 'Remove it, or name the cases that have it.'
        problems.push(source.problem([...path, ...at], `${kind} has no ${metric}`, cure, 'key'))
        continue
      }
      thresholds.push({
        says: `${scope}: ${at.join('.')} ${limit.text}`,
        cases: measured.map(({ name }) => name),
        metric,
        statistic,
        operator: limit.operator,
        limit: limit.limit,
        ...(limit.beside !== 'nothing' && { beside: limit.beside }),
        ...(limit.abortOnFail && { abortOnFail: true as const }),
      })
    }
  }
  return thresholds
}

/** True where the metric has a meaning for the load and the calls of a case. */
export function hasMetric(one: Pick<Case, 'target' | 'payload' | 'load'>, name: string): boolean {
  const metric = METRICS.find((candidate) => candidate.name === name)
  if (metric === undefined) return true
  return concernsLoad(metric, isIdle(one)) && concerns(metric, callShape(one))
}

/** What the cases are, for which the metric has no meaning. */
function calledWhat(cases: readonly Case[], name: string): string {
  if (cases.every(isIdle)) return 'an idle load'
  const metric = METRICS.find((candidate) => candidate.name === name)
  if (metric && !concernsLoad(metric, false)) return 'a load that makes calls'
  if (!cases.every(streams)) return 'a call with one reply'
  return name === 'message_latency' ? 'a stream for one message' : 'a stream'
}

interface Bound {
  metric: string
  statistic: string | null
  limit: Limit
  at: string[]
}

/** The schema has seen to it that the keys are metrics and statistics. */
function limitsOf(metrics: Readonly<Record<string, unknown>>): Bound[] {
  return METRICS.flatMap(({ name, scope }): Bound[] => {
    const found = metrics[name]
    if (found === undefined) return []
    if (scope === 'round') return [{ metric: name, statistic: null, limit: found as Limit, at: [name] }]
    const limits = found as Readonly<Record<string, Limit | undefined>>
    return STATISTICS.flatMap((statistic) => {
      const limit = limits[statistic]
      return limit ? [{ metric: name, statistic, limit, at: [name, statistic] }] : []
    })
  })
}
