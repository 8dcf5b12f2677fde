import type { CaseResult } from '../../src/result/document.ts'
import { type BenchPorts, STREAM_MESSAGES } from './servers.ts'

/** One interface, as the tool and as the bare library beneath it speak it. */
export interface Library {
  /** As `bare.ts` knows it. */
  name: string
  library: string
  /** What is counted. */
  counts: string
  concurrency: number
  /** Messages of a call. */
  messages: number
  port: keyof BenchPorts
  target(port: number): Record<string, unknown>
  payload: Record<string, unknown>
}

const HELLO = { text: 'hello' }

export const LIBRARIES: readonly Library[] = [
  {
    name: 'grpc-unary',
    library: '@grpc/grpc-js',
    counts: 'gRPC unary calls',
    concurrency: 32,
    messages: 1,
    port: 'grpc',
    target: (port) => ({ interface: 'grpc', url: `grpc://127.0.0.1:${port}/bench.Bench/One`, kind: 'unary' }),
    payload: HELLO,
  },
  {
    name: 'grpc-stream',
    library: '@grpc/grpc-js',
    counts: 'messages of gRPC streams',
    concurrency: 8,
    messages: STREAM_MESSAGES,
    port: 'grpc',
    target: (port) => ({
      interface: 'grpc',
      url: `grpc://127.0.0.1:${port}/bench.Bench/Stream`,
      kind: 'server-stream',
    }),
    payload: HELLO,
  },
  {
    name: 'websocket',
    library: 'ws',
    counts: 'WebSocket round trips',
    concurrency: 32,
    messages: 1,
    port: 'websocket',
    target: (port) => ({ interface: 'websocket', url: `ws://127.0.0.1:${port}/`, kind: 'unary' }),
    payload: HELLO,
  },
  {
    name: 'sse',
    library: 'undici dispatch, eventsource-parser and JSON.parse',
    counts: 'SSE events of a chat',
    concurrency: 8,
    messages: STREAM_MESSAGES,
    port: 'sse',
    target: (port) => ({
      interface: 'sse',
      api: 'openai-chat',
      model: 'bench',
      url: `http://127.0.0.1:${port}/v1/chat/completions`,
    }),
    payload: { ...HELLO, output_tokens: STREAM_MESSAGES },
  },
  {
    name: 'mcp',
    library: '@modelcontextprotocol/sdk',
    counts: 'MCP tool calls',
    concurrency: 8,
    messages: 1,
    port: 'mcp',
    target: (port) => ({
      interface: 'mcp',
      url: `http://127.0.0.1:${port}/mcp`,
      tool: 'bench',
      kind: 'unary',
    }),
    payload: {},
  },
]

/** Calls, or messages of streams, per second of the load thread's CPU time. */
export function perCpuSecond({ messages }: Library, { summary }: CaseResult): number {
  return (1000 / summary.client_cpu_time!) * messages
}
