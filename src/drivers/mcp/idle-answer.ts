/** What a do-nothing MCP server says, of either revision, over any transport. */

interface Request {
  id?: number | string
  method?: string
  params?: { _meta?: { progressToken?: number | string } }
}

const INITIALIZED = {
  protocolVersion: '2025-11-25',
  capabilities: { tools: {} },
  serverInfo: { name: 'idle', version: '0' },
}
const DISCOVERED = {
  resultType: 'complete',
  supportedVersions: ['2026-07-28'],
  capabilities: { tools: {} },
  _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'idle', version: '0' } },
  ttlMs: 0,
  cacheScope: 'private',
}
const NO_TOOLS = { resultType: 'complete', tools: [], ttlMs: 0, cacheScope: 'private' }
const SAID = { resultType: 'complete', content: [{ type: 'text', text: 'x' }] }

const RESULTS: Readonly<Record<string, object>> = {
  initialize: INITIALIZED,
  'server/discover': DISCOVERED,
  'tools/list': NO_TOOLS,
}

/** The messages that answer a message: none, a result, or progress and a result where progress is asked for. */
export function answersTo(text: string): string[] {
  const { id, method, params } = JSON.parse(text) as Request
  if (id === undefined || method === undefined) return []
  const result = JSON.stringify({ jsonrpc: '2.0', id, result: RESULTS[method] ?? SAID })
  const progressToken = params?._meta?.progressToken
  if (progressToken === undefined) return [result]
  const progress = { progressToken, progress: 1, message: 'x' }
  return [JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params: progress }), result]
}
