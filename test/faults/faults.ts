import type { Fault } from './fault.ts'
import { GRPC_FAULTS } from './grpc-faults.ts'
import { HTTP1_FAULTS } from './http1-faults.ts'
import { HTTP2_FAULTS } from './http2-faults.ts'
import { MCP_FAULTS } from './mcp-faults.ts'
import { SSE_FAULTS } from './sse-faults.ts'
import { TCP_FAULTS } from './tcp-faults.ts'
import { TLS_FAULTS } from './tls-faults.ts'
import { WAYS, type Way } from './ways.ts'
import { WEBSOCKET_FAULTS } from './websocket-faults.ts'

const FAULTS: readonly Fault[] = [
  ...TCP_FAULTS,
  ...TLS_FAULTS,
  ...HTTP1_FAULTS,
  ...HTTP2_FAULTS,
  ...SSE_FAULTS,
  ...GRPC_FAULTS,
  ...WEBSOCKET_FAULTS,
  ...MCP_FAULTS,
]

/** The first way of its interface: what takes long, and is the same on all of them, is borne on it alone. */
export function isFirst(way: Way): boolean {
  return WAYS.find(({ of }) => of === way.of) === way
}

/** Those that are possible on a way; what fills the memory most comes last, because a process gives little of it back. */
export function faultsOn(way: Way): Fault[] {
  const place = isFirst(way) ? 'first' : 'others'
  return FAULTS.filter(({ of }) => of === 'any' || way.speaks.includes(of))
    .filter(({ ways }) => ways === undefined || ways === place)
    .sort((one, other) => (one.mostGrowthMiB ?? 0) - (other.mostGrowthMiB ?? 0))
}
