import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Limit, type SearchStep, search } from '../../src/agent/search.ts'

/** A server that holds up to a rate, and what was asked of it. */
function serverOf(limitPerSecond: number, limit: Limit = 'objective') {
  const asked: number[] = []
  const step = async (ratePerSecond: number): Promise<SearchStep> => {
    asked.push(ratePerSecond)
    return { ratePerSecond, limit: ratePerSecond > limitPerSecond ? limit : null }
  }
  return { asked, step }
}

const wanted = { startRatePerSecond: 10, maxRatePerSecond: null, precision: 0.03 }

test('finds the limit of any server to its precision, in few steps', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.double({ min: 0.1, max: 100_000, noNaN: true }),
      fc.double({ min: 0.05, max: 50, noNaN: true }),
      fc.double({ min: 0.005, max: 0.2, noNaN: true }),
      async (limitPerSecond, startRatePerSecond, precision) => {
        const { asked, step } = serverOf(limitPerSecond)
        const found = await search({ ...wanted, startRatePerSecond, precision, step })
        expect(found!.limit).toBe('objective')
        expect(found!.ratePerSecond).toBeLessThanOrEqual(limitPerSecond)
        expect(found!.ratePerSecond! * (1 + precision)).toBeGreaterThanOrEqual(limitPerSecond)
        expect(asked.length).toBeLessThan(60)
      },
    ),
  )
})

test('one bad step of three does not count', async () => {
  const { step } = serverOf(100)
  let count = 0
  const flaky = async (ratePerSecond: number) =>
    ++count % 3 === 1 ? { ratePerSecond, limit: 'generator' as const } : step(ratePerSecond)
  const found = await search({ ...wanted, step: flaky })
  expect(found!.ratePerSecond).toBeGreaterThan(97)
  expect(found!.ratePerSecond).toBeLessThanOrEqual(100)
})

test('says what the limit was: the generator, the scenario, or a server that holds no rate', async () => {
  const generator = await search({ ...wanted, ...serverOf(300, 'generator') })
  expect(generator!.limit).toBe('generator')
  const bounded = await search({ ...wanted, maxRatePerSecond: 50, ...serverOf(300) })
  expect(bounded).toMatchObject({ ratePerSecond: 50, limit: 'max_rate' })
  const broken = await search({ ...wanted, ...serverOf(0, 'errors') })
  expect(broken).toMatchObject({ ratePerSecond: null, limit: 'errors' })
})

test('ends without an answer where the user has ended the run', async () => {
  let left = 3
  const { step } = serverOf(100)
  const found = await search({ ...wanted, step: async (rate) => (left-- > 0 ? step(rate) : null) })
  expect(found).toBeNull()
})
