import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Problem } from './problem.ts'
import type { ScenarioSpec } from './schema.ts'
import type { Path, Source } from './source.ts'
import { referencesOf } from './template.ts'

const PAYLOAD_LIMIT_BYTES = 256 * 1024 ** 2

/** Checks that every file which the scenario names is there. */
export async function checkFiles(spec: ScenarioSpec, source: Source, directory: string): Promise<Problem[]> {
  const checks = filesOf(spec).map(async ({ path, file }) => {
    const found = await stat(resolve(directory, file)).catch(() => null)
    if (!found) return source.problem(path, 'there is no such file', 'Paths are relative to the scenario.')
    if (!found.isFile()) return source.problem(path, 'this is not a file', 'Name a file.')
    if (found.size > PAYLOAD_LIMIT_BYTES) {
      return source.problem(path, 'this file is larger than 256 MiB', 'Send a smaller one.')
    }
    return null
  })
  return (await Promise.all(checks)).filter((problem) => problem !== null)
}

function filesOf({ targets, defaults, cases = [] }: ScenarioSpec): { path: Path; file: string }[] {
  const files: { path: Path; file: string }[] = []
  const add = (path: Path, file: string | undefined) => {
    // The reference server writes its certificate when it starts.
    if (file !== undefined && referencesOf(file).length === 0) files.push({ path, file })
  }
  for (const [name, { tls }] of Object.entries(targets)) {
    for (const key of ['ca', 'cert', 'key'] as const) add(['targets', name, 'tls', key], tls?.[key])
  }
  add(['defaults', 'payload', 'file'], defaults?.payload?.file)
  for (const [index, { payload }] of cases.entries()) add(['cases', index, 'payload', 'file'], payload?.file)
  return files
}
