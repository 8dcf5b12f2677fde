import { resolve } from 'node:path'
import { fill, formsOfSecret, longestFirst } from '../scenario/environment.ts'
import type { Scenario } from '../scenario/load.ts'
import { variablesOf } from '../scenario/template.ts'
import { ServerCommand, type ServerSpec } from './server-command.ts'

const READY_WITHIN_MS = 60_000

/** The servers that a scenario describes, for the length of a run. */
export class UserServers {
  readonly #servers: readonly ServerCommand[]

  private constructor(servers: readonly ServerCommand[]) {
    this.#servers = servers
  }

  /**
   * Starts them all at once. Null where `stopped` ended them before they were ready.
   * @throws what the first one that did not start has to say; the others are ended then.
   */
  static async start(
    scenario: Scenario,
    env: NodeJS.ProcessEnv,
    stopped: AbortSignal,
  ): Promise<UserServers | null> {
    const specs = specsOf(scenario, env)
    const started = await Promise.allSettled(specs.map((spec) => ServerCommand.start(spec, env, stopped)))
    const servers = started.flatMap((one) => (one.status === 'fulfilled' && one.value ? [one.value] : []))
    const all = new UserServers(servers)
    if (servers.length === specs.length) return all
    await all.stop()
    for (const one of started) if (one.status === 'rejected') throw one.reason
    return null
  }

  /** One for each: aborted when it ends by itself, with a `ServerLoss` as its reason. */
  get lost(): AbortSignal[] {
    return this.#servers.map(({ lost }) => lost)
  }

  async stop(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop()))
  }
}

/** @throws ScenarioError for a variable that is not set and has no default. */
function specsOf({ spec, directory }: Scenario, env: NodeJS.ProcessEnv): ServerSpec[] {
  return Object.entries(spec.servers ?? {}).map(([name, one]) => {
    const texts = [...one.command, ...Object.values(one.env ?? {})]
    const secrets = texts.flatMap(variablesOf).flatMap((variable) => formsOfSecret(env[variable.name] ?? ''))
    return {
      name,
      command: one.command.map((text) => fill(text, env)),
      ready: one.ready,
      readyWithinMs: one.ready_within ?? READY_WITHIN_MS,
      env: Object.fromEntries(Object.entries(one.env ?? {}).map(([key, text]) => [key, fill(text, env)])),
      cwd: resolve(directory, one.cwd ?? '.'),
      secrets: longestFirst(secrets),
    }
  })
}
