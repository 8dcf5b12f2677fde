import { expect, test } from 'vitest'
import { scalingOf, scalingText } from '../../src/report/matrix/scaling.ts'
import type { CaseResult } from '../../src/result/document.ts'
import { sampleCase } from '../result/sample.ts'

function closed(concurrency: number, throughput: number, isLimited = false): CaseResult {
  return sampleCase({
    name: `rest ×${concurrency}`,
    medians: {},
    load: { model: 'closed', concurrency },
    summary: { request_throughput: throughput },
    verdict: {
      valid: true,
      reasons: [],
      ...(isLimited && { notes: { request_throughput: '>= (client limit)' } }),
    },
  })
}

test.each([
  [[100, 790, 6000], 'linear', 'linear 8: ×7.90, 64: ×60.0'],
  [[100, 300, 400], 'good', 'good 8: ×3.00, 64: ×4.00'],
  [[100, 200, 160], 'some', 'some 8: ×2.00, 64: ×1.60'],
  [[100, 101, 99], 'none', 'none 8: ×1.01, 64: ×0.990'],
  [[100, 101, 50], 'falls', 'falls 8: ×1.01, 64: ×0.500'],
])('%j calls a second at 1, 8 and 64: %s', ([one, eight, many], word, text) => {
  const scaling = scalingOf([closed(64, many!), closed(1, one!), closed(8, eight!)])
  expect(scaling.word).toBe(word)
  expect(scalingText(scaling)).toBe(text)
})

test('says where the client was the limit', () => {
  const scaling = scalingOf([closed(1, 100), closed(64, 500, true)])
  expect(scalingText(scaling)).toBe('good 64: >=×5.00')
  expect(scaling.notes).toEqual(['the client was the limit: the server may scale further'])
})

test('takes a valid case before an invalid one of the same concurrency', () => {
  const invalid = { ...closed(8, 900), verdict: { valid: false, reasons: ['late'] } }
  expect(scalingOf([closed(1, 100), invalid, closed(8, 300)])).toMatchObject({ value: 3, valid: true })
  expect(scalingOf([closed(1, 100), invalid])).toMatchObject({ value: 9, valid: false })
})

test('of one concurrency there is none', () => {
  const scaling = scalingOf([closed(8, 300)])
  expect(scaling).toMatchObject({
    value: null,
    word: null,
    notes: [expect.stringContaining('needs closed loops')],
  })
  expect(scalingText(scaling)).toBe('')
})
