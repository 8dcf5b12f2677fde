import { describe, expect, test } from 'vitest'
import type { Distribution } from '../../src/result/document.ts'
import { caseVerdict, type Evidence, isSaturated } from '../../src/result/verdict.ts'
import { caseOf } from '../contract/play.ts'

function spread(p50: number, p99: number, count = 1000): Distribution {
  const same = { min: p50, mean: p50, p75: p50, p90: p99, p95: p99, p99_9: p99, max: p99 }
  return { unit: 'ms', count, stddev: 0, ...same, p50, p99 }
}

const target = { interface: 'rest', url: 'http://127.0.0.1/' } as const
const OPEN = caseOf({ target, load: { model: 'constant', ratePerSecond: 100 } as never })
const CLOSED = caseOf({ target })

/** A server that takes its time, asked by a generator that does not. */
const WELL: Evidence = {
  planned: OPEN,
  calls: 1000,
  errors: 0,
  dropped: 0,
  requestLatency: spread(200, 900),
  dispatchDelay: spread(0.01, 0.5),
  connectionWait: spread(0, 0),
  busyShare: 0.3,
  connections: 4,
  resumed: 0,
  overflowed: false,
}

describe('an open loop is valid', () => {
  test.each<[string, Partial<Evidence>]>([
    ['when calls start on time', {}],
    ['when the server makes calls wait for a connection', { connectionWait: spread(5000, 9000) }],
    ['when the server is too slow for some calls to be sent', { dropped: 500 }],
    ['when its thread is busy, but no call waits', { busyShare: 1 }],
    ['when a lateness is small beside what is measured', { dispatchDelay: spread(15, 80) }],
    ['when a lateness is small', { requestLatency: spread(0.1, 0.2), dispatchDelay: spread(0.9, 4.9) }],
  ])('%s', (_when, evidence) => {
    expect(caseVerdict({ ...WELL, ...evidence })).toEqual({ valid: true, reasons: [] })
  })
})

describe('an open loop is saturated', () => {
  test.each<[string, Partial<Evidence>, string]>([
    ['when half the calls start late', { dispatchDelay: spread(25, 25) }, 'dispatch_delay p50 is 25.00 ms'],
    ['when some calls start very late', { dispatchDelay: spread(0, 95) }, 'dispatch_delay p99 is 95.00 ms'],
    ['when a busy thread leaves replies unread', { busyShare: 0.97, connectionWait: spread(90, 300) }, '97%'],
    ['when a busy thread does not get round to calls', { busyShare: 1, dropped: 1 }, '100% of the time'],
  ])('%s', (_when, evidence, says) => {
    const verdict = caseVerdict({ ...WELL, ...evidence })
    expect(verdict.valid).toBe(false)
    expect(isSaturated(verdict)).toBe(true)
    expect(verdict.reasons).toEqual([expect.stringContaining(says)])
    expect(verdict.reasons[0]).toContain('lower the rate, add --workers')
  })
})

describe('with few calls, the tail is judged where ten calls lie above it', () => {
  /** Late only above the given percentile. */
  const lateAbove = (percentile: number, count: number): Distribution => {
    const at = (own: number) => (own > percentile ? 95 : 0)
    const own = { p75: at(75), p90: at(90), p95: at(95), p99: at(99), p99_9: 95, max: 95 }
    return { ...spread(0, 0, count), ...own }
  }

  test.each([
    [60, 95, true],
    [999, 98, true],
    [1000, 98, false],
    [200, 94, false],
    [199, 94, true],
    [100, 89, false],
    [60, 74, false],
    [39, 74, true],
  ])('%d calls, late above p%d: valid is %j', (count, percentile, valid) => {
    const dispatchDelay = lateAbove(percentile, count)
    expect(caseVerdict({ ...WELL, calls: count, dispatchDelay }).valid).toBe(valid)
  })
})

test('a closed loop that its own thread limits is valid, and says which numbers are bounds', () => {
  const { valid, notes } = caseVerdict({ ...WELL, planned: CLOSED, busyShare: 0.99 })
  expect(valid).toBe(true)
  expect(notes?.request_throughput).toBe('>= (client limit)')
  expect(caseVerdict({ ...WELL, planned: CLOSED }).notes).toBeUndefined()
})

test('a case without a success is invalid, and not the generator’s fault', () => {
  const verdict = caseVerdict({ ...WELL, errors: 1000, requestLatency: null, dispatchDelay: null })
  expect(verdict).toEqual({ valid: false, reasons: ['no call succeeded'] })
  expect(isSaturated(verdict)).toBe(false)
})

describe('where TLS sessions were to be resumed', () => {
  const planned = caseOf({ target: { ...target, connection: 'resumed' } })
  test.each<[string, Partial<Evidence>, string | undefined]>([
    ['and all were', { connections: 9, resumed: 9 }, undefined],
    ['and some were not', { connections: 9, resumed: 8 }, 'resumed only 8 of 9 TLS sessions'],
    ['and none was', { connections: 9, resumed: 0 }, 'resumed none of 9 TLS sessions'],
  ])('%s', (_when, evidence, says) => {
    const { valid, notes } = caseVerdict({ ...WELL, planned, ...evidence })
    expect(valid).toBe(true)
    if (says === undefined) expect(notes).toBeUndefined()
    else expect(notes?.tls_handshake).toContain(says)
  })
})
