import { Buffer, isUtf8 } from 'node:buffer'
import { DecodeError } from './dialect.ts'

const SHOWN_CHARACTERS = 120

/** Parses foreign JSON. Throws `DecodeError` with the beginning of what came instead. */
export function parseJson(body: Uint8Array): unknown {
  if (!isUtf8(body)) throw new DecodeError('the reply is not valid UTF-8')
  return parseJsonText(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'))
}

export function parseJsonText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new DecodeError(text === '' ? 'the reply is empty' : `not JSON: ${text.slice(0, SHOWN_CHARACTERS)}`)
  }
}
