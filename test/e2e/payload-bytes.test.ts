/** What an encoding costs in bytes: told by the tool, counted by the server's sockets. */

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ReferenceServer } from '../../reference-server/server.ts'
import { started } from '../reference-server/started.ts'
import { runScenario } from './cli.ts'

const MIB = 1024 ** 2
const CALLS = 8
const ENCODINGS = ['json', 'base64', 'binary', 'multipart'] as const

let server: ReferenceServer
/** Every connection that a server of this process has taken. */
const sockets: Socket[] = []
const onSocket = (message: unknown) => sockets.push((message as { socket: Socket }).socket)

beforeAll(async () => {
  subscribe('net.server.socket', onSocket)
  server = await started()
})
afterAll(async () => {
  unsubscribe('net.server.socket', onSocket)
  await server.close()
})

test('overhead_bytes is what the server’s sockets counted, and a third for base64', async () => {
  const { result, stderr } = await runScenario(`
targets: { rest: { interface: rest, api: kserve-v2, url: "${server.httpUrl}", model: echo } }
defaults:
  load: { calls: ${CALLS}, warmup: 0s }
  rounds: 1
vary:
  payload.size: [4KiB, 1MiB]
  payload.encoding: [${ENCODINGS.join(', ')}]
`)
  // The first connection only sees whether the server is there; each case then has one, in order.
  const servedBytes = sockets.map(({ bytesRead, bytesWritten }) => bytesRead + bytesWritten).filter(Boolean)
  expect(servedBytes, stderr).toHaveLength(2 * ENCODINGS.length)
  const overhead = new Map<string, number>()
  for (const [index, { name, summary, labels }] of result.cases.entries()) {
    expect(summary, name).toMatchObject({ calls: CALLS, errors: 0 })
    // The tensor comes back as it went.
    const payloadBytes = CALLS * 2 * (labels['payload.size'] === '1MiB' ? MIB : 4096)
    expect(summary.overhead_bytes, name).toBeCloseTo(servedBytes[index]! / payloadBytes - 1, 9)
    overhead.set(`${labels['payload.size']} ${labels['payload.encoding']}`, summary.overhead_bytes!)
  }
  expect(Math.abs(overhead.get('1MiB base64')! - 1 / 3)).toBeLessThan(0.005)
  expect(overhead.get('1MiB binary')).toBeLessThan(0.005)
  expect(overhead.get('1MiB multipart')).toBeLessThan(0.005)
  expect(overhead.get('1MiB json')).toBeGreaterThan(1.5)
})
