import type { ReportView } from '../plan/plan.ts'
import type { Result } from '../result/document.ts'
import { commentReport } from './comment.ts'
import { htmlReport } from './html/html.ts'
import { jsonReport } from './json.ts'
import { junitReport } from './junit.ts'
import { markdownReport } from './markdown.ts'
import { type Style, tableReport } from './table.ts'

export interface Format {
  name: string
  /** Of the files that hold it, without a dot. */
  extension: string
  render(results: readonly Result[], style: Style, view: ReportView): string
}

/** Every report there is; one more format is one more line. */
export const FORMATS = [
  { name: 'table', extension: 'txt', render: tableReport },
  { name: 'markdown', extension: 'md', render: markdownReport },
  { name: 'json', extension: 'json', render: jsonReport },
  { name: 'junit', extension: 'xml', render: junitReport },
  { name: 'comment', extension: 'comment.md', render: commentReport },
  { name: 'html', extension: 'html', render: htmlReport },
] as const satisfies readonly Format[]

export type FormatName = (typeof FORMATS)[number]['name']

export function formatByName(name: FormatName): Format {
  return FORMATS.find((format) => format.name === name)!
}
