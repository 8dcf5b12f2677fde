import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makePlan } from '../../src/plan/make-plan.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { loadScenario, type Scenario } from '../../src/scenario/load.ts'
import { ScenarioError } from '../../src/scenario/problem.ts'
import type { Environment } from '../../src/scenario/template.ts'

interface Given {
  env?: Environment
  set?: string[]
  /** Further files beside the scenario, by name. */
  files?: Record<string, string>
}

/** Does something with a scenario that stands in a folder of its own. */
async function inFolder<T>(
  text: string,
  files: Record<string, string>,
  act: (file: string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'infer-bench-scenario-'))
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
    const file = join(folder, 's.yaml')
    writeFileSync(file, text)
    return await act(file)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

export async function load(text: string, { env = {}, set = [], files = {} }: Given = {}): Promise<Scenario> {
  return inFolder(text, files, (file) => loadScenario(file, { env, set }))
}

export async function plan(text: string, given: Given = {}): Promise<Plan> {
  return makePlan(await load(text, given), { reference: null })
}

/** What is wrong with the scenario, as it is printed, the file's folder left out; `nothing` where it can be run. */
export async function faults(text: string, { env = {}, set = [], files = {} }: Given = {}): Promise<string> {
  return inFolder(text, files, async (file) => {
    try {
      makePlan(await loadScenario(file, { env, set }), { reference: null })
      return 'nothing'
    } catch (error) {
      if (error instanceof ScenarioError) return error.message.replaceAll(file, 's.yaml')
      throw error
    }
  })
}

/** The smallest scenarios that can be run. */
export const REST = 'targets: { rest: { interface: rest, api: kserve-v2, url: "http://x", model: mlp } }\n'
export const CHAT = 'targets: { chat: { interface: sse, api: openai-chat, url: "http://x" } }\n'

/** A scenario that cannot be run, and what is said of it, line by line. */
export interface Fault {
  name: string
  text: string
  given?: Given
  says: string[]
}
