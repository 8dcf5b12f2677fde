/**
 * A result as a page: headings, tables and lines, with every number already in words and every foreign text
 * cleaned. What the page says is decided once, in `content.ts`; the formats only lay it out.
 */

/** `struck`: a number that cannot be trusted, crossed out wherever it is shown. */
export type Tone = 'plain' | 'good' | 'bad' | 'quiet' | 'struck'

export interface Cell {
  text: string
  tone: Tone
}

export interface Column {
  /** What is told, e.g. `request latency`. Neighbours with the same title stand under one heading. */
  title: string
  /** What exactly, e.g. `p50`; may be empty. */
  statistic: string
  /** E.g. `ms`; may be empty. */
  unit: string
  align: 'left' | 'right'
  /** Where the width does not suffice, columns with the highest number go first; 0 always stays. */
  expendable: number
}

export interface Table {
  title: string
  columns: Column[]
  rows: Cell[][]
}

export interface Lines {
  title: string
  lines: Cell[]
}

export interface Page {
  title: string
  /** What it was measured with and on. */
  facts: string[]
  parts: (Table | Lines)[]
}

export const EMPTY: Cell = { text: '–', tone: 'quiet' }

export function plain(text: string): Cell {
  return { text, tone: 'plain' }
}

export function textColumn(title: string, expendable = 0, align: Column['align'] = 'left'): Column {
  return { title, statistic: '', unit: '', align, expendable }
}

interface Heading {
  from: number
  count: number
}

/** Neighbours that tell statistics of the same thing stand under one heading. */
export function headingsOf(columns: readonly Column[]): Heading[] {
  const headings: Heading[] = []
  for (const [index, { title, statistic }] of columns.entries()) {
    const last = headings.at(-1)
    if (last && statistic !== '' && columns[last.from]!.title === title) last.count++
    else headings.push({ from: index, count: 1 })
  }
  return headings
}
