/** Who may call the bundled server, over each interface: by token, by certificate, and what comes of having neither. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ReferenceServer, startServer } from '../../reference-server/server.ts'
import { protocol } from '../../src/drivers/registry.ts'
import type { Payload, Target, Token } from '../../src/plan/plan.ts'
import { caseOf, play } from '../contract/play.ts'

const TOKEN = 'an-Own.token'
const NO_TLS = { ca: null, cert: null, key: null, servername: null, verify: true }

const tensor: Payload = { form: 'size', byteCount: 64, encoding: 'json', batch: 1, seed: 1, label: '' }
const text: Payload = { ...tensor, form: 'text', text: 'once', outputTokens: 2, ignoreEos: true }

interface Spoken {
  name: string
  options?: Record<string, unknown>
  api: string
  model: string
  payload: Payload
  url(server: ReferenceServer, isSecure: boolean): string
  /** The class of a call, or a connection, without a token. */
  refusal: string
}

const overHttp = ({ httpUrl, httpsUrl }: ReferenceServer, isSecure: boolean) =>
  isSecure ? httpsUrl! : httpUrl

const INTERFACES: readonly Spoken[] = [
  { name: 'rest', api: 'kserve-v2', model: 'echo', payload: tensor, url: overHttp, refusal: 'http.401' },
  { name: 'sse', api: 'openai-chat', model: 'echo', payload: text, url: overHttp, refusal: 'http.401' },
  {
    name: 'grpc',
    api: 'kserve-v2',
    model: 'echo',
    payload: tensor,
    url: ({ grpcUrl, grpcsUrl }, isSecure) => (isSecure ? grpcsUrl! : grpcUrl),
    refusal: 'grpc.UNAUTHENTICATED',
  },
  {
    name: 'websocket',
    api: 'kserve-v2',
    model: 'echo',
    payload: tensor,
    url: (server, isSecure) => overHttp(server, isSecure).replace('http', 'ws'),
    refusal: 'upgrade',
  },
  { name: 'mcp', api: 'kserve-v2', model: 'echo', payload: tensor, url: overHttp, refusal: 'http.401' },
  {
    name: 'mcp',
    options: { transport: 'websocket' },
    api: 'kserve-v2',
    model: 'echo',
    payload: tensor,
    url: (server, isSecure) => overHttp(server, isSecure).replace('http', 'ws'),
    refusal: 'upgrade',
  },
]

function start(more: object): Promise<ReferenceServer> {
  const batching = { size: 1, waitMs: 0 }
  return startServer({ providers: ['cpu'], workers: 1, batching, version: '1.2.3', ...more })
}

function call(spoken: Spoken, server: ReferenceServer, isSecure: boolean, more: Partial<Target>) {
  const { name, api, model, payload, options = {} } = spoken
  const target = { interface: name, api, model, url: spoken.url(server, isSecure), options, ...more }
  const { path } = protocol(name)
  const url = target.url + path(caseOf({ target }).target)
  return play({
    target: { ...target, url },
    payload,
    load: { model: 'closed', concurrency: 1, calls: 2 },
    timeouts: { connectMs: 5000 },
  })
}

describe('a server that wants a token', () => {
  let server: ReferenceServer

  beforeAll(async () => {
    server = await start({ token: TOKEN })
  })
  afterAll(() => server.close())

  describe.each(INTERFACES)('$name $options.transport', (spoken) => {
    const { tokenPlaces = ['header'] } = protocol(spoken.name)

    const hasSubprotocols = spoken.refusal === 'upgrade'
    const places = tokenPlaces.filter((place) => place !== 'subprotocol' || hasSubprotocols)

    test.each(places)('the token in a %s', async (place) => {
      const as = { header: 'Bearer ', query: 'access_token', subprotocol: 'bearer.' }[place]
      const token: Token = { source: TOKEN, in: place, as }
      const played = await call(spoken, server, false, { token })
      expect(played.errors).toEqual([])
      expect(played.counts.calls).toBe(2)
    })

    test.each([
      ['no token', {}],
      ['another token', { headers: { authorization: 'Bearer another' } }],
    ])('%s', async (_what, more) => {
      const played = await call(spoken, server, false, more)
      expect(Object.keys(played.classes)).toEqual([spoken.refusal])
      expect(played.counts).toMatchObject({ calls: 2, errors: 2 })
      expect(played.errors[0]!.outcome.sample).toMatch(/401|bearer token/)
    })
  })

  test('a key in a header, as Anthropic’s client sends it', async () => {
    const played = await call(INTERFACES[0]!, server, false, { headers: { 'x-api-key': TOKEN } })
    expect(played.errors).toEqual([])
  })

  test('what an operator asks needs none, and what is refused is told in the form of its convention', async () => {
    for (const path of ['/healthz', '/metrics']) {
      expect((await fetch(server.httpUrl + path)).status).toBe(200)
    }
    const reply = await fetch(`${server.httpUrl}/v1/models`)
    expect(reply.status).toBe(401)
    expect(reply.headers.get('www-authenticate')).toBe('Bearer realm="infer-bench"')
    expect(await reply.json()).toMatchObject({ error: { message: 'this server wants a bearer token' } })
  })
})

describe('a server that wants a certificate', () => {
  let server: ReferenceServer

  beforeAll(async () => {
    server = await start({ tls: { port: 0, clientCa: 'throw-away' } })
  })
  afterAll(() => server.close())

  describe.each(INTERFACES)('$name $options.transport', (spoken) => {
    test.each(['cold', 'resumed'] as const)('with the certificate, connections %s', async (connection) => {
      const { caFile: ca, clientCertFile: cert, clientKeyFile: key } = server
      const tls = { ...NO_TLS, ca, cert, key }
      const played = await call(spoken, server, true, { tls, connection })
      expect(played.errors).toEqual([])
      expect(played.end).toMatchObject({ connections: 2, resumed: connection === 'resumed' ? 2 : 0 })
    })

    test.each([
      ['1.3', 'tls.client_certificate'],
      // It tells no more of a handshake than that it failed.
      ['1.2', 'tls.protocol'],
    ] as const)('without one, over TLS %s', async (maxVersion, errorClass) => {
      const tls = { ...NO_TLS, ca: server.caFile, maxVersion }
      const played = await call(spoken, server, true, { tls })
      expect(Object.keys(played.classes)).toEqual([errorClass])
      expect(played.counts).toMatchObject({ calls: 2, errors: 2 })
    })
  })
})
