import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { displayWidth, truncate, wrap } from '../../src/report/wrap.ts'

test.each([
  ['plain', 5],
  ['推論', 4],
  ['ｆｕｌｌ', 8],
  ['한국어', 6],
  ['e\u0301', 1],
  ['👩‍👩‍👧‍👦', 2],
  ['🇩🇪', 2],
  ['×8 µs ─', 7],
  ['', 0],
])('%s takes %d columns', (text, width) => {
  expect(displayWidth(text)).toBe(width)
})

describe('wrap', () => {
  test.each([
    ['one two three', 7, ['one two', 'three']],
    ['abcdefghij', 4, ['abcd', 'efgh', 'ij']],
    ['推論推論', 5, ['推論', '推論']],
    ['', 4, ['']],
  ])('%j to %d', (text, width, lines) => {
    expect(wrap(text, width)).toEqual(lines)
  })

  test('keeps every character and every limit', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 2, max: 20 }), (text, width) => {
        const lines = wrap(text, width)
        expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''))
        for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(width)
      }),
    )
  })
})

test.each([
  ['short', 5, 'short'],
  ['longer', 5, 'long…'],
  ['推論推論', 6, '推論…'],
  ['any', 0, ''],
])('%j cut to %d', (text, width, cut) => {
  expect(truncate(text, width)).toBe(cut)
})
