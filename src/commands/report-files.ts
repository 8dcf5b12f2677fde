/** Which files a report is written to. */

import { join, parse, sep } from 'node:path'
import { DistinctNames } from '../report/distinct-names.ts'
import type { Format } from '../report/formats.ts'
import type { Result } from '../result/document.ts'
import { isDevice, nameForFile } from '../result/write.ts'

export interface ReportFile {
  file: string
  text: string
}

/**
 * What to write where `file` was asked for. A format of several parts has a file for each, beside each other and named
 * after what they are about (`x.hgrm` becomes `x.<case>.<metric>.hgrm`); a single one has the name that was asked for. A
 * device gets all of it. `render`: the whole report.
 */
export async function reportFiles(
  format: Format,
  results: readonly Result[],
  file: string,
  render: () => string,
): Promise<ReportFile[]> {
  const parts = format.parts?.(results) ?? []
  const isFolder = file.endsWith('/') || file.endsWith(sep)
  if (parts.length === 0 || (parts.length === 1 && !isFolder) || (await isDevice(file))) {
    return [{ file, text: render() }]
  }
  const { dir, name, ext } = isFolder ? { dir: file, name: '', ext: `.${format.extension}` } : parse(file)
  const names = new DistinctNames()
  return parts.map((part) => {
    const words = [name, ...part.name.map(nameForFile)].filter((word) => word !== '')
    return { file: join(dir, `${names.take(words.join('.'))}${ext}`), text: part.text }
  })
}
