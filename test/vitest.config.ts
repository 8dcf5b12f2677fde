import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** Tests that compare times: they run one file at a time and after all others, so that none measures its neighbour. */
const TIMED = ['truth/truth.test.ts', 'e2e/open-loop.test.ts', 'e2e/verdict-codes.test.ts']

/** The product as a whole, with what is beside it: scenarios, package, gateways, foreign servers, browsers, lost processes. */
const WHOLE = [
  ...['scenarios', 'package', 'gateway', 'mlserver', 'mcp', 'floor', 'doctor', 'kill'].map(
    (name) => `e2e/${name}.test.ts`,
  ),
  ...['idle-sessions', 'load-thread-loss', 'server-loss', 'ci', 'ci-examples', 'wire-bytes', 'otlp'].map(
    (name) => `e2e/${name}.test.ts`,
  ),
  'report/html-browser.test.ts',
  'fuzz/fuzz.test.ts',
  'trust/soak.test.ts',
]

/**
 * Links of known round-trip times, whose fault it is that calls are late, when faults are told, searches, gates: alone
 * for the same reason.
 */
const ALONE = [
  'network/handshake.test.ts',
  'network/regions.test.ts',
  'trust/verdict.test.ts',
  'trust/faults.test.ts',
  'e2e/search.test.ts',
  'e2e/gate.test.ts',
]

const base = { dir: 'test', testTimeout: 30_000, hookTimeout: 30_000, pool: 'forks' } as const

export default defineConfig({
  test: {
    // Tests of the command run what its users run, and a compiled one starts sooner.
    globalSetup: fileURLToPath(new URL('build.ts', import.meta.url)),
    projects: [
      {
        test: {
          ...base,
          name: 'function',
          include: ['**/*.test.ts'],
          exclude: [...TIMED, ...WHOLE, ...ALONE],
          maxWorkers: 3,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...base,
          name: 'whole',
          include: WHOLE,
          // Each of these tests is several processes by itself.
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
          // It imports JSON in a way that bundlers know, and Node does not.
          server: { deps: { inline: [/@actions\//] } },
        },
      },
      {
        test: {
          ...base,
          name: 'time',
          include: TIMED,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...base,
          name: 'alone',
          include: ALONE,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
