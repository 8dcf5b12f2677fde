/** MCP as a server may speak it: the SDKs' own clients, behind the driver's session, hear messages that nobody checked. */

import fc from 'fast-check'
import { dialect } from '../../src/dialects/registry.ts'
import type { ByteCounts, CallSlot, Outcome } from '../../src/drivers/driver.ts'
import type { ChannelOwner } from '../../src/drivers/mcp/channel.ts'
import { glimpsedId } from '../../src/drivers/mcp/glimpse.ts'
import { loadSdk } from '../../src/drivers/mcp/sdk.ts'
import { McpSession } from '../../src/drivers/mcp/session.ts'
import { TextChannel } from '../../src/drivers/mcp/text-channel.ts'
import { UNMEASURED } from '../../src/drivers/unmeasured.ts'
import { caseOf, NOTHING } from '../contract/play.ts'
import { changedJson, changedText } from './mutation.ts'
import { type Subject, subject } from './subject.ts'

interface Asked {
  id?: number
  method?: string
}

/** The other end is this test: it answers the handshake as it should, and calls with what it is given. */
class Wire extends TextChannel {
  /** Ids of the requests so far. */
  lastId = 0
  readonly #handshake: (asked: Asked) => object | null

  constructor(owner: ChannelOwner, handshake: (asked: Asked) => object | null) {
    super(owner)
    this.#handshake = handshake
  }

  hear(text: string): void {
    this.received(text)
  }

  wireBytes(into: ByteCounts): void {
    into.read = into.written = 0
  }

  async end(): Promise<void> {}

  protected read(): void {}

  protected get waitingBytes(): number {
    return 0
  }

  protected write(text: string, written: () => void): void {
    const asked = JSON.parse(text) as Asked
    if (asked.id !== undefined) this.lastId = asked.id
    written()
    const result = this.#handshake(asked)
    if (result) setImmediate(() => this.hear(JSON.stringify({ jsonrpc: '2.0', id: asked.id, result })))
  }
}

const serverInfo = { name: 'wire', version: '0' }
const capabilities = { tools: {} }
const HANDSHAKES = {
  '2025-11-25': ({ method }: Asked) =>
    method === 'initialize' ? { protocolVersion: '2025-11-25', capabilities, serverInfo } : null,
  '2026-07-28': ({ method }: Asked) =>
    method === 'server/discover'
      ? {
          resultType: 'complete',
          supportedVersions: ['2026-07-28'],
          capabilities,
          ttlMs: 1000,
          cacheScope: 'public',
          _meta: { 'io.modelcontextprotocol/serverInfo': serverInfo },
        }
      : null,
} as const
type Revision = keyof typeof HANDSHAKES

const payload = { ...NOTHING, form: 'json', json: {} } as const
const target = { interface: 'mcp', api: 'raw', url: 'http://h' } as const
const codec = dialect('raw').mcp!.codec({ ...caseOf({ target, payload }), file: null }, 'plain')

let open: { session: McpSession; wire: Wire; isLost: boolean } | null = null

async function opened(revision: Revision) {
  if (open && !open.isLost) return open
  const sdk = await loadSdk(revision)
  const template = { tool: 'plain', kind: 'server-stream', codec, trace: null } as const
  const probe = {
    ...UNMEASURED,
    lost: () => {
      made.isLost = true
    },
  }
  const session = new McpSession(sdk.newClient(), template, probe, () => {})
  const wire = new Wire(session, HANDSHAKES[revision])
  const made = { session, wire, isLost: false }
  await session.begin(async () => wire)
  open = made
  return made
}

/** Within which the SDK has read a message and told what it makes of it. */
const TURNS = 4

/** One call, and what is heard while it is open; its id stands as 4711 in what is heard. */
async function converse(revision: Revision, heard: readonly string[]): Promise<Outcome[]> {
  const { session, wire } = await opened(revision)
  const ends: Outcome[] = []
  const call = {
    state: null,
    traceNumber: 0,
    encoded() {},
    written() {},
    writable() {},
    firstByte() {},
    received() {},
    content() {},
    decoded() {},
    tokens() {},
    lastByte() {},
    server() {},
    end: (outcome: Outcome) => {
      ends.push(outcome)
    },
  } satisfies CallSlot
  if (session.capacity() < 1) {
    open = null
    return converse(revision, heard)
  }
  session.start(call)
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  await turn()
  for (const text of heard) {
    wire.hear(text.replaceAll('4711', String(wire.lastId)))
    await turn()
  }
  for (let turns = 0; turns < TURNS && ends.length === 0; turns++) await turn()
  // What is never answered is what timeouts are for.
  if (ends.length === 0) session.cancel(call)
  await turn()
  return ends
}

const RESULT = {
  jsonrpc: '2.0',
  id: 4711,
  result: { content: [{ type: 'text', text: 'hé' }], structuredContent: { a: 1 } },
}
const MESSAGES = [
  RESULT,
  {
    ...RESULT,
    result: { ...RESULT.result, resultType: 'complete', _meta: { 'infer-bench/timing': { queue_ms: 1 } } },
  },
  { jsonrpc: '2.0', id: 4711, result: { content: [{ type: 'text', text: 'no' }], isError: true } },
  { jsonrpc: '2.0', id: 4711, error: { code: -32602, message: 'unknown tool', data: { a: 1 } } },
  { jsonrpc: '2.0', id: null, error: { code: -32700, message: 'what?' } },
  {
    jsonrpc: '2.0',
    method: 'notifications/progress',
    params: { progressToken: 4711, progress: 1, message: 'x' },
  },
  { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 'x' } },
  { jsonrpc: '2.0', id: 9, method: 'ping' },
  { jsonrpc: '2.0', id: 9, method: 'sampling/createMessage', params: { messages: [] } },
]

const found = [
  { jsonrpc: '2.0', id: { toString: 1, valueOf: 1 }, result: {} },
  { jsonrpc: '2.0', id: null, error: { code: { toString: 1 }, message: 5 } },
  { jsonrpc: '2.0', id: 4711, error: { code: 'x', message: { a: 1 } } },
  { jsonrpc: '2.0', id: 4711, error: 'x' },
  { jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: { toString: 1 } } },
].map((message): [string] => [JSON.stringify(message)])

const MOST_CHARACTERS = 600

const conversations = (Object.keys(HANDSHAKES) as Revision[]).map((revision) =>
  subject<readonly string[]>({
    name: `messages of MCP ${revision}`,
    inputs: fc.array(changedJson(...MESSAGES), { minLength: 1, maxLength: 3 }),
    examples: found,
    cost: 4,
    before: () => {
      open = null
    },
    async holds(heard) {
      const ends = await converse(revision, heard)
      if (ends.length > 1) throw new Error(`it ended ${ends.length} times`)
      for (const { phase, class: errorClass, code, sample } of ends) {
        for (const text of [phase, errorClass, code, sample]) {
          if (typeof text !== 'string' || text.length > MOST_CHARACTERS)
            throw new Error(`${typeof text} ${text}`)
        }
      }
    },
  }),
)

const glimpses = subject<string>({
  name: 'a glance at a message of JSON-RPC',
  inputs: changedText(...MESSAGES.map((message) => JSON.stringify(message)), `{"id": ${'1'.repeat(200)}}`),
  holds(text) {
    const id = glimpsedId(text)
    if (id !== null && !(id >= 0)) throw new Error(`${id}`)
  },
})

export const mcp: Subject[] = [...conversations, glimpses]
