import { isUtf8 } from 'node:buffer'
import { invalid } from './errors.ts'

/** Strings, arrays and objects that one body may hold. A parsed one costs far more than its bytes. */
const maxParts = 250_000

const quote = 0x22
const openBracket = 0x5b
const openBrace = 0x7b

export type JsonObject = Record<string, unknown>

/**
 * Any JSON; errors call it `what`. Its size was limited before; here its complexity is, since a few megabytes of
 * `[[[[` or of distinct keys would cost the parser gigabytes or seconds. Numbers are cheap and only bounded
 * by the size.
 * @throws HttpError 400
 */
export function parseJson(body: Buffer, what: string): unknown {
  if (!isUtf8(body)) throw invalid(`${what} is not valid UTF-8`)
  if (body.length > maxParts && countParts(body) > maxParts) {
    throw invalid(`the JSON has more than ${maxParts} strings, arrays and objects`)
  }
  try {
    return JSON.parse(body.toString())
  } catch (error) {
    throw invalid(`${what} is not valid JSON: ${(error as Error).message}`)
  }
}

/** A request's JSON object, within the same bounds. @throws HttpError 400 */
export function parseObject(body: Buffer, what = 'the body'): JsonObject {
  return object(parseJson(body, what), what)
}

/** An upper bound, up to just over the limit: it counts the brackets inside strings, too. */
function countParts(body: Buffer): number {
  const structures = count(body, openBracket, maxParts + 1) + count(body, openBrace, maxParts + 1)
  return structures + count(body, quote, 2 * maxParts + 2) / 2
}

function count(body: Buffer, byte: number, stopAt: number): number {
  let found = 0
  // indexOf runs at memory speed over the numbers, which are most of a large body.
  for (let at = body.indexOf(byte); at >= 0 && found < stopAt; at = body.indexOf(byte, at + 1)) found++
  return found
}

export function object(value: unknown, what: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject
  throw invalid(`${what} must be an object`)
}

export function array(value: unknown, what: string): unknown[] {
  if (Array.isArray(value)) return value
  throw invalid(`${what} must be an array`)
}

export function text(value: unknown, what: string): string {
  if (typeof value === 'string') return value
  throw invalid(`${what} must be a string`)
}

/** A value as an error message shows it: what is no text may be nested deeper than can be written again. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 64))
  return typeof value === 'object' ? 'that is no string' : String(value)
}

/** A field that may be left out or null. @param from The smallest value that is allowed. */
export function optionalInteger(from: number, fields: JsonObject, name: string): number | undefined {
  const value = fields[name] ?? undefined
  if (value === undefined) return undefined
  if (Number.isSafeInteger(value) && (value as number) >= from) return value as number
  throw invalid(`${name} must be an integer of at least ${from}`)
}

export function optionalBoolean(fields: JsonObject, name: string): boolean | undefined {
  const value = fields[name] ?? undefined
  if (value === undefined || typeof value === 'boolean') return value
  throw invalid(`${name} must be true or false`)
}
