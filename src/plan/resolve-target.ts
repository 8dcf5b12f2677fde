// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates stay in the plan on purpose.

import { resolve as resolvePath } from 'node:path'
import { DialectError } from '../dialects/dialect.ts'
import { dialect } from '../dialects/registry.ts'
import { PROTOCOLS, protocol } from '../drivers/registry.ts'
import { PLACEHOLDER_REFERENCE } from '../scenario/check-target.ts'
import { fill } from '../scenario/environment.ts'
import type { Scenario } from '../scenario/load.ts'
import type { Problem } from '../scenario/problem.ts'
import type { TargetSpec } from '../scenario/target-schema.ts'
import { fillReference, type ReferenceAddress } from '../scenario/template.ts'
import { listed } from '../values/suggestion.ts'
import type { Target } from './plan.ts'
import { headersOf, tokenOf } from './resolve-auth.ts'

/** The target as its cases have it before they vary it; null, and a problem told, where it cannot be. */
export function resolveTarget(
  name: string,
  scenario: Scenario,
  reference: ReferenceAddress | null,
  problems: Problem[],
): Target | null {
  const spec = scenario.spec.targets[name]!
  const { source } = scenario
  const { speaks } = protocol(spec.interface)
  if (!speaks(dialect(spec.api))) {
    const message = `the API ${spec.api} is not spoken over ${spec.interface}`
    const others = PROTOCOLS.filter((other) => other.speaks(dialect(spec.api))).map(
      ({ name: other }) => other,
    )
    problems.push(source.problem(['targets', name, 'api'], message, `It is spoken over ${listed(others)}.`))
    return null
  }
  const { tls = {} } = spec
  const token = tokenOf(spec.auth)
  const file = (path: string | undefined) =>
    path === undefined
      ? null
      : resolvePath(scenario.directory, reference ? fillReference(path, reference) : path)
  return {
    name,
    interface: spec.interface,
    api: spec.api,
    url:
      spec.url === undefined
        ? commandUrl(spec.options)
        : fillReference(spec.url, reference ?? PLACEHOLDER_REFERENCE),
    model: spec.model ?? null,
    headers: headersOf(spec),
    ...(token && { token }),
    tls: {
      ca: file(tls.ca),
      cert: file(tls.cert),
      key: file(tls.key),
      servername: tls.servername ?? null,
      ...(tls.min_version && { minVersion: tls.min_version }),
      ...(tls.max_version && { maxVersion: tls.max_version }),
      verify: tls.verify ?? true,
    },
    connection: spec.connection ?? 'reused',
    ...(spec.family !== undefined && { family: spec.family === '4' ? (4 as const) : (6 as const) }),
    ...(spec.pid !== undefined && { pid: spec.pid }),
    options: withFolder(spec.options, scenario.directory),
  }
}

/** What stands for a URL in reports where a command is the server: it names no host. */
function commandUrl({ command }: TargetSpec['options']): string {
  return `stdio:${[command].flat().join(' ')}`
}

/** A command runs in a folder, the scenario's own where it names none. */
function withFolder(options: TargetSpec['options'], directory: string): Target['options'] {
  if (options.command === undefined) return options
  return { ...options, cwd: resolvePath(directory, String(options.cwd ?? '.')) }
}

/**
 * The target with its path: what a case varies of its target may change it. Null, and a problem told, where the API
 * knows no such call.
 */
export function withPath(target: Target, scenario: Scenario, problems: Problem[]): Target | null {
  const { source } = scenario
  const { name } = target
  try {
    const { kind, schemas } = protocol(target.interface)
    kind(target)
    const url = urlOf(target, scenario, problems)
    if (url === null) return null
    const schema = scenario.schemas.get(name)
    const { pathname } = new URL(fill(url, scenario.env))
    return schema && schemas ? schemas.apply({ ...target, url }, pathname, schema) : { ...target, url }
  } catch (error) {
    if (!(error instanceof DialectError)) throw error
    problems.push(source.problem(['targets', name, ...error.at], ...messageAndCure(error)))
    return null
  }
}

/** The URL with the path that the API prescribes, where it has none. Variables stay in it. */
function urlOf(target: Target, { source, env }: Scenario, problems: Problem[]): string | null {
  const { name, url: template } = target
  // Whether it has a path may depend on a variable: looked at here, and not kept.
  const filled = new URL(fill(template, env))
  // Of a scheme that is not the web's, a URL without a path has not even a slash.
  if (filled.pathname !== '/' && filled.pathname !== '') return template
  const path = protocol(target.interface).path(target)
  // A question mark in a variable's default does not tell where a path would go.
  const outside = template.replace(/\$\{[^}]*\}/g, (variable) => ' '.repeat(variable.length))
  const query = outside.search(/[?#]/)
  if (query === -1 && filled.search + filled.hash !== '') {
    const message = 'this URL has a query and no path'
    problems.push(source.problem(['targets', name, 'url'], message, `Write the path out, e.g. ${path}.`))
    return null
  }
  const before = query === -1 ? template : template.slice(0, query)
  const slashEnds = fill(before, env).endsWith('/')
  return `${before}${slashEnds ? path.replace(/^\//, '') : path}${template.slice(before.length)}`
}

/** A dialect says what is wrong and, after a colon, what to do. */
export function messageAndCure({ message, cure: given }: DialectError): [message: string, cure: string] {
  if (given !== null) return [message, given]
  const colon = message.indexOf(': ')
  if (colon === -1) return [message, 'Change the payload, or the API.']
  const cure = message.slice(colon + 2)
  return [message.slice(0, colon), `${cure.charAt(0).toUpperCase()}${cure.slice(1)}.`]
}
