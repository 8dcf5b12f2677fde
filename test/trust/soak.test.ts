import { expect, test } from 'vitest'
import { median, soak } from './soak.ts'

const SECONDS = 60
/** Descriptors come and go with connections; a leak of one a connection would be hundreds. */
const MOST_MORE_DESCRIPTORS = 20
/** In a minute the heap is still finding its size, and a leak of 1 kB a call would not show beside it. */
const MOST_GROWTH = 1.5

test('a minute over all interfaces leaks no descriptor, no process and no memory to speak of', async () => {
  const { result, stderr, tool, server, left } = await soak(SECONDS)
  expect(stderr).not.toContain('error')
  for (const { name, summary, rounds } of result.cases) {
    expect(rounds.length, name).toBeGreaterThanOrEqual(3)
    expect(summary.calls, name).toBeGreaterThan(0)
    expect(summary.errors, name).toBe(0)
  }
  for (const held of [tool, server]) {
    const at = (key: 'descriptors' | 'residentBytes', third: number) =>
      median(held, key, third / 3, (third + 1) / 3)
    expect(at('descriptors', 2) - at('descriptors', 1)).toBeLessThan(MOST_MORE_DESCRIPTORS)
    expect(at('residentBytes', 2) / at('residentBytes', 1)).toBeLessThan(MOST_GROWTH)
  }
  expect(left).toEqual([])
}, 240_000)
