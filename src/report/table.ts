/** The page for a terminal. */

import CliTable from 'cli-table3'
import { createColors } from 'picocolors'
import type { ReportView } from '../plan/plan.ts'
import type { Result } from '../result/document.ts'
import { GAP, layOut } from './columns.ts'
import { type Cell, type Column, headingsOf, type Lines, type Page, type Table, type Tone } from './page.ts'
import { StandIns } from './stand-ins.ts'
import { pageOf } from './view.ts'
import { displayWidth, wrap } from './wrap.ts'

/** What the place that a report is printed on can show. */
export interface Style {
  /** In characters. */
  width: number
  colour: boolean
}

type Paint = (text: string) => string
type Palette = Record<Tone | 'heading', Paint>

const MIN_WIDTH = 40
/** Lines of prose longer than this are hard to read, however wide the window is. */
const MAX_PROSE_WIDTH = 110

/** No line is longer than the width, but for tables that a narrow window cannot hold at all. */
export function tableReport(results: readonly Result[], style: Style, view: ReportView = 'cases'): string {
  return results.map((result) => pageReport(pageOf(result, view), style)).join('\n\n')
}

/** Any page, as it is shown on a terminal. */
export function pageReport(page: Page, style: Style): string {
  return pageText(page, Math.max(MIN_WIDTH, style.width), paletteFor(style.colour))
}

function paletteFor(colour: boolean): Palette {
  const colours = createColors(colour)
  return {
    plain: (text) => text,
    good: colours.green,
    bad: colours.red,
    quiet: colours.dim,
    struck: (text) => colours.red(colours.strikethrough(text)),
    heading: colours.bold,
  }
}

function pageText(page: Page, width: number, palette: Palette): string {
  const head = [
    ...wrap(page.title, width).map(palette.heading),
    ...page.facts.flatMap((fact) => prose(fact, width, '')).map(palette.quiet),
  ]
  const parts = page.parts.map((part) =>
    [
      ...wrap(part.title, width).map(palette.heading),
      ...('lines' in part ? linesText(part, width, palette) : tableText(part, width, palette)),
    ].join('\n'),
  )
  return `${[head.join('\n'), ...parts].join('\n\n')}\n`
}

function linesText({ lines }: Lines, width: number, palette: Palette): string[] {
  return lines.flatMap(({ text, tone }) => prose(text, width, '- ').map(palette[tone]))
}

function prose(text: string, width: number, bullet: string): string[] {
  const room = Math.min(width, MAX_PROSE_WIDTH) - bullet.length
  return wrap(text, room).map((line, index) => `${index === 0 ? bullet : ' '.repeat(bullet.length)}${line}`)
}

const NO_BORDERS = Object.fromEntries(
  ['top', 'bottom', 'mid', 'left', 'right']
    .flatMap((side) => [side, `${side}-mid`, `${side}-left`, `${side}-right`])
    .map((name) => [name, '']),
)

function tableText(given: Table, width: number, palette: Palette): string[] {
  const table = { ...given, rows: given.rows.map((row) => row.map(crossedOut)) }
  const { shown, left } = layOut(table, width)
  const columns = shown.map(({ index }) => table.columns[index]!)
  const widths = shown.map((column) => column.width)
  const grid = new CliTable({
    chars: { ...NO_BORDERS, middle: ' ' },
    // The gap is a border of one character, which spanning cells count on, and padding for the rest.
    style: { 'padding-left': GAP - 1, 'padding-right': 0, head: [], border: [] },
    colWidths: widths.map((item) => item + GAP - 1),
    colAligns: columns.map(({ align }) => align),
  })
  const standIns = new StandIns(displayWidth)
  pushHead(grid, columns, widths, palette, standIns)
  for (const row of table.rows) {
    const cells = shown.map(({ index, width: room }) => {
      const { text, tone } = row[index]!
      return wrap(text, room).map((line) => standIns.put(paint(line, palette[tone])))
    })
    grid.push(...rowsOf(cells, 'top'))
  }
  const lines = standIns
    .takeBack(grid.toString())
    .split('\n')
    .map((line) => line.slice(GAP - 1).trimEnd())
  return left.length === 0 ? lines : [...lines, ...leftOut(table, left, width, palette)]
}

/** Not every terminal draws a line through a text, and a pipe has no colour. */
function crossedOut({ text, tone }: Cell): Cell {
  return { text: tone === 'struck' ? `~${text}~` : text, tone }
}

function paint(line: string, colour: Paint): string {
  return line === '' ? '' : colour(line)
}

/**
 * Cells of several lines as rows of one line each: the table library takes minutes over a cell as tall as a
 * long message, because it measures all of the cell again for each of its lines.
 */
function rowsOf(cells: readonly string[][], align: 'top' | 'bottom'): string[][] {
  const height = Math.max(...cells.map(({ length }) => length))
  return Array.from({ length: height }, (_, row) =>
    cells.map((lines) => lines[align === 'top' ? row : row - height + lines.length] ?? ''),
  )
}

function pushHead(
  grid: CliTable.Table,
  columns: readonly Column[],
  widths: readonly number[],
  palette: Palette,
  standIns: StandIns,
): void {
  const headings = headingsOf(columns)
  const titles = headings.map(({ from, count }) =>
    headLines(columns, widths, from, count).map((line) => standIns.put(paint(line, palette.heading))),
  )
  for (const row of rowsOf(titles, 'bottom')) {
    grid.push(
      row.map((content, index) => {
        const { from, count } = headings[index]!
        const hAlign = count > 1 ? ('center' as const) : columns[from]!.align
        return { content, colSpan: count, hAlign }
      }),
    )
  }
  const details = columns.map((column) => standIns.put(paint(detail(column), palette.heading)))
  if (details.some((text) => text !== '')) grid.push(details)
  grid.push(widths.map((item) => standIns.put(palette.quiet('─'.repeat(item)))))
}

function headLines(
  columns: readonly Column[],
  widths: readonly number[],
  from: number,
  count: number,
): string[] {
  const { title } = columns[from]!
  const span = widths.slice(from, from + count).reduce((sum, item) => sum + item, 0) + GAP * (count - 1)
  const lines = wrap(title, span)
  if (count === 1 || lines.length > 1) return lines
  const fill = span - displayWidth(title) - 2
  if (fill < 2) return lines
  return [`${'─'.repeat(Math.floor(fill / 2))} ${title} ${'─'.repeat(Math.ceil(fill / 2))}`]
}

function detail({ statistic, unit }: Column): string {
  return `${statistic} ${unit}`.trim()
}

function leftOut(table: Table, left: readonly number[], width: number, palette: Palette): string[] {
  const names = left.map((index) => {
    const column = table.columns[index]!
    return `${column.title} ${column.statistic}`.trim()
  })
  return prose(`(not enough room for: ${names.join(', ')})`, width, '').map(palette.quiet)
}
