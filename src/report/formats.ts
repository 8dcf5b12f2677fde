import type { Result } from '../result/document.ts'
import { jsonReport } from './json.ts'
import { markdownReport } from './markdown.ts'
import { type Style, tableReport } from './table.ts'

export interface Format {
  /** Of the files that hold it, without a dot. */
  extension: string
  render(results: readonly Result[], style: Style): string
}

/** Every report there is; one more format is one more line. */
export const FORMATS = {
  table: { extension: 'txt', render: tableReport },
  markdown: { extension: 'md', render: markdownReport },
  json: { extension: 'json', render: jsonReport },
} as const satisfies Record<string, Format>

export type FormatName = keyof typeof FORMATS
export const FORMAT_NAMES = Object.keys(FORMATS) as FormatName[]
