import { describe, expect, test } from 'vitest'
import type { Distribution } from '../../src/result/document.ts'
import type { Evidence, GeneratorUse } from '../../src/result/evidence.ts'
import { caseVerdict, isSaturated, LIMITS, runVerdict } from '../../src/result/verdict.ts'
import { caseOf } from '../contract/play.ts'

function spread(p50: number, p99: number, count = 1000): Distribution {
  const same = { min: p50, mean: p50, p75: p50, p90: p99, p95: p99, p99_9: p99, max: p99 }
  return { unit: 'ms', count, stddev: 0, ...same, p50, p99 }
}

const target = { interface: 'rest', url: 'http://127.0.0.1/' } as const
const OPEN = caseOf({ target, load: { model: 'constant', ratePerSecond: 100 } as never })
const CLOSED = caseOf({ target })

const AT_EASE: GeneratorUse = {
  busyShare: 0.3,
  coreShare: 0.99,
  codecShare: 0.02,
  longestGcMs: 1,
  stalls: { count: 0, longestMs: 0, longestOwnMs: 0, openCalls: 0 },
}

/** A server that takes its time, asked by a generator that does not. */
const WELL: Evidence = {
  planned: OPEN,
  calls: 1000,
  errors: 0,
  dropped: 0,
  missed: 0,
  delayed: 0,
  requestLatency: spread(200, 900),
  undelayedMs: {},
  streamed: [],
  dispatchDelay: spread(0.01, 0.5),
  connectionWait: spread(0, 0),
  generator: AT_EASE,
  connections: 4,
  resumed: 0,
  throttling: { count: 0, absurd: 0, waits: null },
  overflowed: false,
  drift: null,
}

type Change = Partial<Omit<Evidence, 'generator'>> & { generator?: Partial<GeneratorUse> }

function verdict({ generator, ...evidence }: Change = {}) {
  return caseVerdict({ ...WELL, ...evidence, generator: { ...AT_EASE, ...generator } })
}

/** A thread that stood still for 80 ms and delayed 20 of the calls, and what p99 would be without them. */
const STOOD_STILL: Change = {
  requestLatency: spread(5, 85),
  undelayedMs: { p50: 5, p99: 6 },
  delayed: 20,
  generator: { stalls: { count: 1, longestMs: 80, longestOwnMs: 2, openCalls: 3 } },
}

describe('an open loop is valid', () => {
  test.each<[string, Change]>([
    ['when calls start on time', {}],
    ['when the server makes calls wait for a connection', { connectionWait: spread(5000, 9000) }],
    ['when the server is too slow for some calls to be sent', { dropped: 500 }],
    ['when its thread is busy, but no call waits', { generator: { busyShare: 1 } }],
    ['when a lateness is small beside what is measured', { dispatchDelay: spread(15, 80) }],
    ['when a lateness is small', { requestLatency: spread(0.1, 0.2), dispatchDelay: spread(0.9, 4.9) }],
    ['when few arrivals of many were missed', { calls: 9901, dropped: 99, missed: 99 }],
    ['when one of few arrivals was missed', { calls: 9, dropped: 1, missed: 1 }],
    ['when a stall touched calls that were slow anyway', { ...STOOD_STILL, requestLatency: spread(5, 900) }],
    ['when a stall touched too few calls to move p99', { ...STOOD_STILL, undelayedMs: { p50: 5, p99: 84 } }],
    [
      'when a stall was shorter than what it touched is longer',
      { ...STOOD_STILL, generator: { stalls: { count: 9, longestMs: 7, longestOwnMs: 7, openCalls: 3 } } },
    ],
  ])('%s', (_when, evidence) => {
    expect(verdict(evidence)).toEqual({ valid: true, reasons: [] })
  })
})

describe('an open loop is the generator’s fault', () => {
  test.each<[string, Change, string]>([
    ['when half the calls start late', { dispatchDelay: spread(25, 25) }, 'dispatch_delay p50 is 25.00 ms'],
    ['when some calls start very late', { dispatchDelay: spread(0, 95) }, 'dispatch_delay p99 is 95.00 ms'],
    [
      'when a busy thread leaves replies unread',
      { generator: { busyShare: 0.97 }, connectionWait: spread(90, 300) },
      'busy for 97% of the time',
    ],
    [
      'when a busy thread does not get round to calls',
      { generator: { busyShare: 1 }, dropped: 1 },
      'busy for 100% of the time',
    ],
    [
      'when more than 1% of the arrivals was missed',
      { calls: 980, dropped: 20, missed: 20 },
      'never turned to 20 of 1000 calls',
    ],
    [
      'when it stood still and p99 tells of it',
      STOOD_STILL,
      'stood still 1 times, for up to 80.00 ms, and that can have delayed 20 of 1000 calls: without it, p99 of request_latency (85.00 ms) may be 6.00 ms',
    ],
  ])('%s', (_when, evidence, says) => {
    const { valid, reasons } = verdict(evidence)
    expect(valid).toBe(false)
    expect(isSaturated({ valid, reasons })).toBe(true)
    expect(reasons).toEqual([expect.stringContaining(says)])
  })
})

describe('the cause is told, and what to do about it', () => {
  const late = { dispatchDelay: spread(25, 25) }
  test.each<[Partial<GeneratorUse>, string, string]>([
    [{ busyShare: 0.98 }, 'busy for 98% of the time', 'add --workers'],
    [
      { busyShare: 0.98, coreShare: 0.6 },
      'no core ran it, and its load thread was busy for 98% of the time',
      'a core of its own; lower the rate, or add --workers',
    ],
    [
      { coreShare: 0.6, stalls: { count: 2, longestMs: 50, longestOwnMs: 3, openCalls: 3 } },
      'for 40% of the time',
      'a core of its own',
    ],
    [{ busyShare: 0.98, codecShare: 0.8 }, 'encoding and decoding took 80%', 'send less'],
    [
      { stalls: { count: 2, longestMs: 50, longestOwnMs: 45, openCalls: 3 }, longestGcMs: 40 },
      'garbage coll',
      'send less',
    ],
    [
      { stalls: { count: 2, longestMs: 50, longestOwnMs: 3, openCalls: 3 }, longestGcMs: 40 },
      'it stood still',
      'machine',
    ],
    [
      { stalls: { count: 2, longestMs: 50, longestOwnMs: 45, openCalls: 3 } },
      'blocked for up to 45.00 ms by work',
      '',
    ],
    [
      { stalls: { count: 2, longestMs: 50, longestOwnMs: 3, openCalls: 3 } },
      'it stood still for up to 50.00 ms',
      '',
    ],
    [
      { stalls: { count: 2, longestMs: 50, longestOwnMs: Number.NaN, openCalls: 3 } },
      'it stood still for up to',
      '',
    ],
    // Node before 23.9 does not tell CPU time.
    [{ busyShare: 0.98, coreShare: Number.NaN }, 'busy for 98% of the time', 'add --workers'],
  ])('%j: %s', (generator, says, cure) => {
    const { reasons } = verdict({ ...late, generator })
    expect(reasons[0]).toContain(says)
    expect(reasons[0]).toContain(cure)
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
    expect(verdict({ calls: count, dispatchDelay }).valid).toBe(valid)
  })
})

describe('a closed loop is valid, and says how to read it', () => {
  test('when its own thread limits it', () => {
    const { valid, notes } = verdict({ planned: CLOSED, generator: { busyShare: 0.99 } })
    expect(valid).toBe(true)
    expect(notes?.request_throughput).toBe('>= (client limit)')
    expect(notes?.request_latency).toContain('holds the client’s own queue')
  })

  test('when its thread stood still', () => {
    const { valid, notes } = verdict({ ...STOOD_STILL, planned: CLOSED })
    expect(valid).toBe(true)
    expect(notes?.request_throughput).toBeUndefined()
    expect(notes?.request_latency).toContain('stood still')
  })

  test('and needs no note otherwise', () => {
    expect(verdict({ planned: CLOSED }).notes).toBeUndefined()
  })
})

describe('where the scenario allows few connections', () => {
  const planned = caseOf({
    target,
    load: { model: 'constant', ratePerSecond: 100, connections: 1 } as never,
  })
  test.each<[string, Change, boolean]>([
    ['and most calls wait for one', { connectionWait: spread(150, 800) }, true],
    ['and some calls wait, as for a server that stalls', { connectionWait: spread(0, 800) }, false],
    ['and most wait, but for a small part of what they take', { connectionWait: spread(15, 20) }, false],
  ])('%s', (_when, evidence, isTold) => {
    const { valid, notes } = verdict({ ...evidence, planned })
    expect(valid).toBe(true)
    if (isTold) expect(notes?.request_latency).toContain('one of the 1 connections')
    else expect(notes).toBeUndefined()
  })
})

describe('within streams', () => {
  const gaps = (undelayedMs: Evidence['undelayedMs'], longestMs: number) =>
    verdict({
      streamed: [{ metric: 'inter_chunk_latency', distribution: spread(10, 90), undelayedMs }],
      generator: { stalls: { count: 4, longestMs, longestOwnMs: 1, openCalls: 40 } },
    })

  test('chunks that were read late are told, and the case stands', () => {
    const { valid, notes } = gaps({ p50: 10, p99: 12 }, 80)
    expect(valid).toBe(true)
    expect(notes?.inter_chunk_latency).toContain('without them, p99 (90.00 ms) may be 12.00 ms')
  })

  test('stalls that moved no percentile are not', () => {
    expect(gaps({ p50: 10, p99: 88 }, 80).notes).toBeUndefined()
    expect(gaps({ p50: 10, p99: 12 }, 5).notes).toBeUndefined()
  })
})

test('a drift is told beside what else is to be told of the latency', () => {
  const drift = { change: 0.234, low: 0.18, high: 0.29 }
  const { valid, notes } = verdict({ ...STOOD_STILL, planned: CLOSED, drift })
  expect(valid).toBe(true)
  expect(notes?.request_latency).toMatch(
    /stood still.*; and was not steady: p50 at the end of the case is \+23% from its beginning \(\+18% to \+29%/,
  )
})

test('a case without a success is invalid, and not the generator’s fault', () => {
  const { valid, reasons } = verdict({ errors: 1000, requestLatency: null, dispatchDelay: null })
  expect(reasons).toEqual(['no call succeeded'])
  expect(isSaturated({ valid, reasons })).toBe(false)
})

describe('where TLS sessions were to be resumed', () => {
  const planned = caseOf({ target: { ...target, connection: 'resumed' } })
  test.each<[string, Partial<Evidence>, string | undefined]>([
    ['and all were', { connections: 9, resumed: 9 }, undefined],
    ['and some were not', { connections: 9, resumed: 8 }, 'resumed only 8 of 9 TLS sessions'],
    ['and none was', { connections: 9, resumed: 0 }, 'resumed none of 9 TLS sessions'],
  ])('%s', (_when, evidence, says) => {
    const { valid, notes } = verdict({ planned, ...evidence })
    expect(valid).toBe(true)
    if (says === undefined) expect(notes).toBeUndefined()
    else expect(notes?.tls_handshake).toContain(says)
  })
})

describe('a run', () => {
  test('says when the thread that conducts it was blocked', () => {
    expect(runVerdict([], LIMITS.conductorMs).notes).toBeUndefined()
    const { valid, notes } = runVerdict([], 3200)
    expect(valid).toBe(true)
    expect(notes?.run).toContain('held up for 3200.00 ms')
  })

  test('is invalid with any of its cases, and names it', () => {
    const invalid = { name: 'rest', verdict: { valid: false, reasons: ['no call succeeded'] } }
    expect(runVerdict([invalid, { name: 'grpc', verdict: { valid: true, reasons: [] } }], 0)).toEqual({
      valid: false,
      reasons: ['rest: no call succeeded'],
    })
  })

  test('that broke is not valid, however valid its cases are, and says so first', () => {
    const valid = { name: 'a', verdict: { valid: true, reasons: [] } }
    const invalid = { name: 'b', verdict: { valid: false, reasons: ['no call succeeded'] } }
    expect(runVerdict([valid], 0)).toEqual({ valid: true, reasons: [] })
    expect(runVerdict([valid], 0, { reason: 'it broke' })).toEqual({
      valid: false,
      reasons: ['the run is incomplete: it broke'],
    })
    expect(runVerdict([valid, invalid], 0, { reason: 'it broke' })).toEqual({
      valid: false,
      reasons: ['the run is incomplete: it broke', 'b: no call succeeded'],
    })
  })
})
