import type { AdmissionOptions } from '../admission.ts'

/** What an operator can choose about WebSocket sessions, beside the limits that every interface keeps to. */
export interface WebSocketOptions extends AdmissionOptions {
  /** How long a session waits for its client to come back after its connection was lost; 0 for not at all. */
  resumeWindowMs: number
  /** Sessions that stand at once, those that wait for their client included. */
  sessions: number
  /** Calls in flight on one session. */
  sessionCalls: number
  /** After so long without a byte from the client it is pinged; after as long again it is cut off. */
  pingMs: number
  /** A session on which no call runs or comes is closed after this long, pings or not. */
  idleMs: number
  /** Whether per-message deflate is agreed to when a client offers it. */
  deflate: boolean
}

export const defaultWebSocketOptions: WebSocketOptions = {
  resumeWindowMs: 30_000,
  sessions: 1_024,
  sessionCalls: 1_024,
  pingMs: 30_000,
  // Longer than the pauses of any load generator between two calls on one session.
  idleMs: 600_000,
  deflate: false,
  allowedOrigins: [],
  allowedHosts: [],
}
