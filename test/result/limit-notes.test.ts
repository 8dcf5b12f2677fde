import { describe, expect, test } from 'vitest'
import type { Load } from '../../src/plan/plan.ts'
import { newCounts } from '../../src/record/round-record.ts'
import type { Distribution } from '../../src/result/document.ts'
import { evidenceOf } from '../../src/result/evidence.ts'
import { PACED_BY_READER, readerNote, throttledNote } from '../../src/result/limit-notes.ts'
import { caseVerdict } from '../../src/result/verdict.ts'
import { caseOf } from '../contract/play.ts'

const target = { interface: 'sse', url: 'http://127.0.0.1/' } as const
const CONSTANT = { model: 'constant', ratePerSecond: 100 } as unknown as Load

function same(valueMs: number, count = 1000): Distribution {
  const statistics = ['min', 'mean', 'max', 'p50', 'p75', 'p90', 'p95', 'p99', 'p99_9'] as const
  const values = Object.fromEntries(statistics.map((name) => [name, valueMs])) as Record<
    (typeof statistics)[number],
    number
  >
  return { unit: 'ms', count, stddev: 0, ...values }
}

const told = { count: 12, absurd: 0, waits: same(1500, 12) }

describe('what became of the waits that were asked for', () => {
  test('nothing is said where none was', () => {
    expect(throttledNote(caseOf({ target }), { count: 0, absurd: 0, waits: null })).toBeNull()
  })

  test.each([
    ['ignored', {}, 'the load went on as it was told to (retry_after: ignore)'],
    ['kept in a closed loop', { retryAfter: 'obey' as const }, 'the wait is in no latency'],
    [
      'kept in an open loop',
      { retryAfter: 'obey' as const, load: CONSTANT },
      'calls that were due meanwhile waited, and their latency shows it',
    ],
  ])('%s', (_what, more, expected) => {
    const note = throttledNote(caseOf({ target, ...more }), told)
    expect(note).toContain('(p50 1500 ms, at most 1500 ms)')
    expect(note).toContain(expected)
  })

  test('those that could not be kept are counted', () => {
    expect(throttledNote(caseOf({ target }), { count: 3, absurd: 2, waits: null })).toMatch(
      /^refusals asked for a wait, and .*; 2 of them asked for no time that can be kept/,
    )
  })
})

test('metrics with the reader’s pauses in them say so', () => {
  const slow = caseOf({ target, reader: { every: 10, pauseMs: 100 } })
  expect(readerNote(slow)).toBe(
    'with the reader’s own pauses in it: 100 ms after every 10 chunks, on purpose',
  )
  expect(readerNote(caseOf({ target }))).toBeNull()
  const { notes } = caseVerdict(evidenceOf(slow, { ...newCounts(), calls: 10 }, {}, [], []))
  expect(Object.keys(notes!).sort()).toEqual([...PACED_BY_READER].sort())
})

describe('an open loop that waited because it was told to', () => {
  /** A load thread without a moment to spare, whose calls waited half a second, and of which half were dropped. */
  function verdict(retryAfter: 'obey' | undefined, throttled: number, dispatchMs = 0.01) {
    const counts = { ...newCounts(), calls: 1000, dropped: 1000, throttled }
    const metrics = {
      request_latency: same(600),
      dispatch_delay: same(dispatchMs),
      connection_wait: same(500),
    }
    const records = [
      { use: { busyShare: 1, coreShare: 1 }, stalls: { count: 0, longestMs: 0, longestOwnMs: 0 } },
    ]
    const planned = caseOf({ target, load: CONSTANT, ...(retryAfter && { retryAfter }) })
    const full = records.map((record) => ({ ...record, counts, histograms: {}, overflowed: false }))
    return caseVerdict(evidenceOf(planned, counts, metrics, full as never, []))
  }

  test('was not late for it', () => {
    expect(verdict('obey', 50)).toMatchObject({ valid: true, reasons: [] })
  })

  test('was late where it was late', () => {
    expect(verdict('obey', 50, 400).reasons).toMatchObject([
      expect.stringContaining('the generator could not keep its schedule: dispatch_delay'),
    ])
  })

  test.each([
    ['was told nothing', 'obey' as const, 0],
    ['did not keep to it', undefined, 50],
  ])('is judged by its waits where it %s', (_what, retryAfter, throttled) => {
    expect(verdict(retryAfter, throttled).reasons).toMatchObject([
      expect.stringContaining('the generator could not keep its schedule: calls waited'),
    ])
  })
})
