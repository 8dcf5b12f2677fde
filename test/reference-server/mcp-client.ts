import type { Limits } from '../../reference-server/limits.ts'
import type { McpOptions } from '../../reference-server/mcp/options.ts'
import type { ReferenceServer } from '../../reference-server/server.ts'
import { startServer } from '../../reference-server/server.ts'

/** A reference server on free ports of this machine, on the CPU, which every machine has. */
export function startedMcp(
  mcp: Partial<McpOptions> = {},
  limits: Partial<Limits> = {},
): Promise<ReferenceServer> {
  return startServer({
    providers: ['cpu'],
    workers: 1,
    batching: { size: 1, waitMs: 0 },
    // Endless, as far as a test can tell.
    limits: { maxTokens: 1e9, ...limits },
    mcp,
    version: '1.2.3',
  })
}

export const statelessMeta = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
}

/** A request of JSON-RPC. */
export function rpc(method: string, params: unknown = {}, id: unknown = 1): Record<string, unknown> {
  return { jsonrpc: '2.0', id, method, params }
}

/** Posts a message, or bare text, as a client that takes every reply. */
export function postMcp(
  url: string,
  message: unknown,
  headers: Record<string, string> = {},
  signal: AbortSignal | null = null,
): Promise<Response> {
  return fetch(`${url}/mcp`, {
    method: 'POST',
    body: typeof message === 'string' ? message : JSON.stringify(message),
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
    signal,
  })
}

/** The headers by which a client of 2026-07-28 says what is in the body. */
export function statelessHeaders(method: string, name?: string): Record<string, string> {
  return {
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': method,
    ...(name !== undefined && { 'mcp-name': name }),
  }
}

/** Begins a session; answers its id. */
export async function initialize(url: string, protocolVersion = '2025-11-25'): Promise<string> {
  const params = { protocolVersion, capabilities: {}, clientInfo: { name: 'test', version: '1' } }
  const response = await postMcp(url, rpc('initialize', params))
  await response.text()
  return response.headers.get('mcp-session-id')!
}
