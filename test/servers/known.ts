/**
 * Servers of known behaviour for every interface, in one process: what delays its event loop delays all alike, the bare
 * socket that the tool is compared with included. Sends its ports to its parent.
 */

import { startKnownGrpc } from './known-grpc.ts'
import { startKnownHttp } from './known-http.ts'
import { startKnownMcp } from './known-mcp.ts'
import { startKnownWebSocket } from './known-websocket.ts'

export interface KnownPorts {
  http: number
  grpc: number
  websocket: number
  mcp: number
}

if (import.meta.main) {
  const ports: KnownPorts = {
    http: await startKnownHttp(),
    grpc: await startKnownGrpc(),
    websocket: await startKnownWebSocket(),
    mcp: await startKnownMcp(),
  }
  process.send!(ports)
  process.on('disconnect', () => process.exit(0))
}
