import type { Inject } from './proxy.ts'
import type { Way } from './ways.ts'

/** What a way must speak for a fault to be possible; `any`: it is a fault of TCP or of TLS. */
export type Speaks = 'any' | 'http1' | 'http2' | 'grpc' | 'sse' | 'websocket' | 'websocket-options' | 'mcp'

/** One kind of fault, over every way that it is possible on. */
export interface Fault {
  name: string
  of: Speaks
  /** When it is due; `tls`: when the tool has connected, and expects TLS. */
  at: 'connection' | 'call' | 'tls'
  /** Null: nobody listens any more. */
  inject: Inject | null
  /** The classes of error that are right for it: one of them, or each for a part of the calls. Empty: none is. */
  expected(way: Way): readonly string[]
  /** On the first way of each interface alone, or on the others alone. */
  ways?: 'first' | 'others'
  /** What a target needs for it, besides what the way has. */
  options?: Readonly<Record<string, unknown>>
  /** So many calls meet it. Default: a few. */
  calls?: number
  /** So many of them at once. Default: one after the other. */
  concurrency?: number
  /**
   * So many calls reach the server, and those after them another one, which nobody trusts. Left out: all are for the same
   * server.
   */
  callsBefore?: number
  /** It would never end: its calls have this time, and others have all that a busy machine may take. */
  totalMs?: number
  /** By how much the tool's memory may grow meanwhile. Left out: no more than it does when all is well. */
  mostGrowthMiB?: number
}
