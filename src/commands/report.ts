import { stat } from 'node:fs/promises'
import { basename, join, sep } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { EXIT } from '../exit-codes.ts'
import { type FormatName, formatByName } from '../report/formats.ts'
import type { Result } from '../result/document.ts'
import { readResult } from '../result/read.ts'
import { writeWhole } from '../result/write.ts'
import { UsageError } from '../scenario/problem.ts'
import { OTLP_HELP, otlpDestination } from './otlp-destination.ts'
import { reportFiles } from './report-files.ts'
import { formatNames, parseFormats, styleOf } from './report-options.ts'

interface ReportFlags {
  format: FormatName[]
  out?: string
  width?: number
  matrix: boolean
  advise: boolean
  otlp?: string | true
}

/** Adds `report`: any format from stored results, without the server. */
export function registerReport(program: Command): void {
  program
    .command('report')
    .description('make reports from stored results')
    .argument('<result...>', 'result files (JSON)')
    .option('--format <formats>', `what to make: ${formatNames()}`, parseFormats, ['table'])
    .option('--out <path>', 'write to this file, or into this folder, and print nothing')
    .option('--matrix', 'the performance matrix: one row an interface, not one a case', false)
    .option('--advise', 'the interfaces ranked for each purpose, by the numbers and what they can do', false)
    .option('--otlp [url]', OTLP_HELP)
    .option(
      '--width <columns>',
      'how wide tables and charts may be (default: the window, or 100)',
      parseWidth,
    )
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 a file could not be written, or metrics not be sent, 104 a result is missing or damaged.',
    )
    .action((files: string[], flags: ReportFlags) => report(files, flags))
}

async function report(files: string[], flags: ReportFlags): Promise<void> {
  if (flags.matrix && flags.advise) throw new UsageError('--matrix and --advise are two reports: ask for one')
  const otlp = otlpDestination(flags.otlp, process.env)
  const results: Result[] = []
  for (const file of files) results.push(await readResult(file))
  await render(results, files, flags)
  if (!otlp) return
  const { sendOtlp } = await import('./otlp.ts')
  for (const result of results) {
    if (!(await sendOtlp(result, otlp, null))) process.exitCode = EXIT.internal
  }
}

async function render(
  results: readonly Result[],
  files: readonly string[],
  flags: ReportFlags,
): Promise<void> {
  const view = flags.advise ? 'advice' : flags.matrix ? 'matrix' : 'cases'
  if (flags.out === undefined) {
    const { stdout } = process
    const found = styleOf(stdout, process.env)
    const style = { ...found, width: flags.width ?? found.width }
    const texts = flags.format.map((name) => formatByName(name).render(results, style, view))
    stdout.write(texts.join('\n'))
    return
  }
  const style = { ...styleOf({}, {}), ...(flags.width !== undefined && { width: flags.width }) }
  const base = files.length === 1 ? basename(files[0]!).replace(/\.json$/i, '') : 'report'
  const folder = await isFolder(flags.out, flags.format)
  for (const name of flags.format) {
    const format = formatByName(name)
    const file = folder
      ? join(flags.out, `${base}.${name === 'json' ? 'report.' : ''}${format.extension}`)
      : flags.out
    const render = () => format.render(results, style, view)
    for (const one of await reportFiles(format, results, file, render)) await writeWhole(one.file, one.text)
  }
}

/** Several formats need several files, so they go into a folder, whether it is there yet or not. */
async function isFolder(out: string, formats: readonly FormatName[]): Promise<boolean> {
  if (formats.length > 1 || out.endsWith('/') || out.endsWith(sep)) return true
  return stat(out).then(
    (found) => found.isDirectory(),
    () => false,
  )
}

function parseWidth(value: string): number {
  const width = Number(value)
  if (Number.isInteger(width) && width >= 40 && width <= 1000) return width
  throw new InvalidArgumentError('It must be a number from 40 to 1000.')
}
