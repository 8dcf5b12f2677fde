// biome-ignore-all lint/suspicious/noTemplateCurlyInString: scenarios have such templates.
/** What proves who calls, in the requests of each interface, and from which call on a renewed token is there. */

import type http from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { TargetCredentials } from '../../src/drivers/credentials.ts'
import type { Target, Token } from '../../src/plan/plan.ts'
import { fillTarget } from '../../src/scenario/environment.ts'
import { caseOf, play } from '../contract/play.ts'
import { plan } from '../scenario/scenario-file.ts'
import { startGrpcServer } from '../servers/plain-grpc.ts'
import { startPlain } from '../servers/plain-http.ts'
import { startPlainMcp, textResult } from '../servers/plain-mcp.ts'
import { startWebSocket } from '../servers/plain-websocket.ts'

const BEARER: Token = { source: 'first', in: 'header', as: 'Bearer ' }
const IN_QUERY: Token = { source: 'fir&st', in: 'query', as: 'key' }

let server: { url: string; stop(): Promise<void> } | null = null

afterEach(async () => {
  await server?.stop()
  server = null
})

interface Told {
  /** Of the request, or of the handshake that carries all of them. */
  headers: Record<string, unknown>
  url: string
}

/** Answers each call, and tells what it said of who calls. */
type StartTelling = (told: (call: Told) => void) => Promise<{ url: string; stop(): Promise<void> }>

const overHttp =
  (contentType: string, body: string): StartTelling =>
  (told) =>
    startPlain((request: http.IncomingMessage, response) => {
      told({ headers: request.headers, url: request.url! })
      response.writeHead(200, { 'content-type': contentType }).end(body)
    })

const INTERFACES: { name: string; start: StartTelling; more?: Partial<Target>; connections?: number }[] = [
  { name: 'rest', start: overHttp('text/plain', 'ok') },
  { name: 'sse', start: overHttp('text/event-stream', 'data: ok\n\n') },
  {
    name: 'grpc',
    start: (told) =>
      startGrpcServer('unary', (call) => {
        told({ headers: call.metadata.getMap(), url: '' })
        call.end('ok')
      }),
  },
  {
    name: 'mcp',
    more: { options: { tool: 'plain' } },
    start: (told) =>
      startPlainMcp((answer) => {
        told({ headers: answer.response!.req.headers, url: '' })
        answer.result(textResult('ok'))
      }),
  },
  {
    // Its handshake carries the token, and no message does.
    name: 'websocket',
    more: { connection: 'cold' },
    connections: 4,
    start: (told) =>
      startWebSocket((ws, request) => {
        told({ headers: request.headers, url: request.url! })
        ws.on('message', () => ws.send('ok'))
      }),
  },
]

/** Ways to prove who calls that need no renewal, and the header that each becomes. */
const WAYS: readonly [auth: string, header: string, value: string][] = [
  ['{ bearer: "${env:SECRET}" }', 'authorization', 'Bearer s3cret'],
  ['{ bearer: "${env:SECRET}", as: "Key " }', 'authorization', 'Key s3cret'],
  ['{ api_key: { header: X-Own-Key, value: "${env:SECRET}" } }', 'x-own-key', 's3cret'],
  ['{ basic: { username: me, password: "${env:SECRET}" } }', 'authorization', 'Basic bWU6czNjcmV0'],
  ['{ cookie: "session=${env:SECRET}" }', 'cookie', 'session=s3cret'],
]

describe.each(INTERFACES)('$name', ({ name, start, more, connections = 1 }) => {
  test.each(WAYS)('auth: %s', async (auth, header, value) => {
    const told: Told[] = []
    server = await start((call) => told.push(call))
    const tool = name === 'mcp' ? ', tool: plain' : ''
    const yaml = `targets: { a: { interface: ${name}, api: raw, url: "${server.url}", auth: ${auth}${tool} } }`
    const env = { SECRET: 's3cret' }
    const { cases } = await plan(yaml, { env })
    const played = await play({ target: fillTarget(cases[0]!.target, env) })
    expect(played.errors).toEqual([])
    expect(told.length).toBeGreaterThan(0)
    for (const { headers } of told) expect(headers).toMatchObject({ [header]: value })
  })

  test('a token that is renewed while the load runs is there from the next call on', async () => {
    const told: Told[] = []
    let renew = () => {}
    server = await start((call) => {
      told.push(call)
      if (told.length === 2) renew()
    })
    const played = await play({
      target: { interface: name, url: server.url, headers: { 'x-other': 'stays' }, token: BEARER, ...more },
      load: { model: 'closed', concurrency: 1, calls: 4 },
      authorized: (credentials) => {
        renew = () => credentials.renew('second')
      },
    })
    expect(played.errors).toEqual([])
    expect(played.end.connections).toBe(connections)
    expect(told.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer first',
      'Bearer first',
      'Bearer second',
      'Bearer second',
    ])
  })
})

test.each(INTERFACES.slice(0, 2))('$name: a token in the query', async ({ name, start }) => {
  const told: Told[] = []
  server = await start((call) => told.push(call))
  const url = `${server.url}path?more=1`
  const played = await play({ target: { interface: name, url, token: IN_QUERY } })
  expect(played.errors).toEqual([])
  expect(told.map(({ url: asked }) => asked)).toEqual(['/path?more=1&key=fir%26st'])
  expect(told[0]!.headers).not.toHaveProperty('authorization')
})

test('a token for a subprotocol', () => {
  const token: Token = { source: 'first', in: 'subprotocol', as: 'bearer.' }
  const { target } = caseOf({ target: { interface: 'rest', url: 'http://host/', token } })
  const credentials = new TargetCredentials(target)
  expect(credentials.subprotocols).toEqual(['bearer.first'])
  credentials.renew('second')
  expect(credentials).toMatchObject({ subprotocols: ['bearer.second'], url: 'http://host/', headers: {} })
})
