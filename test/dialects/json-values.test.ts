/** JSON that is short to write and long to read is refused before it is read. */

import { Buffer } from 'node:buffer'
import { expect, test } from 'vitest'
import { DecodeError } from '../../src/dialects/dialect.ts'
import { parseJson } from '../../src/dialects/json.ts'

const list = (item: string, count: number) => Buffer.from(`[${`${item},`.repeat(count - 1)}${item}]`)
const MANY = 4_300_000

test.each(['{}', '[]', '{"a":1}'])('too many of %s', (item) => {
  expect(() => parseJson(list(item, MANY))).toThrow(DecodeError)
  expect(() => parseJson(list(item, MANY))).toThrow('more than 4 Mi values')
})

test('one object of too many fields', () => {
  const fields = Array.from({ length: MANY }, (_, index) => `"${index}":1`).join(',')
  expect(() => parseJson(Buffer.from(`{${fields}}`))).toThrow('more than 4 Mi values')
})

test('arrays within arrays, too deep', () => {
  expect(() => parseJson(Buffer.from('['.repeat(MANY) + ']'.repeat(MANY)))).toThrow('more than 4 Mi values')
})

test('numbers, however many, and text with brackets in it are read', () => {
  expect((parseJson(list('0.123456', 1_000_000)) as number[]).length).toBe(1_000_000)
  const text = '{[:'.repeat(400_000)
  expect(parseJson(Buffer.from(JSON.stringify(text)))).toBe(text)
})
