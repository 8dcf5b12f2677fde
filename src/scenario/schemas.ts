import { DialectError } from '../dialects/dialect.ts'
import { protocol } from '../drivers/registry.ts'
import type { Schema } from '../drivers/schema-source.ts'
import { type Problem, ScenarioError } from './problem.ts'
import type { ScenarioSpec } from './schema.ts'
import type { Source } from './source.ts'

/**
 * Reads the schemas that the targets' files hold, by target.
 * @throws ScenarioError for every file that cannot be read.
 */
export async function readSchemas(
  { targets }: ScenarioSpec,
  source: Source,
  directory: string,
): Promise<Map<string, Schema>> {
  const found = new Map<string, Schema>()
  const problems: Problem[] = []
  for (const [name, { interface: interfaceName, options }] of Object.entries(targets)) {
    try {
      const schema = await protocol(interfaceName).schemas?.read(options, directory)
      if (schema) found.set(name, schema)
    } catch (error) {
      if (!(error instanceof DialectError)) throw error
      problems.push(source.problem(['targets', name, ...error.at], error.message, error.cure ?? ''))
    }
  }
  if (problems.length > 0) throw new ScenarioError(problems)
  return found
}
