import { Buffer } from 'node:buffer'
import { type CodecOptions, type Content, DialectError } from './dialect.ts'
import type { McpCodec, McpProgress, McpResult } from './mcp-face.ts'

/** The arguments that the scenario wrote out, or none. Throws `DialectError` for what is no JSON object. */
export function literalArguments({
  payload,
  file,
}: CodecOptions): Pick<McpCodec, 'arguments' | 'payloadBytes'> {
  if (payload.form === 'none') return { arguments: {}, payloadBytes: 0 }
  const json = payload.form === 'json' ? payload.json : payload.form === 'file' ? parsed(file) : undefined
  if (json === null || typeof json !== 'object' || Array.isArray(json)) {
    throw new DialectError(
      'a tool takes named arguments: give the payload json, e.g. json: { message: hello }',
    )
  }
  return {
    arguments: json as Record<string, unknown>,
    payloadBytes: Buffer.byteLength(JSON.stringify(json)),
  }
}

function parsed(file: Uint8Array | null): unknown {
  try {
    return JSON.parse(Buffer.from(file ?? []).toString('utf8'))
  } catch {
    throw new DialectError('this file is not JSON: a tool takes a JSON object')
  }
}

/** A progress notification's message is a chunk. */
export function readProgress({ message }: McpProgress, into: Content): void {
  if (typeof message !== 'string' || message === '') return
  into.payloadBytes = Buffer.byteLength(message)
  into.tokens = 1
}

/** UTF-8 bytes of a result's texts, native bytes of its images and sounds. */
export function textBytes({ content = [] }: McpResult): number {
  let byteCount = 0
  for (const { text, data } of content) {
    if (text !== undefined) byteCount += Buffer.byteLength(text)
    if (data !== undefined) byteCount += Buffer.byteLength(data, 'base64')
  }
  return byteCount
}
