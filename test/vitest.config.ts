import { defineConfig } from 'vitest/config'

/** Tests that compare times: they run one file at a time and after all others, so that none measures its neighbour. */
const TIMED = ['truth/**', 'network/**', 'e2e/open-loop.test.ts', 'e2e/verdict-codes.test.ts']

const base = { dir: 'test', testTimeout: 30_000, hookTimeout: 30_000, pool: 'forks' } as const

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...base,
          name: 'function',
          include: ['**/*.test.ts'],
          exclude: TIMED,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...base,
          name: 'time',
          include: TIMED.map((path) => path.replace('**', '**/*.test.ts')),
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
