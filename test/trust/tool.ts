import type { Result } from '../../src/result/document.ts'
import { type RunOptions, runToEnd } from '../faults/tool.ts'

export type { RunOptions } from '../faults/tool.ts'

export interface Run {
  code: number | null
  result: Result
}

/** Runs a scenario. Throws what the tool said where it left no result. */
export async function runTool(scenario: object, options: RunOptions = {}): Promise<Run> {
  const { code, result, stderr } = await runToEnd(scenario, options)
  if (!result) throw new Error(`the run left no result (exit ${code}):\n${stderr}`)
  return { code, result }
}
