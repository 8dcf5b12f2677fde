import http from 'node:http'
import type { AddressInfo } from 'node:net'
import type { IdleServer } from '../driver.ts'

/** Fewer than elsewhere: each one runs the SDK's code many times over, and the server's beside it. */
const CALLS = 1000

const INITIALIZED = {
  protocolVersion: '2025-11-25',
  capabilities: { tools: {} },
  serverInfo: { name: 'idle', version: '0' },
}
const NOTHING = { content: [] }

/** An MCP server over Streamable HTTP without sessions, whose only tool has nothing to say. */
export async function startIdleServer(): Promise<IdleServer> {
  const server = http.createServer((request, response) => {
    if (request.method !== 'POST') {
      response.writeHead(405).end()
      return
    }
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (text: string) => {
      body += text
    })
    request.on('end', () => {
      const { id, method } = JSON.parse(body) as { id?: number; method: string }
      if (id === undefined) {
        response.writeHead(202).end()
        return
      }
      const result = method === 'initialize' ? INITIALIZED : NOTHING
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ jsonrpc: '2.0', id, result }))
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    options: { tool: 'idle' },
    calls: CALLS,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
