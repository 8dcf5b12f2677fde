/** The parts of any page, as HTML: whatever a page comes to say, it shows here by itself. */

import { type Cell, type Column, headingsOf, type Lines, type Table } from '../page.ts'
import { html, type Markup } from './markup.ts'

/** How tables name cases that are invalid, to their reasons: none where a table names them without saying that they are. */
export type InvalidCases = ReadonlyMap<string, readonly string[]>

/** In characters. */
const MOST_ON_ONE_LINE = 30

export function partHtml(part: Table | Lines, id: string, invalid: InvalidCases): Markup {
  return html`<section class="part" aria-labelledby="${id}">
<h3 id="${id}">${part.title}</h3>
${'lines' in part ? linesHtml(part.lines) : tableHtml(part, id, invalid)}
</section>
`
}

export function linesHtml(lines: readonly Cell[]): Markup {
  return html`<ul class="lines">
${lines.map(({ text, tone }) => html`<li class="tone-${tone}">${text}</li>\n`)}</ul>`
}

/** `titleId`: of the element that names the table. */
export function tableHtml({ columns, rows }: Table, titleId: string, invalid: InvalidCases): Markup {
  return html`<div class="scroll" tabindex="0" role="region" aria-labelledby="${titleId}">
<table>
<thead>
${headHtml(columns)}</thead>
<tbody>
${rows.map((row) => rowHtml(row, columns, invalid))}</tbody>
</table>
</div>`
}

function headHtml(columns: readonly Column[]): Markup {
  const headings = headingsOf(columns).map(({ from, count }) => ({ column: columns[from]!, count }))
  const hasDetails = columns.some((column) => detail(column) !== '')
  const titles = headings.map(({ column, count }) => {
    const [text, side] = [column.title, count > 1 ? 'center' : column.align]
    if (count > 1) return html`<th scope="colgroup" colspan="${count}" class="${side}">${text}</th>`
    return hasDetails && detail(column) === ''
      ? html`<th scope="col" rowspan="2" class="${side}">${text}</th>`
      : html`<th scope="col" class="${side}">${text}</th>`
  })
  const details = columns
    .filter((column) => detail(column) !== '')
    .map((column) => html`<th scope="col" class="${column.align}">${detail(column)}</th>`)
  return html`<tr>${titles}</tr>
${hasDetails ? html`<tr class="details">${details}</tr>\n` : null}`
}

function detail({ statistic, unit }: Column): string {
  return `${statistic} ${unit}`.trim()
}

/** The numbers of an invalid case are struck through; where its name says that it is invalid, the reasons stand beneath. */
function rowHtml(row: readonly Cell[], columns: readonly Column[], invalid: InvalidCases): Markup {
  const [first, ...others] = row
  if (!first) return html`<tr></tr>\n`
  const reasons = isOfNumbers(columns) ? invalid.get(first.text) : undefined
  const head = html`<th scope="row" class="${classesOf(first, columns[0]!)}">${textHtml(first.text)}</th>`
  const cells = others.map(
    (cell, index) => html`<td class="${classesOf(cell, columns[index + 1]!)}">${textHtml(cell.text)}</td>`,
  )
  if (!reasons) return html`<tr>${head}${cells}</tr>\n`
  const why =
    reasons.length > 0
      ? html`<tr class="why"><td colspan="${row.length}">${reasons.join('; ')}</td></tr>\n`
      : null
  return html`<tr class="invalid">${head}${cells}</tr>\n${why}`
}

/** What a case measured, which cannot be trusted where it is invalid. What it met, such as its errors, is true all the same. */
function isOfNumbers([first, ...others]: readonly Column[]): boolean {
  return first?.title === 'case' && others.every(({ align }) => align === 'right')
}

/** Short texts stay on one line, whatever else the table has to find room for. */
function classesOf({ text, tone }: Cell, { align }: Column): string {
  return `${align} tone-${tone}${text.length <= MOST_ON_ONE_LINE ? ' short' : ''}`
}

/** Struck as a whole, so that an element must hold it. */
function textHtml(text: string): Markup {
  return html`<span>${text}</span>`
}
