/** `auth` of a target, as its requests carry it. */

import type { AuthSpec } from '../scenario/auth-schema.ts'
import { base64Template } from '../scenario/environment.ts'
import type { TargetSpec } from '../scenario/target-schema.ts'
import type { OAuth2, Token, TokenPlace } from './plan.ts'

const DEFAULT_NAMES: Readonly<Record<TokenPlace, string>> = {
  header: 'Bearer ',
  // RFC 6750, section 2.3.
  query: 'access_token',
  subprotocol: 'bearer.',
}

/** All headers that are known before the run. */
export function headersOf({ headers = {}, auth }: TargetSpec): Record<string, string> {
  const lower = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  )
  if (auth?.bearer !== undefined && placeOf(auth) === 'header') {
    lower.authorization = `${nameOf(auth)}${auth.bearer}`
  }
  if (auth?.api_key) lower[auth.api_key.header.toLowerCase()] = auth.api_key.value
  if (auth?.basic) {
    lower.authorization = `Basic ${base64Template(`${auth.basic.username}:${auth.basic.password}`)}`
  }
  if (auth?.cookie !== undefined) lower.cookie = auth.cookie
  return lower
}

/** The token that no header has; null where there is none. */
export function tokenOf(auth: AuthSpec | undefined): Token | null {
  if (!auth) return null
  const place = { in: placeOf(auth), as: nameOf(auth) }
  if (auth.oauth2) return { source: oauth2Of(auth.oauth2), ...place }
  return auth.bearer === undefined || place.in === 'header' ? null : { source: auth.bearer, ...place }
}

function oauth2Of(spec: NonNullable<AuthSpec['oauth2']>): OAuth2 {
  return {
    tokenUrl: spec.token_url,
    clientId: spec.client_id,
    clientSecret: spec.client_secret,
    scope: spec.scope ?? null,
    audience: spec.audience ?? null,
    clientAuth: spec.client_auth ?? 'basic',
  }
}

function placeOf(auth: AuthSpec): TokenPlace {
  return auth.in ?? 'header'
}

function nameOf(auth: AuthSpec): string {
  return auth.as ?? DEFAULT_NAMES[placeOf(auth)]
}
