/** A token endpoint that is down, slow or talks nonsense is one error class, and nothing waits for it for long. */

import type http from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { requestToken, type TokenRequest } from '../../src/agent/oauth2.ts'
import { Tokens } from '../../src/agent/tokens.ts'
import { OpenError } from '../../src/drivers/driver.ts'
import type { OAuth2, Plan } from '../../src/plan/plan.ts'
import { caseOf } from '../contract/play.ts'
import { startTokenEndpoint, type TokenEndpoint } from '../servers/token-endpoint.ts'

let endpoint: TokenEndpoint | null = null

afterEach(async () => {
  await endpoint?.stop()
  endpoint = null
})

function sourceAt(tokenUrl: string, more: Partial<OAuth2> = {}): OAuth2 {
  const client = { clientId: 'me', clientSecret: 'p+ss' }
  return { tokenUrl, ...client, scope: null, audience: null, clientAuth: 'basic', ...more }
}

function ask(more: Partial<OAuth2> = {}, options: Partial<TokenRequest> = {}) {
  const source = sourceAt(endpoint!.url, more)
  return requestToken({ source, ca: null, forSubprotocol: false, timeoutMs: 5000, ...options })
}

describe('the request', () => {
  test('with HTTP Basic, scope and audience', async () => {
    endpoint = await startTokenEndpoint((_response, _nth, grant) => grant('t1', { expires_in: 60 }))
    expect(await ask({ scope: 'a b', audience: 'api' })).toEqual({ value: 't1', lifetimeMs: 60_000 })
    const { body, authorization } = endpoint.requests[0]!
    expect(Object.fromEntries(body)).toEqual({
      grant_type: 'client_credentials',
      scope: 'a b',
      audience: 'api',
    })
    // RFC 6749 has both encoded as in a form before they are joined.
    expect(authorization).toBe(`Basic ${Buffer.from('me:p%2Bss').toString('base64')}`)
  })

  test('with the secret in the form', async () => {
    endpoint = await startTokenEndpoint((_response, _nth, grant) => grant('t1'))
    expect(await ask({ clientAuth: 'body' })).toEqual({ value: 't1', lifetimeMs: null })
    const { body, authorization } = endpoint.requests[0]!
    expect(authorization).toBeUndefined()
    expect(Object.fromEntries(body)).toMatchObject({ client_id: 'me', client_secret: 'p+ss' })
  })
})

function json(response: http.ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

describe.each<[string, string, (response: http.ServerResponse) => void]>([
  ['a refusal', '401', (response) => json(response, { error: 'invalid_client' }, 401)],
  ['a redirect', '302', (response) => response.writeHead(302, { location: '/' }).end()],
  ['a web page', 'REPLY', (response) => response.end('<html>')],
  ['JSON that is no object', 'REPLY', (response) => json(response, null)],
  ['no token', 'REPLY', (response) => json(response, { access_token: '' })],
  ['a token with a line break', 'REPLY', (response) => json(response, { access_token: 'a\nb' })],
  [
    'a token of another type',
    'REPLY',
    (response) => json(response, { access_token: 'a', token_type: 'mac' }),
  ],
  ['far too much', 'REPLY', (response) => response.end('x'.repeat(100_000))],
  ['a broken connection', 'ECONNRESET', (response) => response.socket!.destroy()],
  [
    'half a reply',
    '',
    (response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('{"access')
      setImmediate(() => response.socket?.destroy())
    },
  ],
])('%s', (_what, code, reply) => {
  test('is auth.token', async () => {
    endpoint = await startTokenEndpoint((response) => reply(response))
    const error = await ask().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(OpenError)
    const { outcome } = error as OpenError
    expect(outcome).toMatchObject({ phase: 'auth', class: 'auth.token' })
    if (code !== '') expect(outcome.code).toBe(code)
    expect(outcome.sample).not.toBe('')
  })
})

test('silence ends with the timeout', async () => {
  endpoint = await startTokenEndpoint(() => {})
  const asked = ask({}, { timeoutMs: 100 })
  await expect(asked).rejects.toMatchObject({ outcome: { class: 'auth.token', code: 'TIMEOUT' } })
})

test('nobody listens', async () => {
  endpoint = await startTokenEndpoint(() => {})
  await endpoint.stop()
  await expect(ask()).rejects.toMatchObject({ outcome: { class: 'auth.token', code: 'ECONNREFUSED' } })
})

test('a token that a subprotocol cannot carry', async () => {
  endpoint = await startTokenEndpoint((_response, _nth, grant) => grant('a/b='))
  expect(await ask()).toMatchObject({ value: 'a/b=' })
  const asked = ask({}, { forSubprotocol: true })
  await expect(asked).rejects.toMatchObject({ outcome: { class: 'auth.token', code: 'REPLY' } })
})

describe('the tokens of a run', () => {
  const planOf = (tokenUrl: string): Plan => {
    const token = { source: sourceAt(tokenUrl), in: 'header', as: 'Bearer ' } as const
    const planned = caseOf({ target: { interface: 'rest', url: 'http://127.0.0.1:1/', token } })
    return {
      name: 'x',
      description: null,
      seed: 1,
      server: null,
      cases: [planned, planned],
      thresholds: [],
      report: 'cases',
    }
  }

  test('are renewed before they expire, and one that cannot be is counted and asked for again', async () => {
    endpoint = await startTokenEndpoint((response, nth, grant) => {
      if (nth === 1) json(response, { error: 'temporarily_unavailable' }, 503)
      else grant(`token-${nth}`, { expires_in: nth === 0 ? 0.2 : 3600 })
    })
    const renewed: string[] = []
    let done = () => {}
    const second = new Promise<void>((resolve) => {
      done = resolve
    })
    const tokens = new Tokens(planOf(endpoint.url), {}, (target, value) => {
      renewed.push(`${target} ${value}`)
      if (renewed.length === 2) done()
    })
    expect((await tokens.first()).size).toBe(0)
    await second
    tokens.close()
    // Two cases of one target share its token.
    expect(renewed).toEqual(['played token-0', 'played token-2'])
    expect(tokens.takeFailures('played')).toMatchObject([
      { count: 1, timeToFailure: null, outcome: { class: 'auth.token', code: '503' } },
    ])
    expect(tokens.takeFailures('played')).toEqual([])
    expect([...tokens.secrets]).toEqual(expect.arrayContaining(['token-0', 'token-2']))
  })

  test('are told by target where there are none', async () => {
    endpoint = await startTokenEndpoint((response) => json(response, {}, 500))
    const tokens = new Tokens(planOf(endpoint.url), {}, () => {})
    const outcomes = await tokens.first()
    expect([...outcomes]).toMatchObject([['played', { class: 'auth.token', code: '500' }]])
    tokens.close()
  })
})
