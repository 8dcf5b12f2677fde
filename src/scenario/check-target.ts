// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is shown to people, who write such templates.

import { protocol } from '../drivers/registry.ts'
import { TRACEPARENT } from '../drivers/trace.ts'
import { type AddFault, checkAuth, checkCredential, HEADER_NAME, isCredentialHeader } from './check-auth.ts'
import { fill } from './environment.ts'
import type { Problem } from './problem.ts'
import type { ScenarioSpec } from './schema.ts'
import type { Path, Source } from './source.ts'
import { type Environment, fillReference, referencesOf } from './template.ts'

const TARGET_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/

/** Addresses that stand for the reference server before it runs. */
export const PLACEHOLDER_REFERENCE = {
  httpUrl: 'http://127.0.0.1:8000',
  httpsUrl: 'https://127.0.0.1:8443',
  grpcUrl: 'grpc://127.0.0.1:8001',
  grpcsUrl: 'grpcs://127.0.0.1:8444',
  caFile: '/reference-ca.pem',
  clientCertFile: '/reference-client.pem',
  clientKeyFile: '/reference-client-key.pem',
} as const

export function checkTarget(name: string, spec: ScenarioSpec, source: Source, env: Environment): Problem[] {
  const path: Path = ['targets', name]
  const target = spec.targets[name]!
  const problems: Problem[] = []
  const add: AddFault = (at, message, cure, where = 'value') =>
    problems.push(source.problem([...path, ...at], message, cure, where))

  if (!TARGET_NAME.test(name)) {
    add([], 'this is no name for a target', 'It has letters, digits, - and _, at most 64.', 'key')
  } else if (name === 'all') {
    add([], 'a target cannot be called `all`', 'In `thresholds`, `all` stands for every case.', 'key')
  }
  for (const [at, text] of [
    [['url'], target.url],
    [['tls', 'ca'], target.tls?.ca],
    [['tls', 'cert'], target.tls?.cert],
    [['tls', 'key'], target.tls?.key],
  ] as const) {
    if (text !== undefined && !spec.server && referencesOf(text).length > 0) {
      add(at, 'no reference server is started', 'Add `server: reference` to the scenario.')
    }
  }
  const { schemes } = protocol(target.interface)
  const isCommand = target.options.command !== undefined
  if (target.url !== undefined) {
    const urlFault = faultOfUrl(fill(fillReference(target.url, PLACEHOLDER_REFERENCE), env), schemes)
    if (urlFault) add(['url'], urlFault.message, urlFault.cure)
    if (isCommand)
      add(['command'], 'a target has a `url` or a `command`, not both', 'Remove one of them.', 'key')
  } else if (!isCommand) add([], '`url` is missing', 'Write it like https://example.com.', 'key')
  if (isCommand && target.pid !== undefined) {
    add(['pid'], 'a `command` is started for each session, and has no process before', 'Remove it.', 'key')
  }
  if (!isCommand) {
    for (const key of ['env', 'cwd']) {
      if (target.options[key] !== undefined) {
        add([key], `\`${key}\` is for a \`command\``, 'Remove it, or give the target a command.', 'key')
      }
    }
  }

  for (const [header, value] of Object.entries(target.headers ?? {})) {
    if (!HEADER_NAME.test(header))
      add(['headers', header], 'this is no name of a header', 'Correct it.', 'key')
    if (/[\r\n\0]/.test(value)) {
      add(['headers', header], 'a header cannot carry a line break', 'Write it in one line.')
    }
    if (header.toLowerCase() === TRACEPARENT && (target.options.traceparent || variesTrace(spec))) {
      add(
        ['headers', header],
        '`traceparent` sends this header, another one with each call',
        'Remove one of them.',
        'key',
      )
    }
    if (isCredentialHeader(header)) checkCredential(['headers', header], value, add)
  }
  const { auth, tls } = target
  if (auth) checkAuth(auth, protocol(target.interface), env, add)
  if (tls && (tls.cert === undefined) !== (tls.key === undefined)) {
    add(['tls', tls.cert ? 'cert' : 'key'], '`tls.cert` and `tls.key` belong together', 'Add the other one.')
  }
  if (tls?.min_version === '1.3' && tls.max_version === '1.2') {
    add(['tls', 'min_version'], 'no version of TLS is from 1.3 to 1.2', 'Turn them around.')
  }
  return problems
}

function variesTrace({ vary }: ScenarioSpec): boolean {
  const values = (vary as Readonly<Record<string, unknown>> | undefined)?.[`target.${TRACEPARENT}`]
  return Array.isArray(values) && values.includes(true)
}

/** Says nothing of the URL itself: it may hold what the environment gave. */
function faultOfUrl(url: string, schemes: readonly string[]): { message: string; cure: string } | null {
  const isHttp = schemes[0] === 'http'
  const cure = isHttp
    ? 'Write it like https://example.com, or https://example.com/v1/chat/completions.'
    : `Write it like ${schemes[0]}://example.com:8001.`
  if (!URL.canParse(url)) return { message: 'this is not a URL', cure }
  // A parser drops them, and a path that is put after them makes them a part of what stands before.
  if (/\p{Cc}|^\s|\s$/u.test(url)) {
    return { message: 'this URL has blanks around it, or control characters in it', cure }
  }
  const { protocol: scheme, username, password, hostname } = new URL(url)
  if (!schemes.includes(scheme.slice(0, -1))) {
    const [last, ...others] = schemes.map((name) => `${name}://`).reverse()
    return { message: `a URL begins with ${others.reverse().join(', ')} or ${last}`, cure }
  }
  if (hostname === '') return { message: 'this URL names no host', cure }
  if (username !== '' || password !== '') {
    return {
      message: 'credentials do not belong into a URL',
      cure: 'Use `auth: { basic: { username, password: "${env:NAME}" } }`.',
    }
  }
  return null
}
