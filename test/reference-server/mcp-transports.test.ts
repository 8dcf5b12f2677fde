import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Client as StatelessClient } from '@modelcontextprotocol/client'
import { StdioClientTransport as StatelessStdio } from '@modelcontextprotocol/client/stdio'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { WebSocketClientTransport } from '@modelcontextprotocol/sdk/client/websocket.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { ReferenceServer } from '../../reference-server/server.ts'
import { rpc, startedMcp, statelessMeta } from './mcp-client.ts'
import { eventually, metric } from './started.ts'

const program = fileURLToPath(new URL('./serve-program.ts', import.meta.url))
const command = {
  command: process.execPath,
  args: [
    program,
    'serve',
    '--mcp-stdio',
    '--provider',
    'cpu',
    '--max-body',
    '4KiB',
    '--max-tokens',
    '1000000000',
  ],
}
const limitBytes = 4096
const children = new Set<ChildProcessWithoutNullStreams>()
const sockets = new Set<WebSocket>()
let server: ReferenceServer

beforeAll(async () => {
  server = await startedMcp({ connectionCalls: 2 }, { bodyBytes: limitBytes })
})
afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
  children.clear()
  for (const ws of sockets) ws.terminate()
  sockets.clear()
})
afterAll(() => server.close())

function webSocketUrl(): URL {
  return new URL(`${server.httpUrl.replace('http', 'ws')}/mcp/ws`)
}

const endless = { name: 'generate', arguments: { model: 'echo', prompt: 'ab', max_tokens: 1e9 } }
const short = { name: 'generate', arguments: { model: 'echo', prompt: 'ab', max_tokens: 3 } }
const progressOfShort = [
  { progressToken: 't', progress: 1, total: 3, message: 'a' },
  { progressToken: 't', progress: 2, total: 3, message: 'b' },
  { progressToken: 't', progress: 3, total: 3, message: 'a' },
]

/** A conversation by hand: what is said goes out as it stands, what comes back is kept. */
interface Line {
  say(message: unknown): void
  /** The first message, from now on or before, that fits. */
  heard(fits: (message: Heard) => boolean): Promise<Heard>
  readonly all: Heard[]
  readonly ended: Promise<number>
}

interface Heard {
  id?: unknown
  method?: string
  params?: unknown
  error?: { code: number; message: string }
  result?: Record<string, unknown>
}

class Inbox {
  readonly all: Heard[] = []
  #onMessage = Promise.withResolvers<void>()

  add(text: string): void {
    this.all.push(JSON.parse(text) as Heard)
    this.wake()
  }

  wake(): void {
    this.#onMessage.resolve()
    this.#onMessage = Promise.withResolvers<void>()
  }

  async heard(fits: (message: Heard) => boolean): Promise<Heard> {
    for (;;) {
      const found = this.all.find(fits)
      if (found) return found
      await this.#onMessage.promise
    }
  }
}

function overStdio(): Line & { child: ChildProcessWithoutNullStreams } {
  const child = spawn(command.command, command.args)
  children.add(child)
  const inbox = new Inbox()
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop()!
    for (const line of lines) inbox.add(line)
  })
  child.stdin.on('error', () => {})
  return {
    child,
    all: inbox.all,
    say: (message) => void child.stdin.write(`${said(message)}\n`),
    heard: (fits) => inbox.heard(fits),
    ended: once(child, 'close').then(([code]) => code as number),
  }
}

async function overWebSocket(): Promise<Line & { ws: WebSocket }> {
  const ws = new WebSocket(webSocketUrl(), 'mcp')
  sockets.add(ws)
  const inbox = new Inbox()
  ws.on('error', () => {})
  ws.on('message', (data: Buffer) => inbox.add(data.toString()))
  const ended = once(ws, 'close').then(([code]) => code as number)
  await once(ws, 'open')
  return {
    ws,
    all: inbox.all,
    say: (message) => ws.send(said(message)),
    heard: (fits) => inbox.heard(fits),
    ended,
  }
}

function said(message: unknown): string {
  return typeof message === 'string' ? message : JSON.stringify(message)
}

test.each<[string, () => Transport]>([
  ['stdio', () => new StdioClientTransport({ ...command, stderr: 'ignore' })],
  ['WebSocket', () => new WebSocketClientTransport(webSocketUrl())],
])('2025-11-25 over %s by @modelcontextprotocol/sdk', async (_name, transport) => {
  const client = new Client({ name: 'test', version: '1' })
  await client.connect(transport())
  expect(client.getServerVersion()).toMatchObject({ name: 'infer-bench', version: '1.2.3' })
  expect((await client.listTools()).tools).toHaveLength(2)
  const result = await client.callTool(short)
  expect(result).toMatchObject({ content: [{ text: 'aba' }], _meta: { 'infer-bench/timing': {} } })
  const abort = new AbortController()
  const cancelled = client.callTool(endless, undefined, {
    signal: abort.signal,
    onprogress: () => abort.abort(),
  })
  await expect(cancelled).rejects.toThrow()
  expect(await client.ping()).toMatchObject({})
  await client.close()
})

test('2026-07-28 over stdio by @modelcontextprotocol/client', async () => {
  const pin = { mode: { pin: '2026-07-28' } } as const
  const client = new StatelessClient({ name: 'test', version: '1' }, { versionNegotiation: pin })
  await client.connect(new StatelessStdio({ ...command, stderr: 'ignore' }))
  expect(await client.callTool(short)).toMatchObject({ content: [{ text: 'aba' }] })
  const abort = new AbortController()
  const cancelled = client.callTool(endless, { signal: abort.signal, onprogress: () => abort.abort() })
  await expect(cancelled).rejects.toThrow()
  await client.close()
})

describe.each<[string, () => Line | Promise<Line>]>([
  ['stdio', overStdio],
  ['WebSocket', overWebSocket],
])('by hand over %s', (_name, open) => {
  test('bad messages are answered, and good ones after them', async () => {
    const line = await open()
    const errorOf = async (id: unknown) => (await line.heard((message) => message.id === id)).error
    line.say('{"jsonrpc":')
    expect(await errorOf(null)).toMatchObject({ code: -32700 })
    line.say(rpc('tools/list', {}, 'early'))
    expect(await errorOf('early')).toMatchObject({
      code: -32600,
      message: expect.stringContaining('initialize'),
    })
    line.say({ jsonrpc: '2.0', id: 5, result: {} })
    line.say({ jsonrpc: '2.0', method: 'notifications/unknown' })
    line.say(rpc('initialize', { protocolVersion: '2025-11-25' }, 1))
    expect((await line.heard(({ id }) => id === 1)).result).toMatchObject({ protocolVersion: '2025-11-25' })
    line.say(rpc('initialize', { protocolVersion: '2025-11-25' }, 'again'))
    expect(await errorOf('again')).toMatchObject({ code: -32600 })
    line.say(rpc('tools/lost', {}, 'lost'))
    expect(await errorOf('lost')).toMatchObject({ code: -32601 })
    // The SDK's clients lose progress that arrives together with the result, so it is counted here.
    line.say(rpc('tools/call', { ...short, _meta: { ...statelessMeta, progressToken: 't' } }, 'modern'))
    const { result } = await line.heard(({ id }) => id === 'modern')
    expect(line.all.filter(({ method }) => method).map(({ params }) => params)).toEqual(progressOfShort)
    expect(result).toMatchObject({ resultType: 'complete', content: [{ text: 'aba' }] })
    expect(line.all.filter(({ id }) => id === 5)).toEqual([])
  })
})

test('over WebSocket: calls over the limit are refused, and those of a client that left are stopped', async () => {
  const { say, heard, ws } = await overWebSocket()
  const call = (id: number) => rpc('tools/call', { ...endless, _meta: statelessMeta }, id)
  for (const id of [1, 1, 2, 3]) say(call(id))
  expect((await heard(({ id }) => id === 1)).error).toMatchObject({ code: -32600 })
  expect((await heard(({ id }) => id === 3)).error).toMatchObject({ code: -32603 })
  expect(await metric(server, 'infer_active_streams')).toBe(2)
  ws.terminate()
  await eventually(async () => (await metric(server, 'infer_active_streams')) === 0)
  await eventually(async () => (await metric(server, 'infer_active_sessions')) === 0)
})

test('over WebSocket: a binary message and one over the limit close the connection', async () => {
  const binary = await overWebSocket()
  binary.ws.send(Buffer.from(JSON.stringify(rpc('ping'))))
  expect(await binary.ended).toBe(1003)
  const large = await overWebSocket()
  large.say('x'.repeat(limitBytes + 1))
  expect(await large.ended).toBe(1009)
})

test('over WebSocket: another subprotocol alone is refused, and a server that stops says so', async () => {
  const stranger = new WebSocket(webSocketUrl(), 'graphql-ws')
  const [error] = (await once(stranger, 'error')) as [Error]
  expect(error.message).toContain('400')
  const stopping = await startedMcp()
  const ws = new WebSocket(`${stopping.httpUrl.replace('http', 'ws')}/mcp/ws`)
  await once(ws, 'open')
  const closed = once(ws, 'close')
  await stopping.close()
  expect((await closed)[0]).toBe(1001)
})

test('over stdio: a line over the limit is refused, the next one is not, and it ends with its input', async () => {
  const { say, heard, child, ended, all } = overStdio()
  say(JSON.stringify(rpc('ping', { x: 'x'.repeat(limitBytes) })))
  say('')
  say(rpc('tools/call', { ...short, _meta: statelessMeta }, 'last'))
  child.stdin.end()
  expect((await heard(({ id }) => id === null)).error).toMatchObject({ code: -32600 })
  expect((await heard(({ id }) => id === 'last')).result).toMatchObject({ content: [{ text: 'aba' }] })
  expect(await ended).toBe(0)
  expect(all).toHaveLength(2)
})

test.each([
  ['SIGTERM', (child: ChildProcessWithoutNullStreams) => void child.kill('SIGTERM')],
  ['the loss of its client', (child: ChildProcessWithoutNullStreams) => void child.stdout.destroy()],
])('over stdio: %s ends it in mid-call', async (_name, leave) => {
  const { say, heard, child, ended } = overStdio()
  say(rpc('tools/call', { ...endless, _meta: { ...statelessMeta, progressToken: 1 } }))
  await heard(({ method }) => method === 'notifications/progress')
  leave(child)
  expect(await ended).toBe(0)
})
