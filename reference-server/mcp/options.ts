import type { AdmissionOptions } from '../admission.ts'

/** What an operator can choose about MCP, beside the limits that every interface keeps to. */
export interface McpOptions extends AdmissionOptions {
  /** Sessions of Streamable HTTP that stand at once; one more ends that which was used least lately. */
  sessions: number
  /** A session that nothing was asked of for so long is over. */
  sessionIdleMs: number
  /** Calls in flight on one connection of another transport. */
  connectionCalls: number
}

export const defaultMcpOptions: McpOptions = {
  sessions: 4_096,
  // Longer than the pauses of any load generator between two calls of one session.
  sessionIdleMs: 600_000,
  connectionCalls: 1_024,
  allowedOrigins: [],
  allowedHosts: [],
}
