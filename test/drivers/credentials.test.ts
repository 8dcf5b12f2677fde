/** What proves who calls, in the requests of each interface, and from which call on a renewed token is there. */

import type http from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { TargetCredentials } from '../../src/drivers/credentials.ts'
import type { Target, Token } from '../../src/plan/plan.ts'
import { caseOf, play } from '../contract/play.ts'
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
  authorization: string | undefined
  url: string
}

/** Answers each call, and tells what it said of who calls. */
type StartTelling = (told: (call: Told) => void) => Promise<{ url: string; stop(): Promise<void> }>

const overHttp =
  (contentType: string, body: string): StartTelling =>
  (told) =>
    startPlain((request: http.IncomingMessage, response) => {
      told({ authorization: request.headers.authorization, url: request.url! })
      response.writeHead(200, { 'content-type': contentType }).end(body)
    })

const INTERFACES: { name: string; start: StartTelling; more?: Partial<Target>; connections?: number }[] = [
  { name: 'rest', start: overHttp('text/plain', 'ok') },
  { name: 'sse', start: overHttp('text/event-stream', 'data: ok\n\n') },
  {
    name: 'grpc',
    start: (told) =>
      startGrpcServer('unary', (call) => {
        told({ authorization: call.metadata.get('authorization')[0] as string, url: '' })
        call.end('ok')
      }),
  },
  {
    name: 'mcp',
    more: { options: { tool: 'plain' } },
    start: (told) =>
      startPlainMcp((answer) => {
        const { authorization } = answer.response!.req.headers
        told({ authorization, url: '' })
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
        told({ authorization: request.headers.authorization, url: request.url! })
        ws.on('message', () => ws.send('ok'))
      }),
  },
]

describe.each(INTERFACES)('$name', ({ name, start, more, connections = 1 }) => {
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
    expect(told.map(({ authorization }) => authorization)).toEqual([
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
  expect(told).toMatchObject([{ authorization: undefined, url: '/path?more=1&key=fir%26st' }])
})

test('a token for a subprotocol', () => {
  const token: Token = { source: 'first', in: 'subprotocol', as: 'bearer.' }
  const { target } = caseOf({ target: { interface: 'rest', url: 'http://host/', token } })
  const credentials = new TargetCredentials(target)
  expect(credentials.subprotocols).toEqual(['bearer.first'])
  credentials.renew('second')
  expect(credentials).toMatchObject({ subprotocols: ['bearer.second'], url: 'http://host/', headers: {} })
})
