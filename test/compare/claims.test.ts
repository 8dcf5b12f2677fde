import { describe, expect, test } from 'vitest'
import { evaluateClaims } from '../../src/compare/claims.ts'
import type { Claim } from '../../src/plan/plan.ts'
import type { ClaimResult } from '../../src/result/claim.ts'
import type { CaseResult } from '../../src/result/document.ts'
import { sampleCase } from '../result/sample.ts'

type Rounds = readonly (number | null)[]

/** A case whose throughput is `value` as a whole, and so much in its rounds. */
function measured(name: string, value: number | null, rounds: Rounds = [value, value, value]): CaseResult {
  const one = sampleCase({ name, medians: {} })
  const summary = (throughput: number | null) => ({ ...one.summary, request_throughput: throughput })
  return {
    ...one,
    verdict: { valid: true, reasons: [] },
    summary: summary(value),
    rounds: rounds.map((throughput) => ({ summary: summary(throughput), metrics: {} })),
  }
}

function claim(low: number | null, high: number | null, pairs: [string, string?][], because?: string): Claim {
  return {
    says: 'so',
    ...(because !== undefined && { because }),
    metric: 'request_throughput',
    statistic: null,
    expect: `${low}..${high}`,
    low,
    high,
    pairs: pairs.map(([of, over]) => ({ of, over: over ?? null })),
  }
}

function judged(one: Claim, ...cases: CaseResult[]): ClaimResult {
  return evaluateClaims([one], cases)[0]!
}

describe('a value', () => {
  test.each<[string, number, Rounds, ClaimResult['verdict']]>([
    ['within, in each round', 15, [14, 15, 16], 'holds'],
    ['on its ends', 10, [10, 20, 15], 'holds'],
    ['within, but for a round', 15, [14, 15, 21], 'partly'],
    ['outside, but for a round', 21, [19, 22, 22], 'partly'],
    ['outside, in each round', 25, [24, 25, 26], 'does not hold'],
    ['below, in each round', 5, [4, 5, 6], 'does not hold'],
    ['with rounds on either side', 25, [5, 25, 30], 'partly'],
    ['within, of one round', 15, [15], 'holds'],
  ])('%s', (_, value, rounds, verdict) => {
    expect(judged(claim(10, 20, [['a']]), measured('a', value, rounds)).verdict).toBe(verdict)
  })

  test('of several cases, of which some hold', () => {
    const cases = [measured('a', 15), measured('b', 25)]
    const result = judged(claim(10, 20, [['a'], ['b']], 'b is slow'), ...cases)
    expect(result).toMatchObject({ verdict: 'partly', reason: 'b is slow' })
    expect(result.measured.map(({ value }) => value)).toEqual([15, 25])
  })

  test('with one bound', () => {
    expect(judged(claim(null, 20, [['a']]), measured('a', 1)).verdict).toBe('holds')
    expect(judged(claim(20, null, [['a']]), measured('a', 1)).verdict).toBe('does not hold')
  })

  test('the cause is told only where it is asked for', () => {
    expect(judged(claim(10, 20, [['a']], 'cause'), measured('a', 15)).reason).toBeUndefined()
    expect(judged(claim(10, 20, [['a']], 'cause'), measured('a', 30)).reason).toBe('cause')
  })
})

describe('a lower bound', () => {
  const bound = (value: number): CaseResult => ({
    ...measured('a', value),
    verdict: { valid: true, reasons: [], notes: { request_throughput: '>= (client limit)' } },
  })

  test.each<[number | null, number | null, number, ClaimResult['verdict']]>([
    [10, null, 15, 'holds'],
    [10, null, 5, 'partly'],
    [10, 20, 15, 'partly'],
    [10, 20, 25, 'does not hold'],
  ])('expected %s..%s, at least %d', (low, high, value, verdict) => {
    const result = judged(claim(low, high, [['a']]), bound(value))
    expect(result.verdict).toBe(verdict)
    expect(result.measured[0]).toMatchObject({ value, at_least: true })
    if (verdict === 'partly') expect(result.reason).toContain('only a lower bound')
  })

  test('beneath a ratio is no ratio', () => {
    const result = judged(claim(1, 2, [['b', 'a']]), measured('b', 10), bound(5))
    expect(result).toMatchObject({ verdict: 'cannot be measured', reason: 'a: only a lower bound is known' })
  })
})

describe('a ratio', () => {
  test('is of the cases as a whole, and of their rounds one by one', () => {
    const cases = [measured('a', 30, [20, 30, 60]), measured('b', 10, [10, 10, 20])]
    const result = judged(claim(2, 3, [['a', 'b']]), ...cases)
    expect(result.measured).toEqual([{ case: 'a', over: 'b', value: 3, rounds: { low: 2, high: 3 } }])
    expect(result.verdict).toBe('holds')
  })

  test('over nothing is none', () => {
    const result = judged(claim(2, 3, [['a', 'b']]), measured('a', 30), measured('b', 0))
    expect(result).toMatchObject({
      verdict: 'cannot be measured',
      reason: expect.stringContaining('no multiple'),
    })
  })
})

describe('what cannot be measured says why', () => {
  test('because its author says so', () => {
    const result = judged({ says: 'far', cannot: 'one machine is not far' })
    expect(result).toEqual({
      says: 'far',
      measured: [],
      verdict: 'cannot be measured',
      reason: 'one machine is not far',
    })
  })

  test.each<[string, CaseResult[], string]>([
    ['a case that did not run', [], 'a did not run'],
    ['a metric that is not there', [measured('a', null)], 'a: request_throughput was not measured'],
    [
      'an invalid case',
      [{ ...measured('a', 15), verdict: { valid: false, reasons: ['the generator was late'] } }],
      'a is invalid: the generator was late',
    ],
  ])('%s', (_, cases, reason) => {
    const result = judged(claim(10, 20, [['a']]), ...cases)
    expect(result).toMatchObject({ verdict: 'cannot be measured', reason })
    expect(result.measured).toEqual([{ case: 'a', value: null, reason }])
  })

  test('what is missing of several keeps the rest from holding wholly', () => {
    const result = judged(claim(10, 20, [['a'], ['b']]), measured('a', 15))
    expect(result).toMatchObject({ verdict: 'partly', reason: 'b did not run' })
  })
})
