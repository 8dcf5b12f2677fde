/**
 * Every parser of foreign bytes, and the arithmetic of plans, against inputs that nobody would write. A failure prints
 * its seed; `INFER_BENCH_FUZZ_SEED` plays it again, `INFER_BENCH_FUZZ` sets how many inputs each gets.
 */

import { describe, expect, test } from 'vitest'
import { FAMILIES } from './families.ts'
import { tryOut } from './subject.ts'

const RUNS = Number(process.env.INFER_BENCH_FUZZ ?? 2000)
const TIMEOUT_MS = 120_000

describe.each(Object.entries(FAMILIES))('%s', (_family, subjects) => {
  test.each(subjects.map((subject) => [subject.name, subject] as const))(
    '%s',
    async (_name, subject) => {
      expect((await tryOut(subject, RUNS / (subject.cost ?? 1))).inputs).toBeGreaterThan(0)
    },
    TIMEOUT_MS,
  )
})
