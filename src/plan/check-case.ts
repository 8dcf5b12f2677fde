/** What only shows once a case is resolved: whether its target, its load and its payload go together. */

import { DialectError } from '../dialects/dialect.ts'
import { protocol } from '../drivers/registry.ts'
import { isSecureScheme } from '../drivers/transport/scheme.ts'
import type { LoadSpec, PayloadSpec } from '../scenario/case-schema.ts'
import { fill } from '../scenario/environment.ts'
import type { Scenario } from '../scenario/load.ts'
import type { Problem } from '../scenario/problem.ts'
import type { Path } from '../scenario/source.ts'
import type { Fields } from './merge-settings.ts'
import type { Case, Payload, Target } from './plan.ts'
import { messageAndCure } from './resolve-target.ts'
import { hasMessages, MESSAGE_KEYS } from './streams.ts'
import { hasMetric } from './thresholds.ts'

/** Preparing a larger payload takes too long for a check. */
const CHECKED_PAYLOAD_BYTES = 4 * 1024 ** 2

/** There is no TLS session to resume in clear text. */
export function checkConnection(
  { name, url, connection }: Target,
  varied: readonly string[],
  { source, env }: Scenario,
  problems: Problem[],
): void {
  if (connection !== 'resumed' || isSecureScheme(URL.parse(fill(url, env))?.protocol ?? '')) return
  const isVaried = varied.includes('target.connection')
  const path: Path = isVaried ? ['vary', 'target.connection'] : ['targets', name, 'connection']
  const message = `\`resumed\` has no meaning for ${name}: its URL is in clear text, which has no TLS session`
  const problem = source.problem(path, message, 'Take `cold`, or a URL over TLS.', isVaried ? 'key' : 'value')
  if (!problems.some((other) => other.message === message)) problems.push(problem)
}

/** What a search keeps low has to be something that the calls have. */
export function checkObjective(
  one: Pick<Case, 'target' | 'payload' | 'load'>,
  { metric }: Fields<LoadSpec>,
  path: Path,
  { source, problems }: { source: Scenario['source']; problems: Problem[] },
): void {
  const { target, load } = one
  if (load.model !== 'search' || hasMetric(one, load.objective.metric)) return
  const message = `calls of ${target.name} have no ${load.objective.metric}`
  const cure = 'Take a metric that they have, e.g. request_latency.p99.'
  problems.push(source.problem(metric?.path ?? path, message, cure))
}

/** False, and a problem told, where a session of the target cannot stand without calls. */
export function canStandIdle(
  target: Target,
  { source, problems }: { source: Scenario['source']; problems: Problem[] },
): boolean {
  try {
    protocol(target.interface).idle?.(target)
    return true
  } catch (error) {
    if (!(error instanceof DialectError)) throw error
    problems.push(source.problem(['targets', target.name, ...error.at], ...messageAndCure(error)))
    return false
  }
}

/** A call that has one message by its nature sends no more. */
export function checkMessages(
  target: Target,
  fields: Fields<PayloadSpec>,
  { source, problems }: { source: Scenario['source']; problems: Problem[] },
): void {
  if (hasMessages(target)) return
  for (const key of MESSAGE_KEYS) {
    const field = fields[key]
    // What stands in the defaults is for the cases that have it.
    if (!field || field.path[0] === 'defaults') continue
    const message = `\`${key}\` has no meaning here: a call of ${target.name} sends one message`
    const cure = 'Remove it, or call a method whose client streams.'
    problems.push(source.problem(field.path, message, cure, 'key'))
  }
}

/** Has the dialect prepare the payload, so that one which it cannot carry is told at its line. */
export function checkPayload(
  target: Target,
  payload: Payload,
  fields: Fields<PayloadSpec>,
  path: Path,
  { source, problems }: { source: Scenario['source']; problems: Problem[] },
): void {
  if (payload.form === 'file' || (payload.form === 'size' && payload.byteCount > CHECKED_PAYLOAD_BYTES))
    return
  try {
    protocol(target.interface).codec({ target, payload, file: null })
  } catch (error) {
    if (!(error instanceof DialectError)) throw error
    const [key, ...inside] = error.at
    const field = fields[key as keyof PayloadSpec] ?? Object.values(fields)[0]
    const at = field ? [...field.path, ...inside] : path
    problems.push(source.problem(at, ...messageAndCure(error)))
  }
}
