/** The two SDKs behind one face: which one speaks is the target's revision. */

import type { McpResult } from '../../dialects/mcp-face.ts'
import type { Channel } from './channel.ts'
import type { Revision } from './options.ts'

export interface RequestOptions {
  timeout: number
  signal?: AbortSignal
  onprogress?: () => void
}

/** One session's client. */
export interface SdkClient {
  connect(channel: Channel, options: RequestOptions): Promise<void>
  call(params: Record<string, unknown>, options: RequestOptions): Promise<McpResult>
  list(params: Record<string, unknown>, options: RequestOptions): Promise<McpResult>
  /** Called with what it has to say against a message that it was given, while it is given it. */
  onComplaint(tell: (complaint: Error) => void): void
  /** Left out: the revision has none. */
  ping?(options: RequestOptions): Promise<unknown>
}

/** The SDK's own client side of Streamable HTTP. */
export type SdkHttpTransport = Channel & { terminateSession(): Promise<void> }

interface SdkHttpOptions {
  fetch: (url: string | URL, init?: RequestInit) => Promise<Response>
  requestInit: RequestInit
  sessionId?: string
}

export interface Sdk {
  newClient(): SdkClient
  newHttpTransport(url: URL, options: SdkHttpOptions): SdkHttpTransport
}

const CLIENT = { name: 'infer-bench', version: '0' }

/** A stream that breaks off is an error here, and nothing is asked for again. */
const NO_RECONNECTION = {
  maxRetries: 0,
  initialReconnectionDelay: 1000,
  maxReconnectionDelay: 1000,
  reconnectionDelayGrowFactor: 1,
}

export async function loadSdk(revision: Revision): Promise<Sdk> {
  return revision === '2026-07-28' ? loadStateless() : loadSessions()
}

async function loadSessions(): Promise<Sdk> {
  const [{ Client }, { StreamableHTTPClientTransport }, { AjvJsonSchemaValidator }] = await Promise.all([
    import('@modelcontextprotocol/sdk/client/index.js'),
    import('@modelcontextprotocol/sdk/client/streamableHttp.js'),
    import('@modelcontextprotocol/sdk/validation/ajv'),
  ])
  // One for all sessions: making it costs more than an initialize does.
  const jsonSchemaValidator = new AjvJsonSchemaValidator()
  return {
    newClient() {
      const client = new Client(CLIENT, { jsonSchemaValidator })
      return {
        connect: (channel, options) => client.connect(channel as never, options),
        call: (params, options) =>
          client.callTool(params as never, undefined, options as never) as Promise<McpResult>,
        list: (params, options) => client.listTools(params, options as never) as Promise<McpResult>,
        onComplaint(tell) {
          client.onerror = tell
        },
        ping: (options) => client.ping(options as never),
      }
    },
    newHttpTransport: (url, options) =>
      new StreamableHTTPClientTransport(url, {
        ...options,
        reconnectionOptions: NO_RECONNECTION,
      }) as unknown as SdkHttpTransport,
  }
}

async function loadStateless(): Promise<Sdk> {
  const { Client, StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client')
  return {
    newClient() {
      const client = new Client(CLIENT, { versionNegotiation: { mode: { pin: '2026-07-28' } } })
      return {
        connect: (channel, options) => client.connect(channel as never, options),
        call: (params, options) => client.callTool(params as never, options as never) as Promise<McpResult>,
        // A list that is answered from the SDK's cache would be no call.
        list: (params, options) =>
          client.listTools(params, { ...options, cacheMode: 'refresh' } as never) as Promise<McpResult>,
        onComplaint(tell) {
          client.onerror = tell
        },
      }
    },
    newHttpTransport: (url, options) =>
      new StreamableHTTPClientTransport(url, {
        ...options,
        reconnectionOptions: NO_RECONNECTION,
      }) as unknown as SdkHttpTransport,
  }
}
