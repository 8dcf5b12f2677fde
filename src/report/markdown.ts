/** The page as GitHub-flavoured Markdown. */

import type { ReportView } from '../plan/plan.ts'
import type { Result } from '../result/document.ts'
import type { Cell, Column, Lines, Page, Table } from './page.ts'
import type { Style } from './table.ts'
import { pageOf } from './view.ts'

export function markdownReport(
  results: readonly Result[],
  _style?: Style,
  view: ReportView = 'cases',
): string {
  return results.map((result) => pageMarkdown(pageOf(result, view))).join('\n')
}

/** Any page. */
export function pageMarkdown({ title, facts, parts }: Page): string {
  const blocks = [
    `## ${escapedMarkdown(title)}`,
    facts.map((fact) => `- ${escapedMarkdown(fact)}`).join('\n'),
    ...parts.map(partMarkdown),
  ]
  return `${blocks.join('\n\n')}\n`
}

/** One part of a page, without a line's end after it. */
export function partMarkdown(part: Table | Lines): string {
  return `### ${escapedMarkdown(part.title)}\n\n${'lines' in part ? list(part) : table(part)}`
}

function list({ lines }: Lines): string {
  return lines.map((line) => `- ${cell(line)}`).join('\n')
}

function table({ columns, rows }: Table): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`
  return [
    line(columns.map(head)),
    line(columns.map(({ align }) => (align === 'right' ? '---:' : '---'))),
    ...rows.map((row) => line(row.map(cell))),
  ].join('\n')
}

function head({ title, statistic, unit }: Column): string {
  return escapedMarkdown([title, statistic, unit].filter((word) => word !== '').join(' '))
}

/** There is no colour, so what is bad stands out in bold. */
function cell({ text, tone }: Cell): string {
  const escaped = escapedMarkdown(text)
  if (tone === 'struck') return `~~${escaped}~~`
  return tone === 'bad' ? `**${escaped}**` : escaped
}

/** Texts come from servers and files: they must not become markup, links, table cells, or calls to somebody (`@name`). */
export function escapedMarkdown(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replace(/[\\`*_{}[\]<>|#~$]/g, '\\$&')
    .replace(/(https?|ftp)(:\/\/)/gi, '$1\\$2')
    .replace(/@(?=\w)/g, '@<!-- -->')
}
