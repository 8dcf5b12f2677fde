import { Buffer } from 'node:buffer'
import { type CodecOptions, type Content, DecodeError, DialectError } from './dialect.ts'
import { textOf } from './json.ts'
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

/** UTF-8 bytes of a result's texts, native bytes of its images and sounds. Throws `DecodeError`. */
export function textBytes({ content }: McpResult): number {
  if (content !== undefined && !Array.isArray(content)) throw new DecodeError('a result’s content is no list')
  let byteCount = 0
  for (const item of content ?? []) {
    byteCount += Buffer.byteLength(textOf(item?.text, 'a text'))
    byteCount += Buffer.byteLength(textOf(item?.data, 'the data of a content'), 'base64')
  }
  return byteCount
}
