/** Puts a tree through the schema, and turns what zod finds into problems that a person can act on. */

import type { z } from 'zod'
import type { LeafFault } from '../values/leaf.ts'
import { nearest, suggest } from '../values/suggestion.ts'
import type { Problem } from './problem.ts'
import { type ScenarioSpec, scenarioSchema } from './schema.ts'
import type { Path, Source } from './source.ts'
import { optionFaults, optionKeys, optionsOf } from './target-options.ts'

/** A problem, and the path of its value as JSON. */
interface Located {
  path: string
  problem: Problem
}

/** No more are looked into: to find what an unknown key may mean takes longer than to read it. */
const MOST_PROBLEMS = 500

export function checkShape(tree: unknown, source: Source): { spec: ScenarioSpec } | { problems: Located[] } {
  // zod tells which keys are unknown, and only while it looks at them which ones there are.
  const knownKeys = new Map<string, string[]>()
  const parsed = scenarioSchema.safeParse(tree, {
    error: (issue) => {
      if (issue.code === 'unrecognized_keys' && issue.inst) {
        const { shape } = issue.inst._zod.def as unknown as { shape: Record<string, unknown> }
        knownKeys.set(JSON.stringify(issue.path ?? []), Object.keys(shape))
      }
      return undefined
    },
  })
  const { issues, foreign } = optionFaults(tree)
  if (parsed.success && issues.length + foreign.length === 0) return { spec: withOptions(parsed.data) }
  const problems: Located[] = []
  for (const issue of [...(parsed.error?.issues ?? []), ...issues]) {
    const path = JSON.stringify(issue.path)
    if (problems.length >= MOST_PROBLEMS) break
    if (issue.code !== 'unrecognized_keys') problems.push({ path, problem: toProblem(issue, source) })
    else {
      const known = knownKeys.get(path) ?? []
      for (const key of issue.keys.slice(0, MOST_PROBLEMS)) {
        problems.push({ path, problem: unknownKey(issue.path, key, known, source) })
      }
    }
  }
  for (const { path, message, cure } of foreign.slice(0, MOST_PROBLEMS)) {
    problems.push({ path: JSON.stringify(path), problem: source.problem(path, message, cure, 'key') })
  }
  return { problems }
}

/** Gathers what only a target's protocol knows under `options`. */
function withOptions(spec: z.output<typeof scenarioSchema>): ScenarioSpec {
  const targets = Object.entries(spec.targets).map(([name, target]) => {
    const common = Object.entries(target).filter(([key]) => !Object.hasOwn(optionKeys, key))
    const options = optionsOf(target.interface, target)
    return [name, { ...Object.fromEntries(common), options }]
  })
  return { ...spec, targets: Object.fromEntries(targets) }
}

function toProblem(issue: z.core.$ZodIssue, source: Source): Problem {
  const { path } = issue
  const key = keyName(path)
  if (issue.code === 'custom') {
    const { cure, missing } = issue.params as unknown as LeafFault
    return source.problem(path, missing ? `${key} ${issue.message}` : issue.message, cure)
  }
  if (issue.code === 'invalid_type') {
    if (issue.message.endsWith('received undefined'))
      return source.problem(path, `${key} is missing`, 'Add it.')
    const list = issue.expected === 'array'
    const what = list ? 'a list' : 'a mapping of keys to values'
    return source.problem(path, `${key} is not ${what}`, list ? LIST_CURE : mappingCure(path))
  }
  if (issue.code === 'too_small')
    return source.problem(path, `${key} is empty`, 'Add at least one item, or remove it.')
  if (issue.code === 'too_big') {
    return source.problem(path, `${key} has more than ${issue.maximum} items`, 'Split the scenario.')
  }
  return source.problem(path, issue.message, 'See `infer-bench schema`.')
}

const LIST_CURE = 'Begin each item with a dash, or write [a, b].'

function mappingCure(path: Path): string {
  const isTimingMetric = path[0] === 'thresholds' && path.length === 3
  if (isTimingMetric) return 'Say which statistic of it, like { p99: "< 50ms" }.'
  return 'Its keys go beneath it, indented, or into { }.'
}

function keyName(path: Path): string {
  const last = path.at(-1)
  if (last === undefined) return 'the scenario'
  return typeof last === 'number' ? 'this item' : `\`${String(last)}\``
}

/** Keys that belong one level down: what people try first when they know another tool. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  rounds: 'defaults',
  timeout: 'defaults',
  slo: 'defaults',
  load: 'defaults',
  payload: 'defaults',
}

function unknownKey(path: Path, key: string, known: readonly string[], source: Source): Problem {
  const message = `unknown key \`${key.slice(0, 64)}\``
  const at = [...path, key]
  if (key === '<<') {
    return source.problem(at, message, 'Merge keys are not supported: use `defaults`.', 'key')
  }
  if (path.length === 0 && Object.hasOwn(ELSEWHERE, key) && nearest(key, known) === undefined) {
    return source.problem(at, message, `It belongs under \`${ELSEWHERE[key]}\`, or into a case.`, 'key')
  }
  return source.problem(at, message, suggest(key, known, 'keys here'), 'key')
}
