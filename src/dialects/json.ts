import { Buffer, isUtf8 } from 'node:buffer'
import { DecodeError } from './dialect.ts'

const SHOWN_CHARACTERS = 120
/** Whatever is in a shorter text is read in no time. */
export const UNSUSPECTED_LENGTH = 2 ** 20
/** In one text; each takes about fifty bytes. */
export const MOST_VALUES = 4 * 2 ** 20
const OPENINGS = ['{', '[', ':']

/** Parses foreign JSON. Throws `DecodeError` with the beginning of what came instead. */
export function parseJson(body: Uint8Array): unknown {
  if (!isUtf8(body)) throw new DecodeError('the reply is not valid UTF-8')
  return parseJsonText(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'))
}

export function parseJsonText(text: string): unknown {
  if (hasTooManyValues(text)) throw new DecodeError('the JSON has more than 4 Mi values')
  try {
    return JSON.parse(text)
  } catch {
    throw new DecodeError(text === '' ? 'the reply is empty' : `not JSON: ${text.slice(0, SHOWN_CHARACTERS)}`)
  }
}

/**
 * Whether a text would fill the memory as JSON, and keep its reader from everything else meanwhile: `{}` is written in
 * three characters and held in twenty times as many bytes.
 */
export function hasTooManyValues(text: string | Buffer): boolean {
  return text.length >= UNSUSPECTED_LENGTH && valuesIn(text) > MOST_VALUES
}

/** Objects, arrays and fields that begin in the text; of too many, not all are counted. */
export function valuesIn(text: string | Buffer): number {
  let values = 0
  for (const opening of OPENINGS) {
    for (let at = text.indexOf(opening); at !== -1; at = text.indexOf(opening, at + 1)) {
      if (++values > MOST_VALUES) return values
    }
  }
  return values
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
