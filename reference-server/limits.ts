/** What one client may cost the server. Every interface keeps to the same limits. */
export interface Limits {
  /** A request body, both as it came over the wire and after its content encoding was undone. */
  bodyBytes: number
  /** Calls a second over all interfaces; null for as many as come. */
  callsPerSecond: number | null
  /** Generations that run at once, streamed or not, over all interfaces. */
  streams: number
  /** What one generation may ask for. */
  maxTokens: number
  /** A prompt, in UTF-16 code units. A tokenizer takes many times the memory of the text itself. */
  promptCharacters: number
  /** Token text that one stream holds back for a slow reader before the generation is given up. */
  streamBufferBytes: number
  /** From the first byte of a connection (or of a request on it) until its headers are whole. */
  headersTimeoutMs: number
  /** From the first byte of a request until its body is whole. */
  requestTimeoutMs: number
  /** An HTTP/1.1 connection with nothing to do is closed after this long. */
  keepAliveMs: number
  /** A connection on which no byte moves is closed after this long, whatever runs on it. */
  stallMs: number
  /** How long a stopping server lets running calls go on. */
  stopGraceMs: number
}

export const defaultLimits: Limits = {
  bodyBytes: 64 * 1024 * 1024,
  callsPerSecond: null,
  streams: 256,
  maxTokens: 65_536,
  promptCharacters: 1024 * 1024,
  streamBufferBytes: 1024 * 1024,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 60_000,
  // Longer than the pauses of any load generator between two calls on one connection.
  keepAliveMs: 75_000,
  stallMs: 120_000,
  stopGraceMs: 5_000,
}

/** The limits under which a session may stand idle for so long: what would close its connection before makes room. */
export function lettingStand(limits: Limits, idleMs: number): Limits {
  return {
    ...limits,
    keepAliveMs: Math.max(limits.keepAliveMs, idleMs),
    stallMs: Math.max(limits.stallMs, idleMs),
  }
}
