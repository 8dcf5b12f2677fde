/** From a scenario file to a checked scenario: everything that can be wrong with the input is found here or in the plan. */

import { readFile } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import type { Schema } from '../drivers/schema-source.ts'
import { formatDuration, formatRate } from '../values/units.ts'
import { checkFiles } from './check-files.ts'
import { checkMeaning } from './check-meaning.ts'
import { checkShape } from './check-shape.ts'
import { fillTree } from './fill-tree.ts'
import { applyOverrides, parseOverride } from './override.ts'
import { ScenarioError } from './problem.ts'
import type { ScenarioSpec } from './schema.ts'
import { readSchemas } from './schemas.ts'
import { parseSource, type Source } from './source.ts'
import { type Environment, referencesOf } from './template.ts'

export interface Scenario {
  name: string
  /** Absolute; paths in the scenario are relative to it. */
  directory: string
  spec: ScenarioSpec
  /** The keys of `vary` in the order of the file: the first varies slowest. */
  varied: readonly string[]
  source: Source
  /** What `${env:NAME}` was checked against. */
  env: Environment
  /** By target: what its calls are made of, where that is not known beforehand. */
  schemas: ReadonlyMap<string, Schema>
  /** Null: no server is to be started. Else what `serve` is to be started with. */
  server: { flags: string[] } | null
}

export interface LoadOptions {
  env: Environment
  /** `key=value`, the value in YAML; applied before anything is checked. */
  set?: readonly string[]
}

/**
 * @throws ScenarioError with all that is wrong with the scenario; UsageError for an override that leads nowhere.
 */
export async function loadScenario(file: string, options: LoadOptions): Promise<Scenario> {
  return parseScenario(file, await read(file), options)
}

/** `file`: what problems are told of, and where the paths within are looked for. @throws as `loadScenario`. */
export async function parseScenario(
  file: string,
  text: string,
  { env, set = [] }: LoadOptions,
): Promise<Scenario> {
  const overrides = set.map(parseOverride)
  const parsed = parseSource(file, text)
  const { tree } = parsed
  const source = parsed.source.withOverrides(applyOverrides(tree, overrides))
  const filled = fillTree(tree, source, env)
  source.hide(filled.settings)
  const shape = checkShape(filled.tree, source)
  if ('problems' in shape || filled.problems.length > 0) {
    const others = 'problems' in shape ? shape.problems.filter(({ path }) => !filled.unfilled.has(path)) : []
    throw new ScenarioError([...filled.problems, ...others.map(({ problem }) => problem)])
  }
  const { spec } = shape
  const directory = resolve(dirname(file))
  const problems = [...checkMeaning(spec, source, env), ...(await checkFiles(spec, source, directory))]
  if (problems.length > 0) throw new ScenarioError(problems)
  const schemas = await readSchemas(spec, source, directory)
  return {
    name: spec.name ?? basename(file).replace(/\.[^.]*$/, ''),
    directory,
    spec,
    varied: Object.keys(tree.vary ?? {}),
    source,
    env,
    schemas,
    server: spec.server ? { flags: serverFlags(spec) } : null,
  }
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const start = 'Write a first scenario with `infer-bench init`.'
    const why =
      code === 'ENOENT'
        ? { message: 'there is no such file', cure: start }
        : code === 'EISDIR'
          ? { message: 'this is a folder', cure: 'Name a scenario file in it.' }
          : { message: `it cannot be read: ${message}`, cure: 'Check its permissions.' }
    throw new ScenarioError([{ source: file, place: null, ...why }])
  }
}

/** What the bundled server has only when it listens for TLS. */
const SECURE_REFERENCES = ['https', 'grpcs', 'wss', 'mcps']

function serverFlags(spec: ScenarioSpec): string[] {
  const {
    provider,
    workers,
    token_env,
    rate_limit,
    batch_size,
    batch_wait,
    sessions,
    session_idle,
    streams,
  } = spec.server!.reference
  const flags: string[] = []
  if (provider !== undefined) flags.push('--provider', provider)
  if (workers !== undefined) flags.push('--workers', String(workers))
  if (rate_limit !== undefined) flags.push('--rate-limit', formatRate(rate_limit))
  if (batch_size !== undefined) flags.push('--batch-size', String(batch_size))
  if (batch_wait !== undefined) flags.push('--batch-wait', formatDuration(batch_wait))
  if (sessions !== undefined) flags.push('--max-sessions', String(sessions))
  if (streams !== undefined) flags.push('--max-streams', String(streams))
  if (session_idle !== undefined) flags.push('--session-idle', formatDuration(session_idle))
  if (token_env !== undefined) flags.push('--token-env', token_env)
  const named = Object.values(spec.targets).flatMap(({ url = '', tls }) =>
    [url, tls?.cert ?? '', tls?.key ?? ''].flatMap(referencesOf),
  )
  const names = (...some: string[]) => some.some((name) => named.includes(name))
  if (names(...SECURE_REFERENCES)) flags.push('--tls-port', '0')
  if (names('client_cert', 'client_key')) flags.push('--mtls')
  return flags
}
