import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TraceIds } from '../../src/drivers/trace.ts'
import { MOST_TRACED, TracedCallRecorder } from '../../src/record/traced-calls.ts'

const PREFIX = 'fedcba9876543210'

function recorder(): TracedCallRecorder {
  return new TracedCallRecorder({ ids: new TraceIds(PREFIX, 3, 255), unixTime: (ms) => 1_000_000 + ms })
}

test('the slowest calls are kept, the slowest one first, whatever the order in which they end', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { maxLength: 60 }), (latenciesMs) => {
      const traced = recorder()
      for (const [index, latencyMs] of latenciesMs.entries()) traced.succeeded(index + 1, index, latencyMs)
      const kept = traced.finish().slowest.map(({ latencyMs }) => latencyMs)
      expect(kept).toEqual(latenciesMs.toSorted((a, b) => b - a).slice(0, MOST_TRACED))
    }),
  )
})

test('a call is told by its trace, and by when it was planned', () => {
  const traced = recorder()
  traced.succeeded(0x1ab, 250, 12)
  traced.failed(0x1ac, 300, 7, 'http.503')
  const part = `${PREFIX}00003ff`
  expect(traced.finish()).toEqual({
    slowest: [{ traceId: `${part}0000001ab`, startUnixMs: 1_000_250, latencyMs: 12, class: '' }],
    failed: [{ traceId: `${part}0000001ac`, startUnixMs: 1_000_300, latencyMs: 7, class: 'http.503' }],
  })
})

test('of failed calls, the first of each class is kept, and none that was never sent', () => {
  const traced = recorder()
  traced.failed(0, 0, 1, 'tcp.refused')
  for (let number = 1; number <= 40; number++) traced.failed(number, 0, 1, `http.${500 + (number % 8)}`)
  const { failed } = traced.finish()
  expect(failed.map((call) => call.class)).toEqual([
    'http.501',
    'http.502',
    'http.503',
    'http.504',
    'http.505',
  ])
})
