/** `compare --by region`: any number of results of one scenario, side by side. */

import { basename } from 'node:path'
import { compareRegions, regionLabels } from '../compare/regions.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { escapeInvisible } from '../report/clean.ts'
import { pageMarkdown } from '../report/markdown.ts'
import { regionsPage } from '../report/regions-page.ts'
import { pageReport, type Style } from '../report/table.ts'
import type { Result } from '../result/document.ts'
import { readResult } from '../result/read.ts'
import { writeWhole } from '../result/write.ts'
import { UsageError } from '../scenario/problem.ts'
import { styleOf } from './report-options.ts'
import { printed, type Wanted, writeWanted } from './wanted.ts'

const FORMATS = ['table', 'markdown', 'json'] as const
type FormatName = (typeof FORMATS)[number]

export async function compareByRegion(
  files: readonly string[],
  { format, out }: { format: readonly Wanted<string>[]; out?: string },
): Promise<ExitCode> {
  if (files.length < 2) throw new UsageError('--by region lines up results: name two at least')
  const wanted = format.map(({ format: name, file }): Wanted<FormatName> => ({ format: known(name), file }))
  const results: Result[] = []
  for (const file of files) results.push(await readResult(file))
  const names = [...new Set(results.map(({ name }) => name))]
  if (names.length > 1) {
    throw new UsageError(`these are results of different scenarios (${names.join(', ')}): name those of one`)
  }
  const labels = regionLabels(
    results.map(({ region }, index) => ({ region, file: basename(files[index]!).replace(/\.json$/i, '') })),
  )
  const comparison = compareRegions(results, labels)
  const render = (style: Style) => (name: FormatName) => {
    if (name === 'json') return `${escapeInvisible(JSON.stringify(comparison, null, 2))}\n`
    const page = regionsPage(comparison)
    return name === 'markdown' ? pageMarkdown(page) : pageReport(page, style)
  }
  const text = printed(wanted, render(styleOf(out === undefined ? process.stdout : {}, process.env)))
  if (out === undefined) process.stdout.write(text)
  else await writeWhole(out, text)
  const filesOf = async (name: FormatName, file: string) => [{ file, text: render(styleOf({}, {}))(name) }]
  return (await writeWanted(wanted, filesOf)) ? EXIT.pass : EXIT.internal
}

function known(name: string): FormatName {
  const found = FORMATS.find((format) => format === name)
  if (found) return found
  throw new UsageError(`--by region has no format ${name}: there are ${FORMATS.join(', ')}`)
}
