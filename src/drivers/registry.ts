import type { Protocol } from './driver.ts'
import { grpc } from './grpc/grpc.ts'
import { mcp } from './mcp/mcp.ts'
import { rest } from './rest/rest.ts'
import { sse } from './sse/sse.ts'
import { websocket } from './websocket/websocket.ts'

/** Every protocol: one line each. */
export const PROTOCOLS: readonly Protocol[] = [rest, sse, grpc, websocket, mcp]

export function protocol(name: string): Protocol {
  const found = PROTOCOLS.find((candidate) => candidate.name === name)
  if (!found) throw new Error(`no driver for the interface ${name}`)
  return found
}
