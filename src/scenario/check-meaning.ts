/** What no schema can say: names that must exist, keys that exclude each other, credentials in the open. */

import { suggest } from '../values/suggestion.ts'
import type { LoadSpec, PayloadSpec } from './case-schema.ts'
import { checkClaims } from './check-claims.ts'
import { checkTarget } from './check-target.ts'
import { METRIC_NAMES, parseMetric } from './limit.ts'
import type { Problem } from './problem.ts'
import type { ScenarioSpec } from './schema.ts'
import type { Path, Source } from './source.ts'
import type { Environment } from './template.ts'

/** The payload's forms, by the keys that tell them. */
const FORM_KEYS = ['size', 'shape', 'prompt_tokens', 'text', 'json', 'file'] as const

export function checkMeaning(spec: ScenarioSpec, source: Source, env: Environment): Problem[] {
  const targets = Object.keys(spec.targets)
  const problems: Problem[] = []
  if (targets.length === 0) {
    problems.push(source.problem(['targets'], '`targets` is empty', 'Describe at least one endpoint.'))
  }
  for (const name of targets) problems.push(...checkTarget(name, spec, source, env))
  problems.push(...checkSettings(spec.defaults, ['defaults'], source))
  problems.push(...checkCompare(spec, source), ...checkClaims(spec, source))
  const firstOfName = new Map<string, number>()
  for (const [index, one] of (spec.cases ?? []).entries()) {
    const path = ['cases', index]
    const seen = new Set<string>()
    for (const [position, name] of one.target.entries()) {
      const at = one.target.length === 1 ? [...path, 'target'] : [...path, 'target', position]
      if (!Object.hasOwn(spec.targets, name)) {
        const message = `there is no target \`${name.slice(0, 64)}\``
        problems.push(source.problem(at, message, suggest(name, targets, 'targets')))
      } else if (seen.has(name)) {
        problems.push(source.problem(at, `the target \`${name}\` is named twice`, 'Keep one of the two.'))
      }
      seen.add(name)
    }
    problems.push(...checkSettings(one, path, source))
    if (one.name === undefined) continue
    if (firstOfName.has(one.name)) {
      const message = `another case is called \`${one.name.slice(0, 64)}\`, too`
      problems.push(source.problem([...path, 'name'], message, 'Give each case a name of its own.'))
    }
    firstOfName.set(one.name, index)
  }
  return problems
}

function checkCompare({ compare, targets }: ScenarioSpec, source: Source): Problem[] {
  if (!compare) return []
  const problems: Problem[] = []
  for (const side of ['baseline', 'candidate'] as const) {
    const name = compare[side]
    if (Object.hasOwn(targets, name)) continue
    const message = `there is no target \`${name.slice(0, 64)}\``
    problems.push(source.problem(['compare', side], message, suggest(name, Object.keys(targets), 'targets')))
  }
  if (compare.baseline === compare.candidate) {
    const message = 'a target is compared with itself'
    problems.push(source.problem(['compare', 'candidate'], message, 'Name another target.'))
  }
  for (const name of Object.keys(compare.metrics ?? {})) {
    if (parseMetric(name)) continue
    const message = `there is no metric \`${name.slice(0, 64)}\``
    const cure = suggest(name, METRIC_NAMES, 'metrics')
    problems.push(source.problem(['compare', 'metrics', name], message, cure, 'key'))
  }
  return problems
}

type Settings = { payload?: PayloadSpec | undefined; load?: LoadSpec | undefined } | undefined

function checkSettings(settings: Settings, path: Path, source: Source): Problem[] {
  const problems: Problem[] = []
  const { payload, load } = settings ?? {}
  if (payload) {
    const forms = FORM_KEYS.filter((key) => payload[key] !== undefined)
    for (const form of forms.slice(1)) {
      problems.push(
        source.problem(
          [...path, 'payload', form],
          `a payload is either \`${forms[0]}\` or \`${form}\``,
          'Keep one of the two.',
          'key',
        ),
      )
    }
  }
  if (load?.calls !== undefined && load.duration !== undefined) {
    problems.push(
      source.problem(
        [...path, 'load', 'calls'],
        'a round ends after `calls` or after `duration`',
        'Keep one of the two.',
        'key',
      ),
    )
  }
  if (load?.stages?.every(({ rate }) => rate === 0) && !load.start_rate) {
    problems.push(
      source.problem(
        [...path, 'load', 'stages'],
        'no stage has a rate above 0',
        'Let at least one stage rise.',
      ),
    )
  }
  return problems
}
