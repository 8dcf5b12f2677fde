import { expect, test } from 'vitest'
import { LoadThreadError } from '../../src/agent/load-thread-error.ts'

const told = (thrown: unknown) => LoadThreadError.of('load thread 1 of 2', thrown).message

test.each<[string, unknown, string]>([
  ['an error', new Error('no such host'), 'no such host'],
  ['an error of a kind', new TypeError('not a function'), 'TypeError: not a function'],
  ['an error of many lines', new RangeError('first\nsecond'), 'RangeError: first'],
  ['a text', 'oh no', 'oh no'],
  ['an object', { code: 7 }, '{ code: 7 }'],
  ['nothing', undefined, 'undefined'],
  ['null', null, 'null'],
])('%s is told in one line', (_what, thrown, expected) => {
  expect(told(thrown)).toBe(`load thread 1 of 2 failed: ${expected}`)
})

test('a long message is cut, and Node’s word for a full heap becomes a cure', () => {
  expect(told(new Error('x'.repeat(10_000))).length).toBeLessThan(400)
  const full = Object.assign(new Error('Worker terminated'), { code: 'ERR_WORKER_OUT_OF_MEMORY' })
  expect(told(full)).toMatch(
    /^load thread 1 of 2 ran out of memory: lower the load, .*--workers.*--max-old-space-size/,
  )
})

test('the trace is that of the thread', () => {
  const thrown = new Error('first\nsecond')
  thrown.stack = 'Error: first\nsecond\n    at load (round.ts:1:2)'
  const { stack } = LoadThreadError.of('the load thread', thrown)
  expect(stack).toBe('the load thread failed: first\n    at load (round.ts:1:2)')
})
