import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { TestContext } from 'vitest'

/**
 * Skips a test that needs something from outside this package: a file (given by its path) or a command (by its
 * name). Where INFER_BENCH_CI is set everything must be there, so that a skip cannot pass for a success.
 */
export function needs(context: TestContext, what: string, reason: string): void {
  if (isThere(what)) return
  const note = `${what} is missing: ${reason}`
  if (process.env.INFER_BENCH_CI) throw new Error(note)
  context.skip(note)
}

function isThere(what: string): boolean {
  if (what.includes('/')) return canAccess(what, constants.R_OK)
  const folders = (process.env.PATH ?? '').split(delimiter)
  return folders.some((folder) => canAccess(join(folder, what), constants.X_OK))
}

function canAccess(path: string, mode: number): boolean {
  try {
    accessSync(path, mode)
    return true
  } catch {
    return false
  }
}
