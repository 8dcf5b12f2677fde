/** Asks a token endpoint for a token: OAuth 2.0's client credentials (RFC 6749, section 4.4). */

import { Buffer } from 'node:buffer'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { rootCertificates } from 'node:tls'
import { failure, OpenError } from '../drivers/driver.ts'
import type { OAuth2 } from '../plan/plan.ts'

const MOST_REPLY_BYTES = 64 * 1024
const SAMPLE_CHARACTERS = 300

/** RFC 6750, section 2.1; a subprotocol can carry less. */
const TOKEN = /^[\x21-\x7e]+$/
const SUBPROTOCOL_TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

export interface TokenRequest {
  source: OAuth2
  /** PEM file of an authority that is trusted beside the well-known ones; null: none. */
  ca: string | null
  forSubprotocol: boolean
  timeoutMs: number
}

export interface GrantedToken {
  value: string
  /** Null where the endpoint does not say. */
  lifetimeMs: number | null
}

/** Rejects with `OpenError`, of the class `auth.token` whatever went wrong. */
export async function requestToken(request: TokenRequest): Promise<GrantedToken> {
  const { status, text } = await post(request)
  const reply = object(text)
  if (status !== 200) throw refused(String(status), explanation(status, reply))
  if (!reply) throw refused('REPLY', 'the token endpoint’s reply is not a JSON object')
  const { access_token: value, token_type: type, expires_in: seconds } = reply
  const allowed = request.forSubprotocol ? SUBPROTOCOL_TOKEN : TOKEN
  if (typeof value !== 'string' || !allowed.test(value)) {
    throw refused('REPLY', 'the token endpoint’s reply has no access_token that a request could carry')
  }
  if (typeof type === 'string' && type.toLowerCase() !== 'bearer') {
    throw refused('REPLY', `the token is of the type ${type.slice(0, 32)}, not bearer`)
  }
  const lifetimeMs = Number(seconds) * 1000
  return { value, lifetimeMs: lifetimeMs > 0 && Number.isFinite(lifetimeMs) ? lifetimeMs : null }
}

function post(request: TokenRequest): Promise<{ status: number; text: string }> {
  const { source, ca, timeoutMs } = request
  const { headers, body } = form(source)
  const url = new URL(source.tokenUrl)
  const isSecure = url.protocol === 'https:'
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs)
    const fail = (error: NodeJS.ErrnoException) => {
      reject(
        signal.aborted
          ? refused('TIMEOUT', `no token within ${timeoutMs} ms`)
          : refused(error.code ?? '', `the token endpoint: ${error.message}`),
      )
    }
    const sent = (isSecure ? https : http).request(url, {
      method: 'POST',
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      agent: false,
      signal,
      ...(isSecure && ca !== null && { ca: [...rootCertificates, readFileSync(ca, 'utf8')] }),
    })
    sent.on('error', fail)
    sent.on('response', (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('error', fail)
      response.on('data', (part: string) => {
        text += part
        if (text.length > MOST_REPLY_BYTES) {
          reject(refused('REPLY', 'the token endpoint’s reply is longer than 64 KiB'))
          sent.destroy()
        }
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
      response.on('aborted', () => fail(new Error('it closed the connection within its reply')))
    })
    sent.end(body)
  })
}

function form({ clientId, clientSecret, scope, audience, clientAuth }: OAuth2) {
  const fields = new URLSearchParams({ grant_type: 'client_credentials' })
  if (scope !== null) fields.set('scope', scope)
  if (audience !== null) fields.set('audience', audience)
  const headers: Record<string, string> = {
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
    'user-agent': 'infer-bench',
  }
  if (clientAuth === 'basic') headers.authorization = `Basic ${basicOf(clientId, clientSecret)}`
  else {
    fields.set('client_id', clientId)
    fields.set('client_secret', clientSecret)
  }
  return { headers, body: fields.toString() }
}

/** RFC 6749, section 2.3.1: both are encoded as in a form first. */
export function basicOf(clientId: string, clientSecret: string): string {
  const encoded = (text: string) => new URLSearchParams({ x: text }).toString().slice(2)
  return Buffer.from(`${encoded(clientId)}:${encoded(clientSecret)}`).toString('base64')
}

function object(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}

/** What the endpoint says of its refusal (RFC 6749, section 5.2). */
function explanation(status: number, reply: Record<string, unknown> | null): string {
  const told = [reply?.error, reply?.error_description].filter((part) => typeof part === 'string')
  return `the token endpoint answers ${status}${told.length > 0 ? `: ${told.join(': ')}` : ''}`
}

function refused(code: string, sample: string): OpenError {
  return new OpenError(failure('auth', 'auth.token', code, sample.slice(0, SAMPLE_CHARACTERS)))
}
