import { beforeAll, describe, expect, test } from 'vitest'
import { compareTargets } from '../../src/compare/compare.ts'
import { gateOf } from '../../src/compare/gate.ts'
import { DEFAULT_GATES } from '../../src/compare/gates.ts'
import { COMPARISON_FORMATS } from '../../src/report/comparison-formats.ts'
import { tableReport } from '../../src/report/table.ts'
import type { Comparison } from '../../src/result/comparison.ts'
import type { Result } from '../../src/result/document.ts'
import { around, caseOfRounds, resultOf } from '../compare/sides.ts'
import { expectGolden } from './golden.ts'

const GATE = { allow: [], allowInconclusive: false }

let result: Result
let comparison: Comparison

/** One that is slower, one that is faster and fails at times, one that is invalid, and one without a counterpart. */
beforeAll(async () => {
  const rounds = (p50: number, seed: number, errorRate = 0) =>
    around(p50, 0.01, 12, seed).map((value) => ({
      p50: value,
      p99: 3 * value,
      throughput: 1000 / value,
      errorRate,
    }))
  const invalid = { verdict: { valid: false, reasons: ['the generator could not keep its schedule'] } }
  result = await resultOf([
    caseOfRounds('old 1KiB ×8', rounds(10, 1)),
    caseOfRounds('new 1KiB ×8', rounds(12, 2)),
    caseOfRounds('old 1MiB ×8', rounds(80, 3)),
    caseOfRounds('new 1MiB ×8', rounds(60, 4, 0.01)),
    caseOfRounds('old burst', rounds(10, 5)),
    caseOfRounds('new burst', rounds(10, 6), invalid),
    caseOfRounds('old \u001b[31mred|pipe', rounds(10, 7)),
  ])
  const sides = { baseline: 'old', candidate: 'new' }
  comparison = compareTargets(result, sides, { gates: DEFAULT_GATES, fewestRounds: 12 })
})

describe('golden files', () => {
  test.each(COMPARISON_FORMATS.map((format) => [format.name, format] as const))(
    '%s',
    async (name, { render, extension }) => {
      const compared = { comparisons: [comparison], outcome: gateOf([comparison], GATE) }
      await expectGolden(`comparison-${name}.${extension}`, render(compared, { width: 100, colour: false }))
    },
  )
})

test('a result shows what it was compared with', () => {
  const text = tableReport([{ ...result, comparison }], { width: 120, colour: false })
  expect(text).toContain('Changes from the baseline')
  expect(text).toMatch(/regressed\s+1KiB ×8\s+request latency p50/)
})
