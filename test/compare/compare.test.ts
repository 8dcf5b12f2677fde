import { describe, expect, test } from 'vitest'
import { compareResults, compareTargets } from '../../src/compare/compare.ts'
import { gateOf } from '../../src/compare/gate.ts'
import { DEFAULT_GATES } from '../../src/compare/gates.ts'
import type { Comparison } from '../../src/result/comparison.ts'
import type { CaseResult, Result } from '../../src/result/document.ts'
import { around, caseOfRounds, type RoundSpec, resultOf } from './sides.ts'

const ROUNDS = 12
const OPTIONS = { gates: DEFAULT_GATES, fewestRounds: ROUNDS }

const gate = (comparison: Comparison) => gateOf([comparison], { allow: [], allowInconclusive: false })

/** Rounds of a machine with some noise. */
function rounds(p50: number, seed: number, change: Partial<Record<'p99' | 'throughput', number>> = {}) {
  const { p99 = 3, throughput = 100 } = change
  const medians = around(p50, 0.015, ROUNDS, seed)
  const tails = around(p50 * p99, 0.06, ROUNDS, seed + 1000)
  const rates = around(throughput, 0.01, ROUNDS, seed + 2000)
  return medians.map(
    (median, index): RoundSpec => ({ p50: median, p99: tails[index]!, throughput: rates[index]! }),
  )
}

/** A case whose sessions took so many bytes each of the server. */
function idleCase(bytes: number, seed: number): CaseResult {
  const one = caseOfRounds('mcp', rounds(10, seed), { metrics: {} })
  const told = {
    calls: 0,
    sessions: 100,
    sessions_lost: 0,
    session_loss: 0,
    server_memory_per_session: bytes,
  }
  const ofRounds = around(bytes, 0.01, ROUNDS, seed)
  return {
    ...one,
    summary: { ...one.summary, ...told },
    rounds: one.rounds.map(({ summary, ...round }, index) => ({
      ...round,
      metrics: {},
      summary: { ...summary, ...told, server_memory_per_session: ofRounds[index]! },
    })),
  }
}

async function compared(
  before: readonly RoundSpec[],
  after: readonly RoundSpec[],
  { baseline, candidate }: { baseline?: Partial<CaseResult>; candidate?: Partial<CaseResult> } = {},
) {
  const comparison = compareResults(
    await resultOf([caseOfRounds('rest', before, baseline)]),
    await resultOf([caseOfRounds('rest', after, candidate)]),
    OPTIONS,
  )
  const found = Object.fromEntries(comparison.cases[0]!.metrics.map((one) => [one.metric, one]))
  return { comparison, found, p50: found['request_latency.p50']!, p99: found['request_latency.p99']! }
}

describe('a verdict', () => {
  test('is unchanged where the two are alike', async () => {
    const { comparison, found } = await compared(rounds(10, 1), rounds(10, 2))
    for (const { verdict } of Object.values(found)) expect(verdict).toBe('unchanged')
    expect(gate(comparison)).toEqual({ verdict: 'pass', reasons: [] })
  })

  test('is regressed where latency rises, with the change and its interval', async () => {
    const { comparison, p50 } = await compared(rounds(10, 1), rounds(11.5, 2))
    expect(p50.verdict).toBe('regressed')
    expect(p50.change!.estimate).toBeCloseTo(0.15, 1)
    expect(p50.change!.low).toBeGreaterThan(0.05)
    expect(p50.change!.high).toBeLessThan(0.25)
    expect(gate(comparison).verdict).toBe('regressed')
  })

  test('is improved where latency falls', async () => {
    expect((await compared(rounds(11.5, 1), rounds(10, 2))).p50.verdict).toBe('improved')
  })

  test('takes its direction from the metric: a throughput that falls is a regression', async () => {
    const { found } = await compared(rounds(10, 1), rounds(10, 2, { throughput: 88 }))
    expect(found.request_throughput!.verdict).toBe('regressed')
    expect(found.request_throughput!.change!.high).toBeLessThan(0)
  })

  test('sees a tail that grew alone', async () => {
    const { p50, p99 } = await compared(rounds(10, 1), rounds(10, 2, { p99: 9 }))
    expect([p50.verdict, p99.verdict]).toEqual(['unchanged', 'regressed'])
  })

  test('tells a change that may or may not matter as inconclusive', async () => {
    const { p50 } = await compared(rounds(10, 1), rounds(10.5, 2))
    expect(p50).toMatchObject({ verdict: 'inconclusive', reason: expect.stringContaining('more or longer') })
    expect(p50.change).not.toBeNull()
  })

  test('of idle sessions is about what they take and how many were lost, and nothing that calls have', async () => {
    const [before, after] = [idleCase(20_000, 1), idleCase(26_000, 2)]
    const comparison = compareResults(await resultOf([before]), await resultOf([after]), OPTIONS)
    expect(comparison.cases[0]!.metrics).toMatchObject([
      { metric: 'session_loss', verdict: 'unchanged' },
      { metric: 'server_memory_per_session', verdict: 'regressed' },
    ])
    expect(gate(comparison).verdict).toBe('regressed')
  })

  test('counts failed calls in points, not in ratios to none', async () => {
    const failing = rounds(10, 2).map((round) => ({ ...round, errorRate: 0.02 }))
    const { found } = await compared(rounds(10, 1), failing)
    expect(found.error_rate).toMatchObject({ verdict: 'regressed', change: { estimate: 0.02 } })
    expect((await compared(failing, rounds(10, 1))).found.error_rate!.verdict).toBe('improved')
  })
})

describe('too little evidence is inconclusive', () => {
  const good = rounds(10, 1)
  test.each<[string, readonly RoundSpec[], Partial<CaseResult>, string]>([
    ['a single round', good.slice(0, 1), {}, '1 of the 12 rounds'],
    ['no round', [], { metrics: {}, absent: {} }, 'absent in the candidate: it was not measured'],
    [
      'rounds with too few calls for the percentile',
      good.map((round) => ({ ...round, calls: 99 })),
      {},
      'fewer than the 100 calls that p99 asks for',
    ],
    [
      'a case that is invalid',
      good,
      { verdict: { valid: false, reasons: ['the generator could not keep its schedule'] } },
      'the candidate is invalid: the generator could not keep its schedule',
    ],
    [
      'a metric that is absent',
      good,
      { metrics: {}, absent: { request_latency: 'no call succeeded' } },
      'no call',
    ],
    ['medians of 0', good.map((round) => ({ ...round, p99: 0 })), {}, 'a ratio to 0'],
    ['medians that are no number', good.map((round) => ({ ...round, p99: Number.NaN })), {}, 'a ratio to 0'],
  ])('%s', async (_what, after, candidate, reason) => {
    const { p99 } = await compared(good, after, { candidate })
    expect(p99).toMatchObject({ verdict: 'inconclusive', reason: expect.stringContaining(reason) })
  })

  test('so many comparisons that the rounds cannot tell them apart from chance', async () => {
    const names = Array.from({ length: 60 }, (_, index) => `rest ${index}`)
    const side = (seed: number) =>
      resultOf(names.map((name, index) => caseOfRounds(name, rounds(10, seed + index).slice(0, 7))))
    const { cases } = compareResults(await side(1), await side(500), {
      gates: DEFAULT_GATES,
      fewestRounds: 2,
    })
    const { verdict, reason } = cases[0]!.metrics[0]!
    expect(verdict).toBe('inconclusive')
    expect(reason).toMatch(/^240 comparisons at once need \d+ rounds a side$/)
  })

  test('a lower bound cannot be shown to be as good', async () => {
    const bound = (after: readonly RoundSpec[]) => {
      const { metrics } = caseOfRounds('rest', after)
      return { metrics: { request_latency: { ...metrics.request_latency!, at_least: ['p50', 'p99'] } } }
    }
    const [same, worse] = [rounds(10, 2), rounds(20, 2)]
    const ofCandidate = async (after: readonly RoundSpec[]) =>
      (await compared(good, after, { candidate: bound(after) })).p50
    expect(await ofCandidate(same)).toMatchObject({
      verdict: 'inconclusive',
      reason: 'only a lower bound of the candidate is known',
    })
    // What is slower even at the least is slower.
    expect((await ofCandidate(worse)).verdict).toBe('regressed')
    const ofBaseline = await compared(good, worse, { baseline: bound(good) })
    expect(ofBaseline.p50.verdict).toBe('inconclusive')
  })
})

describe('both at 0', () => {
  test('are unchanged', async () => {
    const zero = rounds(10, 1).map((round) => ({ ...round, p99: 0 }))
    const { p99 } = await compared(zero, zero)
    expect(p99).toMatchObject({ verdict: 'unchanged', change: { estimate: 0, low: 0, high: 0 } })
  })
})

describe('what is compared with what', () => {
  test('cases by their names; what only one side has is told', async () => {
    const [rest, grpc, sse] = ['rest', 'grpc', 'sse'].map((name) => caseOfRounds(name, rounds(10, 1)))
    const comparison = compareResults(await resultOf([rest!, grpc!]), await resultOf([sse!, rest!]), OPTIONS)
    expect(comparison.cases.map(({ name }) => name)).toEqual(['rest'])
    expect(comparison.unmatched).toEqual([
      { onlyIn: 'baseline', name: 'grpc' },
      { onlyIn: 'candidate', name: 'sse' },
    ])
  })

  test('targets of one run, side by side, by what their cases have in common', async () => {
    const names = ['old 1KiB ×8', 'new 1KiB ×8', 'old 1MiB ×8', 'new 1MiB ×8', 'other 1KiB ×8']
    const result = await resultOf(names.map((name, index) => caseOfRounds(name, rounds(10, index))))
    const { cases, isSideBySide, unmatched } = compareTargets(
      result,
      { baseline: 'old', candidate: 'new' },
      OPTIONS,
    )
    expect(isSideBySide).toBe(true)
    expect(cases.map(({ name, baseline, candidate }) => [name, baseline, candidate])).toEqual([
      ['1KiB ×8', 'old 1KiB ×8', 'new 1KiB ×8'],
      ['1MiB ×8', 'old 1MiB ×8', 'new 1MiB ×8'],
    ])
    expect(unmatched).toEqual([])
  })

  test('rounds side by side are compared pair by pair: a machine that slows down hits both alike', async () => {
    const slower = (index: number) => 1 + index / 4
    const drifting = (p50: number, seed: number) =>
      rounds(p50, seed).map((round, index) => ({ ...round, p50: round.p50 * slower(index) }))
    const pair = await resultOf([
      caseOfRounds('old', drifting(10, 1)),
      caseOfRounds('new', drifting(11.5, 2)),
    ])
    const sideBySide = compareTargets(pair, { baseline: 'old', candidate: 'new' }, OPTIONS)
    expect(sideBySide.cases[0]!.metrics[0]!.verdict).toBe('regressed')
    const apart = await compared(drifting(10, 1), drifting(11.5, 2))
    expect(apart.p50.verdict).toBe('inconclusive')
  })

  test('a run that was ended before it was done is told', async () => {
    const one = [caseOfRounds('rest', rounds(10, 1))]
    const ended = await resultOf(one, { cancelled: true })
    const done = await resultOf(one)
    expect(compareResults(ended, done, OPTIONS).unfinished).toEqual(['baseline'])
    expect(compareResults(done, done, OPTIONS).unfinished).toEqual([])
  })

  test('what differs beside the server is told', async () => {
    const before = await resultOf([caseOfRounds('rest', rounds(10, 1))])
    const environment: Result['environment'] = { ...before.environment, cores: 64, node: '22.19.0' }
    const after = await resultOf(
      [caseOfRounds('rest', rounds(10, 2), { load: { model: 'closed', concurrency: 16 } })],
      { environment, region: 'eu' },
    )
    const { differences, cases } = compareResults(before, after, OPTIONS)
    expect(differences.map(({ what }) => what)).toEqual(['machine', 'runtime', 'region'])
    expect(cases[0]!.differences).toMatchObject([{ what: 'load', candidate: 'concurrency 16, model closed' }])
  })
})
