/** Messages in protocol buffers, from what a person wrote down and from what a server sent. */

import { Buffer } from 'node:buffer'
import protobuf from 'protobufjs/light.js'
import { wordOf } from '../values/leaf.ts'
import { suggest } from '../values/suggestion.ts'
import { DecodeError, DialectError } from './dialect.ts'

type Path = readonly (string | number)[]

/** Lowest and highest value of each integer type. */
const INTEGERS: Readonly<Record<string, readonly [bigint, bigint]>> = {
  ...sizes(32n, ['int32', 'sint32', 'sfixed32'], ['uint32', 'fixed32']),
  ...sizes(64n, ['int64', 'sint64', 'sfixed64'], ['uint64', 'fixed64']),
}

function sizes(
  bits: bigint,
  signed: string[],
  unsigned: string[],
): Record<string, readonly [bigint, bigint]> {
  const half = 2n ** (bits - 1n)
  return Object.fromEntries([
    ...signed.map((name) => [name, [-half, half - 1n]]),
    ...unsigned.map((name) => [name, [0n, 2n * half - 1n]]),
  ])
}

/**
 * The message that plain JSON describes. Fields have the names of the .proto file; bytes are base64, an enum's value
 * is its name or its number, and a 64-bit integer may be a text. `at`: where the JSON stands in the payload.
 * Throws `DialectError` with the place of what does not fit.
 */
export function messageFromJson(type: protobuf.Type, json: unknown, at: Path): protobuf.Message {
  checkMessage(type, json, at)
  return type.fromObject(json as Record<string, unknown>)
}

function checkMessage(type: protobuf.Type, json: unknown, at: Path): void {
  if (!isMapping(json)) throw misfit(`this is no ${type.name}`, 'Write its fields and their values.', at)
  for (const [name, value] of Object.entries(json)) {
    const field = Object.hasOwn(type.fields, name) ? type.fields[name]! : null
    if (!field) {
      const cure = suggest(name, Object.keys(type.fields), 'fields')
      throw misfit(`${type.name} has no field \`${name.slice(0, 64)}\``, cure, [...at, name])
    }
    checkField(field, value, [...at, name])
  }
  for (const oneof of type.oneofsArray) {
    const given = oneof.oneof.filter((name) => Object.hasOwn(json, name))
    if (given.length < 2) continue
    throw misfit(`either \`${given[0]}\` or \`${given[1]}\` is set`, 'Keep one of the two.', [
      ...at,
      given[1]!,
    ])
  }
  const missing = type.fieldsArray.find(({ name, required }) => required && !Object.hasOwn(json, name))
  if (missing) throw misfit(`${type.name} needs the field \`${missing.name}\``, 'Add it.', at)
}

function checkField(field: protobuf.Field, value: unknown, at: Path): void {
  field.resolve()
  if (field instanceof protobuf.MapField) {
    if (!isMapping(value)) throw misfit('this is no mapping', 'Write keys and their values.', at)
    for (const [key, item] of Object.entries(value)) {
      checkKey(field.keyType, key, [...at, key])
      checkValue(field, item, [...at, key])
    }
  } else if (field.repeated) {
    if (!Array.isArray(value)) throw misfit('this is no list', 'Write [a, b].', at)
    for (const [index, item] of value.entries()) checkValue(field, item, [...at, index])
  } else checkValue(field, value, at)
}

/** JSON's keys are texts, whatever a map's own are. */
function checkKey(keyType: string, key: string, at: Path): void {
  if (keyType === 'bool' ? key === 'true' || key === 'false' : keyType === 'string' || fits(keyType, key))
    return
  throw misfit(`this key is no ${keyType}`, 'Correct it.', at)
}

function checkValue({ resolvedType, type }: protobuf.Field, value: unknown, at: Path): void {
  if (resolvedType instanceof protobuf.Type) checkMessage(resolvedType, value, at)
  else if (resolvedType instanceof protobuf.Enum) checkEnum(resolvedType, value, at)
  else if (!fits(type, value)) throw misfit(`this is no ${type}`, CURES[type] ?? integerCure(type), at)
}

function checkEnum({ name, values, valuesById }: protobuf.Enum, value: unknown, at: Path): void {
  const isKnown =
    typeof value === 'number' ? Object.hasOwn(valuesById, value) : Object.hasOwn(values, wordOf(value))
  if (isKnown) return
  const shown = wordOf(value).slice(0, 64)
  throw misfit(`${name} has no value \`${shown}\``, suggest(shown, Object.keys(values), 'values'), at)
}

const CURES: Readonly<Record<string, string>> = {
  string: 'Write a text.',
  bytes: 'Write the bytes in base64.',
  bool: 'Write true or false.',
  float: 'Write a number.',
  double: 'Write a number.',
}

function integerCure(type: string): string {
  const [lowest, highest] = INTEGERS[type]!
  return `Write a whole number from ${lowest} to ${highest}.`
}

function fits(type: string, value: unknown): boolean {
  switch (type) {
    case 'string':
      return typeof value === 'string'
    case 'bytes':
      return typeof value === 'string' && isBase64(value)
    case 'bool':
      return typeof value === 'boolean'
    case 'float':
    case 'double':
      return typeof value === 'number'
    default: {
      const range = INTEGERS[type]
      const isWhole = typeof value === 'string' ? /^-?\d{1,20}$/.test(value) : Number.isInteger(value)
      if (!range || !isWhole) return false
      const number = BigInt(value as string | number)
      return number >= range[0] && number <= range[1]
    }
  }
}

/** Padded in full or not at all: protobufjs reads no other. */
function isBase64(text: string): boolean {
  const bare = text.replace(/=+$/, '')
  const isPadded = text === bare || text === bare.padEnd(Math.ceil(bare.length / 4) * 4, '=')
  return isPadded && Buffer.from(bare, 'base64').toString('base64').replace(/=+$/, '') === bare
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

function misfit(message: string, cure: string, at: Path): DialectError {
  return new DialectError(message, { cure, at })
}

/** What a server sent; every field of it can be read. Throws `DecodeError`. */
export function decodeMessage<Message>(type: protobuf.Type, bytes: Uint8Array): Message {
  try {
    return type.decode(bytes) as unknown as Message
  } catch (error) {
    throw new DecodeError(`the reply is no ${type.name}: ${(error as Error).message}`)
  }
}
