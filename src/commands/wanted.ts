/** The formats that a command was asked for, and where each of them goes. */

import { InvalidArgumentError } from 'commander'
import { ResultWriteError, writeWhole } from '../result/write.ts'
import { UsageError } from '../scenario/problem.ts'
import { printable } from '../values/printable.ts'
import type { ReportFile } from './report-files.ts'
import { parseNames } from './report-options.ts'

export interface Wanted<Name extends string> {
  format: Name
  /** Null: it is printed. */
  file: string | null
}

/** Parses `table,junit=report.xml`. Throws `InvalidArgumentError`. */
export function parseWanted<Name extends string>(value: string, known: readonly Name[]): Wanted<Name>[] {
  const wanted = value.split(',').map((item): Wanted<Name> => {
    const [name = '', ...rest] = item.split('=')
    const file = rest.length > 0 ? rest.join('=').trim() : null
    if (file === '') throw new InvalidArgumentError(`Name a file, like ${name}=report.${name}.`)
    return { format: parseNames(name, known)[0]!, file }
  })
  const files = wanted.flatMap(({ file }) => file ?? [])
  if (new Set(files).size < files.length) throw new InvalidArgumentError('Two formats go to one file.')
  return wanted.filter(({ format, file }, index) => {
    const same = (other: Wanted<Name>) => other.format === format && other.file === file
    return wanted.findIndex(same) === index
  })
}

/** Several of what is written would all go to the files that were named for one. */
export function checkOneFile(wanted: readonly Wanted<string>[], count: number): void {
  const named = wanted.find(({ file }) => file !== null)
  if (count > 1 && named) {
    throw new UsageError(`${named.format}=${named.file} names one file, and there are several scenarios`)
  }
}

/** Those that are printed, with a blank line between. */
export function printed<Name extends string>(
  wanted: readonly Wanted<Name>[],
  render: (format: Name) => string,
): string {
  return wanted
    .filter(({ file }) => file === null)
    .map(({ format }) => render(format))
    .join('\n')
}

/** Writes those that go to files, and tells of each that cannot be written. False where one was not. */
export async function writeWanted<Name extends string>(
  wanted: readonly Wanted<Name>[],
  filesOf: (format: Name, file: string) => Promise<readonly ReportFile[]>,
): Promise<boolean> {
  let isWritten = true
  for (const { format, file } of wanted) {
    if (file === null) continue
    try {
      for (const one of await filesOf(format, file)) await writeWhole(one.file, one.text)
    } catch (error) {
      if (!(error instanceof ResultWriteError)) throw error
      process.stderr.write(`error: ${printable(error.message)}\n`)
      isWritten = false
    }
  }
  return isWritten
}
