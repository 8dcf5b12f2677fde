// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is shown to people, who write such templates.

import type { Protocol } from '../drivers/driver.ts'
import type { AuthSpec } from './auth-schema.ts'
import { fill } from './environment.ts'
import type { Path } from './source.ts'
import { type Environment, variablesOf } from './template.ts'

export const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** Headers whose value proves who sends them. */
const CREDENTIAL_HEADERS = new Set(['authorization', 'proxy-authorization', 'cookie', 'x-api-key', 'api-key'])

/** What proves who calls; exactly one of them. */
const KINDS = ['bearer', 'api_key', 'basic', 'cookie', 'oauth2'] as const
/** Those of them that give a token, which `in` and `as` are about. */
const TOKEN_KINDS: readonly string[] = ['bearer', 'oauth2']

export type AddFault = (at: Path, message: string, cure: string, where?: 'key' | 'value') => void

export function checkAuth(auth: AuthSpec, protocol: Protocol, env: Environment, add: AddFault): void {
  const kinds = KINDS.filter((key) => auth[key] !== undefined)
  if (kinds.length !== 1) {
    const message = `\`auth\` is one of ${KINDS.slice(0, -1).join(', ')} and ${KINDS.at(-1)}`
    add(['auth'], message, kinds.length ? 'Keep one of them.' : 'Add one.')
  }
  for (const [at, value] of [
    [['bearer'], auth.bearer],
    [['api_key', 'value'], auth.api_key?.value],
    [['basic', 'password'], auth.basic?.password],
    [['cookie'], auth.cookie],
    [['oauth2', 'client_secret'], auth.oauth2?.client_secret],
  ] as const) {
    if (value !== undefined) checkCredential(['auth', ...at], value, add)
  }
  if (auth.api_key && !HEADER_NAME.test(auth.api_key.header)) {
    add(['auth', 'api_key', 'header'], 'this is no name of a header', 'Write it like x-api-key.')
  }
  if (auth.basic && fill(auth.basic.username, env).includes(':')) {
    add(['auth', 'basic', 'username'], 'a user name of HTTP Basic has no colon', 'Correct it.')
  }
  if (auth.oauth2 && !isTokenUrl(fill(auth.oauth2.token_url, env))) {
    const cure = 'Write it like https://login.example.com/oauth2/token.'
    add(['auth', 'oauth2', 'token_url'], 'this is no URL of a token endpoint', cure)
  }
  checkPlace(auth, protocol, env, add)
}

function isTokenUrl(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === ''
}

function checkPlace(auth: AuthSpec, protocol: Protocol, env: Environment, add: AddFault): void {
  const place = auth.in ?? 'header'
  const { tokenPlaces = ['header'] } = protocol
  for (const key of ['in', 'as'] as const) {
    if (
      auth[key] !== undefined &&
      !KINDS.some((kind) => auth[kind] !== undefined && TOKEN_KINDS.includes(kind))
    ) {
      add(['auth', key], `\`${key}\` is for ${TOKEN_KINDS.join(' and ')}`, 'Remove it.', 'key')
    }
  }
  if (!tokenPlaces.includes(place)) {
    const message = `${protocol.name} carries no token in a ${place}`
    add(['auth', 'in'], message, `It can be in: ${tokenPlaces.join(', ')}.`)
  }
  const offered =
    place === 'subprotocol' && auth.bearer !== undefined ? fill(`${auth.as ?? ''}${auth.bearer}`, env) : 'x'
  if (!HEADER_NAME.test(offered)) {
    const message = 'a subprotocol cannot carry this token: it has characters that no subprotocol may have'
    add(['auth', 'bearer'], message, 'Encode it as the server expects it, or send it in the header.')
  }
}

/** @param name Of a header that the scenario gives itself. */
export function isCredentialHeader(name: string): boolean {
  return CREDENTIAL_HEADERS.has(name.toLowerCase())
}

/** An error and no warning: a plan, with all its texts, stands in every result, and results are shared. */
export function checkCredential(at: Path, value: string, add: AddFault): void {
  if (variablesOf(value).length > 0) return
  const message = 'a credential stands in the open here, and would in every result'
  add(at, message, 'Take it from the environment: "${env:NAME}".')
}
