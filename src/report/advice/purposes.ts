/**
 * What somebody wants an interface for: the rows of the overview's three selection tables, and large payloads. `picks`
 * is what the overview recommends; it is shown beside the ranking and has no part in it.
 */

import type { MatrixColumn } from '../matrix/matrix.ts'
import type { Trait } from './traits.ts'

export interface Purpose {
  name: string
  /** Names of interfaces, as the overview has them. */
  picks: readonly PickName[]
  /** What is called: calls with one reply, streams, or both, each ranked by itself. */
  kinds: readonly ('call' | 'stream')[]
  /** What an interface must be able to do. */
  needs: readonly Trait[]
  /** Of those that can, the ones that can most of these go first. */
  wants: readonly Trait[]
  /** Numbers that rank them then, all alike. */
  by: readonly MatrixColumn[]
}

export type PickName = 'REST' | 'gRPC' | 'gRPC Stream' | 'WebSocket' | 'SSE' | 'MCP'

/** The headings that are meant by it. */
export const PICKED: Readonly<Record<PickName, readonly string[]>> = {
  REST: ['REST'],
  gRPC: ['gRPC (Unary)', 'gRPC Stream'],
  'gRPC Stream': ['gRPC Stream'],
  WebSocket: ['WebSocket', 'WebSocket Stream'],
  SSE: ['Streaming/SSE'],
  MCP: ['MCP', 'MCP Progress'],
}

const EVERYTHING: readonly MatrixColumn[] = [
  'latency_p50',
  'latency_p99',
  'throughput_per_core',
  'overhead_bytes',
]

function purpose(
  name: string,
  picks: readonly PickName[],
  { kinds = ['call'], needs = [], wants = [], by = [] }: Partial<Purpose>,
): Purpose {
  return { name, picks, kinds, needs, wants, by }
}

export const PURPOSES: Readonly<Record<string, readonly Purpose[]>> = {
  'By topology': [
    purpose('Within a cluster, between microservices', ['gRPC'], {
      by: ['latency_p50', 'throughput_per_core', 'overhead_bytes'],
    }),
    purpose('A public gateway, facing the internet', ['REST', 'SSE'], {
      kinds: ['call', 'stream'],
      needs: ['browser', 'plain HTTP'],
      by: ['handshake_p50', 'latency_p50'],
    }),
    purpose('Sessions of users in real time', ['WebSocket'], {
      kinds: ['stream'],
      needs: ['browser', 'duplex'],
      by: ['latency_p50', 'latency_p99'],
    }),
    purpose('Orchestration of tools and language models', ['MCP'], {
      needs: ['discovery'],
      by: ['latency_p50'],
    }),
    purpose('Batches and offline inference', ['REST'], {
      needs: ['stateless'],
      by: ['throughput_per_core', 'throughput'],
    }),
    purpose('The edge: mobile devices and sensors', ['REST', 'gRPC'], {
      needs: ['stateless'],
      by: ['handshake_p50', 'overhead_bytes', 'latency_p50'],
    }),
  ],
  'By goal': [
    purpose('A prediction that somebody waits for', ['REST'], {
      needs: ['stateless'],
      by: ['latency_p50', 'handshake_p50'],
    }),
    purpose('High throughput in production', ['gRPC'], {
      by: ['throughput_per_core', 'throughput', 'overhead_bytes'],
    }),
    purpose('Feedback in real time', ['WebSocket'], {
      kinds: ['stream'],
      needs: ['duplex'],
      by: ['latency_p50', 'latency_p99'],
    }),
    purpose('Streams of tokens', ['gRPC Stream', 'SSE'], {
      kinds: ['stream'],
      by: ['latency_p50', 'throughput_per_core', 'overhead_bytes'],
    }),
    purpose('Systems that are aware of context', ['MCP'], { needs: ['discovery'], by: ['latency_p50'] }),
    purpose('A public interface for many kinds of clients', ['REST'], {
      needs: ['browser', 'plain HTTP', 'schema'],
      by: ['handshake_p50', 'latency_p50'],
    }),
    purpose('A mesh of microservices', ['gRPC'], {
      needs: ['stateless', 'schema'],
      by: ['latency_p50', 'throughput_per_core', 'overhead_bytes'],
    }),
    purpose('Applications in the browser', ['REST', 'WebSocket'], {
      kinds: ['call', 'stream'],
      needs: ['browser'],
      by: ['latency_p50', 'handshake_p50'],
    }),
  ],
  'By priority': [
    purpose('Ease of use', ['REST'], { wants: ['readable', 'browser', 'plain HTTP', 'stateless'] }),
    purpose('Performance', ['gRPC'], { by: EVERYTHING }),
    purpose('A feeling of immediacy', ['WebSocket', 'SSE'], {
      kinds: ['stream'],
      needs: ['browser'],
      by: ['latency_p50', 'latency_p99', 'handshake_p50'],
    }),
    purpose('Extensibility', ['MCP'], { needs: ['discovery'], by: ['latency_p50'] }),
    purpose('Standards', ['REST', 'gRPC'], { needs: ['schema', 'stateless'], by: ['latency_p50'] }),
    purpose('Support in browsers', ['REST', 'WebSocket'], {
      kinds: ['call', 'stream'],
      needs: ['browser'],
      by: ['handshake_p50', 'latency_p50'],
    }),
    purpose('Debugging', ['REST'], { needs: ['readable'], wants: ['plain HTTP', 'browser', 'stateless'] }),
  ],
}
