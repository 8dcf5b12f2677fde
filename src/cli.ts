/** The command line: registers the verbs, and turns what they throw into one message and one exit code. */

import { createRequire } from 'node:module'
import { Command, CommanderError } from 'commander'
import { registerCompare } from './commands/compare.ts'
import { registerDoctor } from './commands/doctor.ts'
import { registerInit } from './commands/init.ts'
import { registerProbe } from './commands/probe.ts'
import { registerReport } from './commands/report.ts'
import { registerRun } from './commands/run.ts'
import { registerSchema } from './commands/schema.ts'
import { registerServe } from './commands/serve.ts'
import { registerValidate } from './commands/validate.ts'
import { EXIT } from './exit-codes.ts'
import { ScenarioError, UsageError } from './scenario/problem.ts'
import { printable } from './values/printable.ts'

const program = new Command('infer-bench')
  .description('Measures what each AI-inference interface really costs.')
  .version(packageVersion())
  .showHelpAfterError('(infer-bench --help tells the commands)')
  .exitOverride()
  // What is told of a wrong argument has the argument in it.
  .configureOutput({ outputError: (text, write) => write(printable(text)) })

for (const register of [
  registerRun,
  registerProbe,
  registerServe,
  registerReport,
  registerCompare,
  registerValidate,
  registerDoctor,
  registerInit,
  registerSchema,
]) {
  register(program)
}

// A reader that went away (`| head`) is no failure of ours, and no reason to leave a run half done. Where there is
// nobody left to tell of an error, the exit code still does.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return
    if (stream === process.stdout)
      process.stderr.write(`error: stdout cannot be written: ${printable(error.message)}\n`)
    process.once('exit', () => {
      process.exitCode ||= EXIT.internal
    })
  })
}

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = tell(error)
}

function tell(error: unknown): number {
  if (error instanceof CommanderError) return commanderCode(error)
  if (error instanceof ScenarioError) return say(error.message, EXIT.invalidInput)
  if (error instanceof UsageError) return say(error.message, EXIT.usage)
  if (hasExitCode(error)) return say(error.message, error.exitCode)
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return say(`internal error: ${text}`, EXIT.internal)
}

/** Commander answers 1 to every wrong use; `commander.error` is what a command itself says through it. */
function commanderCode({ code, exitCode }: CommanderError): number {
  return exitCode === 1 && code !== 'commander.error' ? EXIT.usage : exitCode
}

function say(message: string, exitCode: number): number {
  process.stderr.write(`error: ${printable(message)}\n`)
  return exitCode
}

function hasExitCode(error: unknown): error is Error & { exitCode: number } {
  return error instanceof Error && 'exitCode' in error && typeof error.exitCode === 'number'
}

/** From `src` the package file is one folder up, from `dist/src` two. */
function packageVersion(): string {
  const require = createRequire(import.meta.url)
  const path = import.meta.url.endsWith('.ts') ? '../package.json' : '../../package.json'
  return (require(path) as { version: string }).version
}
