import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  DURATION,
  formatDuration,
  formatRate,
  formatSize,
  parseQuantity,
  quantityPattern,
  RATE,
  SHARE,
  SIZE,
} from '../../src/values/units.ts'

test.each([
  [SIZE, '256B', 256],
  [SIZE, '1KB', 1000],
  [SIZE, '10KiB', 10_240],
  [SIZE, '1 MiB', 1_048_576],
  [SIZE, '0.5KiB', 512],
  [DURATION, '5s', 5000],
  [DURATION, '250ms', 250],
  [DURATION, '2m', 120_000],
  [DURATION, '500us', 0.5],
  [DURATION, '.5s', 500],
  [RATE, '200/s', 200],
  [RATE, '30/m', 0.5],
  [RATE, '36/h', 0.01],
  [SHARE, '1%', 0.01],
  [SHARE, '0.1%', 0.001],
  [SHARE, '0.07%', 0.0007],
])('%#: $1', (quantity, text, value) => {
  expect(parseQuantity(text, quantity)).toEqual({ value })
  expect(text).toMatch(new RegExp(quantityPattern(quantity)))
})

test.each([
  '',
  's',
  '5',
  5,
  '5 S',
  '5sec',
  '1e3s',
  '-1s',
  '0s',
  '25h',
  'NaNs',
  'Infinitys',
  '5s5s',
  null,
  true,
  {},
])('%j is no duration', (raw) => {
  expect(parseQuantity(raw, DURATION)).toHaveProperty('cure')
})

describe('what is formatted is read back as it was', () => {
  test('sizes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: SIZE.max }), (byteCount) => {
        expect(parseQuantity(formatSize(byteCount), SIZE)).toEqual({ value: byteCount })
      }),
    )
  })

  test('durations', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: DURATION.max }), (durationMs) => {
        expect(parseQuantity(formatDuration(durationMs), DURATION)).toEqual({ value: durationMs })
      }),
    )
  })
})

test.each([
  [1024, '1KiB'],
  [1000, '1KB'],
  [1536, '1536B'],
  [1_048_576, '1MiB'],
])('%d bytes are %s', (byteCount, text) => {
  expect(formatSize(byteCount)).toBe(text)
})

test.each([
  [0, '0s'],
  [0.5, '0.5ms'],
  [1500, '1500ms'],
  [120_000, '2m'],
])('%d ms are %s', (durationMs, text) => {
  expect(formatDuration(durationMs)).toBe(text)
})

test.each([
  [20, '20/s'],
  [1 / 6, '10/m'],
  [0, '0/s'],
  [1 / 3, '20/m'],
])('%d a second are %s', (ratePerSecond, text) => {
  expect(formatRate(ratePerSecond)).toBe(text)
})
