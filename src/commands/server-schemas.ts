import { Tokens } from '../agent/tokens.ts'
import { DialectError } from '../dialects/dialect.ts'
import { TargetCredentials } from '../drivers/credentials.ts'
import { OpenError, type Outcome } from '../drivers/driver.ts'
import { protocol } from '../drivers/registry.ts'
import type { Schema } from '../drivers/schema-source.ts'
import type { Case, Plan } from '../plan/plan.ts'
import { messageAndCure } from '../plan/resolve-target.ts'
import { fillTarget, longestFirst, scrub, secretsOf } from '../scenario/environment.ts'
import type { Scenario } from '../scenario/load.ts'
import { type Problem, ScenarioError } from '../scenario/problem.ts'
import type { Unreachable } from './measure.ts'

/**
 * The scenario with the schemas that servers tell of themselves, which are asked for before the load, or the targets
 * that could not be asked.
 * @throws ScenarioError for servers that do not tell.
 */
export async function withServerSchemas(
  scenario: Scenario,
  plan: Plan,
  stopped: AbortSignal,
): Promise<{ scenario: Scenario } | { unreachable: Unreachable[] }> {
  const asking = new Map<string, Case>()
  for (const one of plan.cases) {
    const { schemas } = protocol(one.target.interface)
    if (schemas?.asks(one.target) && !asking.has(one.target.name)) asking.set(one.target.name, one)
  }
  if (asking.size === 0) return { scenario }
  const { env } = scenario
  const credentials = new Map(
    Array.from(asking, ([name, { target }]) => [name, new TargetCredentials(fillTarget(target, env))]),
  )
  const only = { ...plan, cases: [...asking.values()] }
  const tokens = new Tokens(only, env, (name, token) => credentials.get(name)?.renew(token))
  const failed = new Map<string, Outcome>()
  const problems: Problem[] = []
  const schemas = new Map<string, Schema>(scenario.schemas)
  try {
    for (const [name, outcome] of await tokens.first()) failed.set(name, outcome)
    for (const [name, { target, timeouts }] of asking) {
      if (failed.has(name)) continue
      const source = protocol(target.interface).schemas!
      try {
        const filled = fillTarget(target, env)
        schemas.set(name, await source.ask(filled, credentials.get(name)!, timeouts.connectMs, stopped))
      } catch (error) {
        if (error instanceof OpenError) failed.set(name, error.outcome)
        else if (error instanceof DialectError) {
          const at = ['targets', name, ...error.at]
          problems.push(scenario.source.problem(at, ...messageAndCure(error)))
        } else throw error
      }
    }
  } finally {
    tokens.close()
  }
  if (problems.length > 0) throw new ScenarioError(problems)
  if (failed.size === 0) return { scenario: { ...scenario, schemas } }
  const secrets = longestFirst([...secretsOf(only, env), ...tokens.secrets])
  const unreachable = Array.from(failed, ([target, outcome]) => ({
    target,
    url: asking.get(target)!.target.url,
    outcome: { ...outcome, sample: scrub(outcome.sample, secrets) },
  }))
  return { unreachable }
}
