import type { ReportView } from '../plan/plan.ts'
import type { Result } from '../result/document.ts'
import { chartsReport } from './charts/charts.ts'
import { commentReport } from './comment.ts'
import { csvReport } from './csv.ts'
import { hgrmParts, hgrmReport } from './hgrm.ts'
import { hlogReport } from './hlog.ts'
import { htmlReport } from './html/html.ts'
import { jsonReport } from './json.ts'
import { junitReport } from './junit.ts'
import { markdownReport } from './markdown.ts'
import { prometheusReport } from './prometheus.ts'
import { type Style, tableReport } from './table.ts'

/** One of several files that a report makes. */
export interface ReportPart {
  /** What it is about, from the widest on: any texts, of which the file's name is made. */
  name: readonly string[]
  text: string
}

export interface Format {
  name: string
  /** Of the files that hold it, without a dot. */
  extension: string
  render(results: readonly Result[], style: Style, view: ReportView): string
  /** True where a terminal cannot show it: `run` writes it beside the result then. */
  isPage?: true
  /** What is written to files instead, where its readers take one thing a file. Left out: all of it is one file. */
  parts?(results: readonly Result[]): ReportPart[]
}

/** Every report there is; one more format is one more line. */
export const FORMATS = [
  { name: 'table', extension: 'txt', render: tableReport },
  { name: 'markdown', extension: 'md', render: markdownReport },
  { name: 'json', extension: 'json', render: jsonReport },
  { name: 'junit', extension: 'xml', render: junitReport },
  { name: 'comment', extension: 'comment.md', render: commentReport },
  { name: 'charts', extension: 'charts.txt', render: chartsReport },
  { name: 'csv', extension: 'csv', render: csvReport },
  { name: 'prometheus', extension: 'prom', render: prometheusReport },
  { name: 'hgrm', extension: 'hgrm', render: hgrmReport, parts: hgrmParts },
  { name: 'hlog', extension: 'hlog', render: hlogReport },
  { name: 'html', extension: 'html', render: htmlReport, isPage: true },
] as const satisfies readonly Format[]

export type FormatName = (typeof FORMATS)[number]['name']

export function formatByName(name: FormatName): Format {
  return FORMATS.find((format) => format.name === name)!
}
