import type { CallKind } from '../drivers/driver.ts'
import type { CodecOptions, Content } from './dialect.ts'

/** A dialect over MCP: calls of tools, with JSON arguments. */
export interface McpFace {
  /** By name; the first is the one that is called where the target names none. Null: the target names any. */
  tools: Readonly<Record<string, McpTool>> | null
  /** Throws `DialectError` for a payload that the tool cannot carry. */
  codec(options: CodecOptions, tool: string): McpCodec
}

interface McpTool {
  /** `server-stream`: it tells its progress, and chunks are in it. */
  kind: CallKind
}

/** What the SDK writes out for every call, and what of its reply is content. */
export interface McpCodec {
  arguments: Record<string, unknown>
  /** Native tensor bytes or UTF-8 text bytes in the arguments. */
  payloadBytes: number
  /** Reads one progress notification. Throws `DecodeError`. */
  progress(progress: McpProgress, into: Content): void
  /** Reads the result; `hadContent`: progress has brought content. Throws `DecodeError`. */
  result(result: McpResult, hadContent: boolean, into: Content): void
}

/** The parameters of a progress notification, as far as they are read. */
export interface McpProgress {
  progress?: unknown
  message?: unknown
  _meta?: Record<string, unknown>
}

/** The result of `tools/call` (or of `tools/list`), as far as it is read. What is within it nobody has checked for certain. */
export interface McpResult {
  content?: { type?: unknown; text?: unknown; data?: unknown }[]
  structuredContent?: unknown
  isError?: boolean
  _meta?: Record<string, unknown>
}
