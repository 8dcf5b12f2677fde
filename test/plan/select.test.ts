import { describe, expect, test } from 'vitest'
import { checkPlanSize, estimateMs, onlyCases } from '../../src/plan/select.ts'
import { ScenarioError, UsageError } from '../../src/scenario/problem.ts'
import { plan, REST } from '../scenario/scenario-file.ts'

const MANY = `${REST}vary: { payload.size: [1KiB, 10KiB], load.concurrency: [1, 10] }
thresholds:
  rest 1KiB ×1: { error_rate: "< 1%" }
  all: { error_rate: "< 2%" }
`

describe('only', () => {
  test.each([
    { patterns: [], names: ['rest 1KiB ×1', 'rest 1KiB ×10', 'rest 10KiB ×1', 'rest 10KiB ×10'] },
    { patterns: ['10kib'], names: ['rest 10KiB ×1', 'rest 10KiB ×10'] },
    { patterns: ['rest 1KiB ×1'], names: ['rest 1KiB ×1'] },
    { patterns: ['×10', '10KiB'], names: ['rest 1KiB ×10', 'rest 10KiB ×1', 'rest 10KiB ×10'] },
  ])('$patterns keeps $names', async ({ patterns, names }) => {
    expect(onlyCases(await plan(MANY), patterns).cases.map(({ name }) => name)).toEqual(names)
  })

  test('keeps of a threshold what it has cases for', async () => {
    const { thresholds } = onlyCases(await plan(MANY), ['10KiB ×10'])
    expect(thresholds.map(({ says, cases }) => ({ says, cases }))).toEqual([
      { says: 'all: error_rate < 2%', cases: ['rest 10KiB ×10'] },
    ])
  })

  test('tells of a pattern without a case what it may have meant', async () => {
    const made = await plan(MANY)
    expect(() => onlyCases(made, ['rest 1KiB ×2'])).toThrow(UsageError)
    expect(() => onlyCases(made, ['rset 1KiB ×10'])).toThrow('Did you mean `rest 1KiB ×10`?')
    expect(() => onlyCases(made, ['grpc'])).toThrow('The cases are `rest 1KiB ×1`, `rest 1KiB ×10`')
  })
})

describe('the size of a plan', () => {
  const list = (length: number) => `[${Array.from({ length }, (_, index) => index + 1)}]`
  const grid = (connections: number, calls: number) =>
    plan(
      `${REST}defaults: { load: { warmup: 0s } }\nvary: { load.connections: ${list(connections)}, load.concurrency: ${list(calls)} }\n`,
    )

  test('is asked about above 1,000 cases', async () => {
    const made = await grid(10, 100)
    expect(() => checkPlanSize(made, false)).not.toThrow()
    const large = await grid(13, 77)
    expect(() => checkPlanSize(large, false)).toThrow(ScenarioError)
    expect(() => checkPlanSize(large, false)).toThrow(
      'the plan has 1,001 cases, and would take about 3 hours',
    )
    expect(() => checkPlanSize(large, true)).not.toThrow()
  })
})

test.each([
  ['{ duration: 5s, warmup: 1s }', 3 * 6000],
  ['{ model: constant, rate: 10/s, calls: 20, warmup: 0s }', 3 * 2000],
  [
    '{ model: ramp, stages: [{ rate: 5/s, duration: 2s }, { rate: 0/s, duration: 1s }], warmup: 1s }',
    3 * 4000,
  ],
  ['{ calls: 100, concurrency: 10, warmup: 0s }', 3 * 100],
])('%s takes %d ms', async (load, durationMs) => {
  expect(estimateMs(await plan(`${REST}cases: [{ target: rest, load: ${load} }]\n`))).toBe(durationMs)
})
