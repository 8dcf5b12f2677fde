import { Command, CommanderError } from 'commander'
import { registerServe } from '../../src/commands/serve.ts'

/** The command line with `serve` alone, and usage errors as exit code 2. */
const program = new Command().name('infer-bench').version('1.2.3')
program.exitOverride()
registerServe(program)
for (const command of program.commands) command.exitOverride()
try {
  await program.parseAsync()
} catch (error) {
  if (!(error instanceof CommanderError)) throw error
  process.exitCode = error.code === 'commander.invalidArgument' ? 2 : error.exitCode
}
