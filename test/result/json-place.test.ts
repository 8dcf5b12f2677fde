import fc from 'fast-check'
import { expect, test } from 'vitest'
import { jsonErrorPlace } from '../../src/result/json-place.ts'

test.each([
  ['', 1, 1],
  ['{"a":}', 1, 6],
  ['{"a":1', 1, 7],
  ['{"a":1,"b":[1,2,,3]}', 1, 17],
  ['{\n  "a": tru', 2, 8],
  ['[1]x', 1, 4],
  ['{"a":"two\nlines"}', 1, 10],
  ['{"a":"\\q"}', 1, 7],
  ['{"a" 1}', 1, 6],
  ['{a:1}', 1, 2],
  ['[1,]', 1, 4],
  ['{"a":1,}', 1, 8],
  ['01', 1, 2],
  ['"ab', 1, 4],
  ['[1}', 1, 3],
  ['NaN', 1, 1],
  ['\ufeff{}', 1, 1],
])('%j breaks at %d:%d', (text, line, column) => {
  expect(jsonErrorPlace(text)).toEqual({ line, column })
})

test('agrees with JSON.parse on what is sound', () => {
  const damaged = fc
    .tuple(
      fc.json(),
      fc.nat(),
      fc.constantFrom('', '"', '\\', '{', ']', ',', ':', '0', '-', 'e', '\n', 'u', '.', '\u0001'),
    )
    .map(
      ([json, at, what]) =>
        `${json.slice(0, at % (json.length + 1))}${what}${json.slice((at % (json.length + 1)) + 1)}`,
    )
  fc.assert(
    fc.property(fc.oneof(fc.json(), damaged, fc.string()), (text) => {
      let isSound = true
      try {
        JSON.parse(text)
      } catch {
        isSound = false
      }
      expect(jsonErrorPlace(text) === null).toBe(isSound)
    }),
    { numRuns: 3000 },
  )
})

test('takes any depth and any length of string', () => {
  expect(jsonErrorPlace('['.repeat(500_000))).toEqual({ line: 1, column: 500_001 })
  expect(jsonErrorPlace(`["${'A'.repeat(20_000_000)}" x]`)).toEqual({ line: 1, column: 20_000_005 })
})
