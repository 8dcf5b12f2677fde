import {
  Client as StatelessClient,
  StreamableHTTPClientTransport as StatelessTransport,
} from '@modelcontextprotocol/client'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ReferenceServer } from '../../reference-server/server.ts'
import { eventually, metric, started } from './started.ts'

let server: ReferenceServer
let mcpUrl: URL

beforeAll(async () => {
  server = await started({}, true)
  mcpUrl = new URL(`${server.httpUrl}/mcp`)
})
afterAll(() => server.close())

const echoCall = {
  name: 'infer',
  arguments: { model: 'echo', inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 2.5] }] },
}
const generateCall = { name: 'generate', arguments: { model: 'echo', prompt: 'ab', max_tokens: 3 } }
const timing = { queue_ms: expect.any(Number), compute_ms: expect.any(Number) }

/** What every client of either revision finds. */
interface AnyClient {
  listTools(): Promise<{ tools: { name: string }[] }>
  infer(): Promise<unknown>
  generate(onprogress?: (progress: unknown) => void): Promise<unknown>
  close(): Promise<void>
}

async function sessionClient(): Promise<AnyClient & { transport: StreamableHTTPClientTransport }> {
  const client = new Client({ name: 'test', version: '1' })
  const transport = new StreamableHTTPClientTransport(mcpUrl)
  await client.connect(transport)
  expect(client.getServerVersion()).toMatchObject({ name: 'infer-bench', version: '1.2.3' })
  return {
    transport,
    listTools: () => client.listTools(),
    infer: () => client.callTool(echoCall),
    generate: (onprogress) => client.callTool(generateCall, undefined, onprogress && { onprogress }),
    close: () => client.close(),
  }
}

async function statelessClient(): Promise<AnyClient> {
  const pin = { mode: { pin: '2026-07-28' } } as const
  const client = new StatelessClient({ name: 'test', version: '1' }, { versionNegotiation: pin })
  await client.connect(new StatelessTransport(mcpUrl))
  expect(client.getServerVersion()).toMatchObject({ name: 'infer-bench', version: '1.2.3' })
  return {
    listTools: () => client.listTools(),
    infer: () => client.callTool(echoCall),
    generate: (onprogress) => client.callTool(generateCall, onprogress && { onprogress }),
    close: () => client.close(),
  }
}

test.each([
  ['2025-11-25 by @modelcontextprotocol/sdk', sessionClient],
  ['2026-07-28 by @modelcontextprotocol/client', statelessClient],
])('%s: both tools, with their timing, and progress token by token', async (_name, connect) => {
  const client = await connect()
  expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['infer', 'generate'])
  expect(await client.infer()).toMatchObject({
    structuredContent: { model_name: 'echo', outputs: [{ name: 'x', shape: [2], data: [1, 2.5] }] },
    _meta: { 'infer-bench/timing': timing },
  })
  const text = {
    content: [{ type: 'text', text: 'aba' }],
    _meta: {
      'infer-bench/timing': timing,
      'infer-bench/usage': { prompt_tokens: 2, completion_tokens: 3, total_tokens: 5 },
      'infer-bench/finish_reason': 'length',
    },
  }
  expect(await client.generate()).toMatchObject(text)
  const told: unknown[] = []
  expect(await client.generate((progress) => told.push(progress))).toMatchObject(text)
  expect(told).toEqual([
    { progress: 1, total: 3, message: 'a' },
    { progress: 2, total: 3, message: 'b' },
    { progress: 3, total: 3, message: 'a' },
  ])
  await client.close()
})

test('a session stands from initialize until DELETE', async () => {
  const before = await metric(server, 'infer_active_sessions')
  const client = await sessionClient()
  expect(await metric(server, 'infer_active_sessions')).toBe(before + 1)
  await client.transport.terminateSession()
  await eventually(async () => (await metric(server, 'infer_active_sessions')) === before)
  await client.close()
})
