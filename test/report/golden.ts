import { readFile, writeFile } from 'node:fs/promises'
import { expect } from 'vitest'

/** Rewrites the golden files instead of comparing with them. */
export const UPDATES = Boolean(process.env.INFER_BENCH_UPDATE_GOLDEN)

export const goldenFolder = new URL('../golden/', import.meta.url)

/** Compares with a committed file, which only INFER_BENCH_UPDATE_GOLDEN=1 changes. */
export async function expectGolden(name: string, text: string): Promise<void> {
  const file = new URL(name, goldenFolder)
  if (UPDATES) await writeFile(file, text)
  const golden = await readFile(file, 'utf8').catch(() => null)
  expect(
    golden,
    `test/golden/${name} is missing: look at the output, then INFER_BENCH_UPDATE_GOLDEN=1`,
  ).not.toBeNull()
  expect(text).toBe(golden)
}
