/** What `run` leaves of a result: reports on stdout, reports in files, and the result itself. */

import { parse } from 'node:path'
import type { ReportView } from '../plan/plan.ts'
import { type FormatName, formatByName } from '../report/formats.ts'
import type { Style } from '../report/table.ts'
import type { Result } from '../result/document.ts'
import { defaultResultFile, isDevice, ResultWriteError, writeResult } from '../result/write.ts'
import { printable } from '../values/printable.ts'
import { reportFiles } from './report-files.ts'
import { styleOf } from './report-options.ts'
import { printed, type Wanted, writeWanted } from './wanted.ts'

interface Destinations {
  report: readonly Wanted<FormatName>[]
  /** Of the result; left out: named after the scenario and the time. */
  out?: string
}

/** False where a file could not be written, which is told. */
export async function showResult(
  result: Result,
  { report, out }: Destinations,
  view: ReportView,
): Promise<boolean> {
  const render = (style: Style) => (name: FormatName) => formatByName(name).render([result], style, view)
  const file = out ?? defaultResultFile(result)
  // Beside a device there is no place.
  const base = (await isDevice(file)) ? defaultResultFile(result) : file
  const wanted = report.map((one) => besideResult(one, base))
  // The tables come first: whatever happens to the file, what was measured has been seen.
  process.stdout.write(printed(wanted, render(styleOf(process.stdout, process.env))))
  const isKept = await keep(result, file)
  const filesOf = (name: FormatName, path: string) =>
    reportFiles(formatByName(name), [result], path, () => render(styleOf({}, {}))(name))
  const isWritten = await writeWanted(wanted, filesOf)
  for (const [index, { format, file: path }] of wanted.entries()) {
    const isUnnamed = report[index]!.file === null && path !== null
    if (isUnnamed && isWritten) process.stderr.write(`${format}: ${printable(path)}\n`)
  }
  return isWritten && isKept
}

/** A page that no terminal can show has a file, whether one was named or not. */
function besideResult(wanted: Wanted<FormatName>, resultFile: string): Wanted<FormatName> {
  const { extension, isPage = false } = formatByName(wanted.format)
  if (wanted.file !== null || !isPage) return wanted
  const { dir, name } = parse(resultFile)
  return { ...wanted, file: `${dir === '' ? '' : `${dir}/`}${name}.${extension}` }
}

async function keep(result: Result, file: string): Promise<boolean> {
  try {
    await writeResult(result, file)
    process.stderr.write(`result: ${printable(file)}\n`)
    return true
  } catch (error) {
    if (!(error instanceof ResultWriteError)) throw error
    process.stderr.write(`error: ${printable(error.message)}\n`)
    return false
  }
}
