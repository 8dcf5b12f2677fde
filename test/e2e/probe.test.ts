/** `probe` on the bundled server, over each interface, and on what cannot be reached. */

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test as serial } from 'vitest'
import { WebSocketServer } from 'ws'
import type { ReferenceServer } from '../../reference-server/server.ts'
import type { Probing } from '../../src/result/probing.ts'
import { started } from '../reference-server/started.ts'
import { cli } from './cli.ts'

const test = serial.concurrent
const CALLS = 5

let server: ReferenceServer

beforeAll(async () => {
  server = await started({}, true)
})
afterAll(() => server.close())

async function probed(url: string, ...args: string[]): Promise<Probing> {
  const { code, stdout, stderr } = await cli(['probe', url, '--json', '--calls', String(CALLS), ...args])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout) as Probing
}

const trusted = () => ['--ca', server.caFile!]

describe('every way to connect is told, phase by phase', () => {
  test.each<[string, () => string, string[], string[]]>([
    ['rest', () => `${server.httpsUrl}/v2`, ['--interface', 'rest'], ['tcp_connect', 'tls_handshake']],
    ['grpc', () => server.grpcsUrl!, [], ['tcp_connect', 'tls_handshake', 'protocol_setup']],
    [
      'websocket',
      () => server.httpsUrl!.replace('https', 'wss'),
      ['--api', 'kserve-v2', '--model', 'mlp'],
      ['tcp_connect', 'tls_handshake', 'protocol_setup'],
    ],
    [
      'mcp',
      () => server.httpsUrl!,
      ['--interface', 'mcp'],
      ['tcp_connect', 'tls_handshake', 'protocol_setup'],
    ],
  ])('%s', async (name, url, args, phases) => {
    const { interface: found, tls, ways } = await probed(url(), ...args, ...trusted())
    expect(found).toBe(name)
    expect(tls).toMatchObject({ version: 'TLSv1.3', distrust: null })
    expect(ways.map(({ connection }) => connection)).toEqual(['cold', 'resumed', 'reused'])
    for (const { connection, connections, resumed, handshake, call, calls, errors } of ways) {
      expect(Object.keys(handshake)).toEqual([...phases, 'handshake'])
      expect(connections).toBe(connection === 'reused' ? 1 : CALLS)
      expect(resumed).toBe(connection === 'resumed' ? CALLS : 0)
      expect(handshake.handshake!.count).toBe(connections)
      expect({ calls, errors }).toEqual({ calls: CALLS, errors: {} })
      expect(call!.p50).toBeGreaterThan(0)
    }
  })

  test('in clear text there is nothing to resume', async () => {
    const { tls, ways } = await probed(server.httpUrl)
    expect(tls).toBeNull()
    expect(ways.map(({ connection }) => connection)).toEqual(['cold', 'reused'])
  })

  test('a name is looked up, and each family of its addresses is a way of its own', async () => {
    const { addresses, ways } = await probed(server.httpUrl.replace('127.0.0.1', 'localhost'))
    const families = [...new Set(addresses.map(({ family }) => family))].sort()
    expect(addresses).toContainEqual({ address: '127.0.0.1', family: 4 })
    expect([...new Set(ways.map(({ family }) => family))]).toEqual(families)
    expect(Object.keys(ways[0]!.handshake)).toEqual(['dns_lookup', 'tcp_connect', 'handshake'])
  })

  test('over WebSocket nothing is asked of a server that may not answer', async () => {
    const silent = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    try {
      await once(silent, 'listening')
      const { ways } = await probed(`ws://127.0.0.1:${(silent.address() as AddressInfo).port}`)
      expect(ways).toMatchObject([
        { connection: 'cold', connections: CALLS, calls: 0, call: null, errors: {} },
      ])
      expect(ways[0]!.handshake.protocol_setup!.count).toBe(CALLS)
    } finally {
      silent.close()
    }
  })

  test('a call that fails is counted, and the handshake is told all the same', async () => {
    const { ways } = await probed(`${server.httpUrl}/nowhere`)
    for (const { handshake, call, errors } of ways) {
      expect(errors).toEqual({ 'http.404': CALLS })
      expect(call).toBeNull()
      expect(handshake.handshake!.p50).toBeGreaterThan(0)
    }
  })
})

test('people read a waterfall, the certificates, and how long they are valid', async () => {
  const { code, stdout } = await cli(['probe', `${server.httpsUrl}/v2`, '--calls', '3', ...trusted()])
  expect(code).toBe(0)
  expect(stdout).toMatch(/^TLSv1\.3, TLS_\w+, ALPN h2$/m)
  expect(stdout).toMatch(/^infer-bench reference server +infer-bench throw-away CA +\d{4}-\d\d-\d\d +\d+$/m)
  expect(stdout).toMatch(/^Handshake, cold\n/m)
  expect(stdout).toMatch(/^TLS handshake +·+[█▏▎▍▌▋▊▉]+ +[\d.]+ [µm]s +[\d.]+ [µm]s$/m)
})

describe('what cannot be reached', () => {
  test('a certificate that nobody trusts is refused, and shown', async () => {
    const { code, stdout, stderr } = await cli(['probe', server.httpsUrl!])
    expect(code).toBe(114)
    expect(stderr).toContain('tls.untrusted')
    expect(stdout).toContain('NOT trusted: UNABLE_TO_VERIFY_LEAF_SIGNATURE')
    expect(stdout).toMatch(/^Certificates$/m)
    const { tls } = await probed(server.httpsUrl!, '--insecure')
    expect(tls!.distrust).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE')
  })

  test.each<[string, string[], number, string]>([
    ['nobody listens', ['http://127.0.0.1:1'], 114, 'tcp.refused'],
    ['a name that nobody has', ['http://nobody.invalid'], 114, 'dns'],
    ['no URL', ['nowhere'], 2, 'this is not a URL'],
    ['a scheme that nobody speaks', ['ftp://127.0.0.1'], 2, 'no interface has the scheme ftp'],
    [
      'an API of another interface',
      ['grpc://127.0.0.1', '--api', 'openai-chat'],
      2,
      'is not spoken over grpc',
    ],
    ['a header that is none', ['http://127.0.0.1:1', '--header', 'x'], 2, 'write it like "name: value"'],
    ['a file that is not there', ['https://127.0.0.1:1', '--ca', 'none.pem'], 104, 'none.pem'],
    ['no number of calls', ['http://127.0.0.1:1', '--calls', '0'], 2, 'from 1 to 1000'],
  ])('%s', async (_, args, exit, says) => {
    const { code, stdout, stderr } = await cli(['probe', ...args])
    expect({ code, stdout }).toEqual({ code: exit, stdout: '' })
    expect(stderr).toContain(says)
  })
})
