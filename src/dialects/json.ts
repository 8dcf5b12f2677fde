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

/** A foreign value as JSON again. Throws `DecodeError` where it is nested deeper than that can be written. */
export function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value) ?? ''
  } catch {
    throw new DecodeError('a value is nested too deeply')
  }
}

/** A text where a convention has one; empty where it is left out. Throws `DecodeError` for what is no text. */
export function textOf(value: unknown, what: string): string {
  if (typeof value === 'string') return value
  if (value === undefined || value === null) return ''
  throw new DecodeError(`${what} is no text`)
}

/** A whole number from 0 on that a server told; -1 for anything else. */
export function countOf(value: unknown): number {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : -1
}

/** A length of time in ms that a server told; NaN for anything else. */
export function durationOf(value: unknown): number {
  return typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY ? value : Number.NaN
}
