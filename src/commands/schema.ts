import type { Command } from 'commander'
import { scenarioJsonSchema } from '../scenario/json-schema.ts'

/** Adds `schema`: the JSON Schema of scenarios, for editors and other tools. */
export function registerSchema(program: Command): void {
  program
    .command('schema')
    .description('print the JSON Schema of scenarios')
    .action(() => {
      process.stdout.write(`${JSON.stringify(scenarioJsonSchema(), null, 2)}\n`)
    })
}
