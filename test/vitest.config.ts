import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    dir: 'test',
    include: ['**/*.test.ts'],
    testTimeout: 30_000,
    // Timing tests share two cores: one file at a time, so that none measures its neighbour.
    fileParallelism: false,
    pool: 'forks',
  },
})
