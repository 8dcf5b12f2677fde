import { beforeAll, describe, expect, test } from 'vitest'
import type { Threshold } from '../../src/plan/plan.ts'
import { initHistograms } from '../../src/record/histogram.ts'
import type { CaseResult } from '../../src/result/document.ts'
import { abortingThreshold, evaluateThresholds } from '../../src/result/thresholds.ts'
import { sampleCase } from './sample.ts'

beforeAll(initHistograms)

function measured(change: (result: CaseResult) => void = () => {}): CaseResult {
  const result = sampleCase({ name: 'one', medians: { request_latency: 10 }, callCount: 50 })
  result.metrics.request_latency!.p99 = 40
  change(result)
  return result
}

function check(says: string, result: CaseResult | null) {
  const [, metric, statistic, operator, limit] = /^(\w+?)(?:\.(\w+))? ([<>]=?) (\S+)$/.exec(says)!
  const threshold = {
    says,
    cases: ['one'],
    metric,
    statistic: statistic ?? null,
    operator,
    limit: Number(limit),
  }
  const [row] = evaluateThresholds([threshold as Threshold], result ? [result] : [])
  return row!
}

describe('a measured value', () => {
  test.each([
    ['request_latency.p99 < 50', true],
    ['request_latency.p99 < 40', false],
    ['request_latency.p99 <= 40', true],
    ['request_latency.p99 > 40', false],
    ['request_latency.p99 >= 40', true],
    ['error_rate < 0.001', true],
    ['error_rate < 0', false],
    ['request_throughput > 9', true],
  ])('%s: %s', (says, passed) => {
    expect(check(says, measured())).toMatchObject({ passed, says, case: 'one' })
  })

  test('fails by itself, without a reason beside it', () => {
    expect(check('request_latency.p99 < 5', measured())).toEqual({
      says: 'request_latency.p99 < 5',
      case: 'one',
      metric: 'request_latency.p99',
      value: 40,
      limit: 5,
      passed: false,
    })
  })
})

describe('what was not measured never passes', () => {
  test.each([
    ['overhead_time.p50 < 50', 'overhead_time was not measured'],
    ['overhead_time.p50 > 0', 'overhead_time was not measured'],
    ['goodput > 0', 'goodput was not measured'],
    ['constructor > 0', 'constructor was not measured'],
    ['toString.p50 > 0', 'toString was not measured'],
    ['request_latency.p42 > 0', 'request_latency has no statistic p42'],
    ['request_latency.count > 0', 'request_latency has no statistic count'],
  ])('%s', (says, reason) => {
    expect(check(says, measured())).toMatchObject({ passed: false, value: null, reason })
  })

  test('and says why it is absent', () => {
    const result = measured(({ absent }) => {
      absent.overhead_time = 'the server tells no timing'
    })
    expect(check('overhead_time.p50 < 50', result).reason).toBe('the server tells no timing')
  })

  test('a case that did not run', () => {
    expect(check('error_rate < 1', null)).toMatchObject({
      passed: false,
      value: null,
      reason: 'the case did not run',
    })
  })
})

describe('a lower bound', () => {
  const open = (result: CaseResult) => {
    result.metrics.request_latency!.at_least = ['p99']
  }

  test.each([
    ['request_latency.p99 < 50', false, /the real value may be above the limit/],
    ['request_latency.p99 < 30', false, undefined],
    ['request_latency.p99 > 30', true, undefined],
    ['request_latency.p99 > 50', false, /does not reach the limit/],
    ['request_latency.p50 < 50', true, undefined],
  ])('%s: %s', (says, passed, reason) => {
    const row = check(says, measured(open))
    expect(row.passed).toBe(passed)
    if (reason) expect(row.reason).toMatch(reason)
    else expect(row.reason).toBeUndefined()
    expect(row.at_least).toBe(says.includes('p99') ? true : undefined)
  })

  test('is also what a client’s limit leaves of a throughput', () => {
    const result = measured(({ verdict }) => {
      verdict.notes = { request_throughput: '>= (client limit)', request_latency: 'holds the client’s queue' }
    })
    expect(check('request_throughput > 9', result)).toMatchObject({ passed: true, at_least: true })
    expect(check('request_throughput > 1000000', result)).toMatchObject({ passed: false, at_least: true })
    expect(check('request_latency.p99 < 50', result)).toMatchObject({ passed: true })
  })
})

test('nothing passes on an invalid case', () => {
  const result = measured((one) => {
    one.verdict = { valid: false, reasons: ['the generator was late', 'twice'] }
  })
  expect(check('request_latency.p99 < 50', result)).toMatchObject({
    passed: false,
    value: 40,
    reason: 'the case is invalid: the generator was late; twice',
  })
})

test('each threshold is checked against each case that it names, in order', () => {
  const names = ['one', 'two', 'three']
  const cases = names.map((name) => ({ ...measured(), name }))
  const threshold = (says: string, of: string[]): Threshold => ({
    says,
    cases: of,
    metric: 'error_rate',
    statistic: null,
    operator: '<',
    limit: 0.1,
  })
  const rows = evaluateThresholds([threshold('a', ['three', 'one']), threshold('b', ['two'])], cases)
  expect(rows.map((row) => `${row.says} ${row.case}`)).toEqual(['a three', 'a one', 'b two'])
})

describe('beside a baseline', () => {
  const beside = (change: Partial<Threshold>): Threshold => ({
    says: 'so',
    cases: ['one'],
    metric: 'request_latency',
    statistic: 'p99',
    operator: '<=',
    limit: 0.05,
    beside: 'share',
    ...change,
  })
  const row = (threshold: Threshold, baseline: CaseResult | undefined) =>
    evaluateThresholds([threshold], [measured()], () => baseline)[0]!
  const before = (p99: number) =>
    measured((result) => Object.assign(result.metrics.request_latency!, { p99 }))

  test.each<[string, number, Partial<Threshold>, number, boolean]>([
    ['within 5%', 39, {}, 40.95, true],
    ['beyond 5%', 38, {}, 39.9, false],
    ['within 3 ms', 38, { beside: 'baseline', limit: 3 }, 41, true],
    ['the same', 40, { beside: 'baseline', limit: 0 }, 40, true],
    ['not less than 10% under it', 44, { operator: '>=', limit: -0.1 }, 39.6, true],
  ])('%s', (_name, p99, change, limit, passed) => {
    const found = row(beside(change), before(p99))
    expect(found).toMatchObject({ value: 40, passed })
    expect(found.limit).toBeCloseTo(limit, 10)
    expect(found).not.toHaveProperty('reason')
  })

  test.each<[string, (result: CaseResult) => void, string]>([
    [
      'is invalid',
      ({ verdict }) => Object.assign(verdict, { valid: false }),
      'the case of the baseline is invalid',
    ],
    [
      'lacks the metric',
      ({ metrics }) => Reflect.deleteProperty(metrics, 'request_latency'),
      'of the baseline: request_latency was not measured',
    ],
    [
      'has only a lower bound',
      ({ metrics }) => Object.assign(metrics.request_latency!, { at_least: ['p99'] }),
      'of the baseline only a lower bound is known',
    ],
  ])('that %s, nothing passes', (_name, change, reason) => {
    const found = row(beside({}), measured(change))
    expect(found).toMatchObject({ value: 40, limit: null, passed: false, reason })
  })

  test('that has no such case, nothing passes', () => {
    const reason = 'the baseline has no such case'
    expect(row(beside({}), undefined)).toMatchObject({ value: 40, limit: null, passed: false, reason })
  })
})

describe('what ends a run', () => {
  const aborting = (change: Partial<Threshold> = {}): Threshold => ({
    says: 'so',
    cases: ['one'],
    metric: 'request_latency',
    statistic: 'p99',
    operator: '<',
    limit: 30,
    abortOnFail: true,
    ...change,
  })
  const found = (threshold: Threshold, result = measured()) =>
    abortingThreshold([threshold], result, () => undefined)

  test('a threshold that says so, of this case, and does not hold', () => {
    expect(found(aborting())).toMatchObject({ says: 'so', value: 40 })
    expect(found(aborting({ limit: 50 }))).toBeUndefined()
    expect(found(aborting({ cases: ['two'] }))).toBeUndefined()
    expect(found({ ...aborting(), abortOnFail: undefined } as unknown as Threshold)).toBeUndefined()
  })

  test('not what is missing, or cannot be believed', () => {
    expect(found(aborting({ metric: 'overhead_time' }))).toBeUndefined()
    const invalid = measured(({ verdict }) => Object.assign(verdict, { valid: false }))
    expect(found(aborting(), invalid)).toBeUndefined()
  })
})
