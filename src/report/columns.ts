import type { Table } from './page.ts'
import { displayWidth, longestWord } from './wrap.ts'

export const GAP = 2
/** Text narrower than this is no longer readable. */
const MIN_TEXT_WIDTH = 14

export interface Layout {
  /** Indexes of the table's columns that are shown, and how wide each is. */
  shown: { index: number; width: number }[]
  /** Indexes of those that did not fit. */
  left: number[]
}

/** Gives a table's columns their widths: numbers what they need, texts what remains. */
export function layOut(table: Table, width: number): Layout {
  const indexes = table.columns.map((_, index) => index)
  const left: number[] = []
  for (;;) {
    const shown = indexes.filter((index) => !left.includes(index))
    const widths = fit(table, shown, width)
    const next = shown
      .filter((index) => table.columns[index]!.expendable > 0)
      .sort((a, b) => table.columns[b]!.expendable - table.columns[a]!.expendable || b - a)[0]
    if (widths || next === undefined) {
      const least = shown.map((_, at) => leastWidth(table, shown, at))
      return {
        shown: shown.map((index, at) => ({ index, width: (widths ?? least)[at]! })),
        left: left.sort((a, b) => a - b),
      }
    }
    left.push(next)
  }
}

/** Null where the columns cannot be had within the width. */
function fit(table: Table, shown: readonly number[], width: number): number[] | null {
  const natural = shown.map((_, at) => naturalWidth(table, shown, at))
  const widths = shown.map((_, at) => leastWidth(table, shown, at))
  let spare = width - GAP * (shown.length - 1) - widths.reduce((sum, item) => sum + item, 0)
  if (spare < 0) return null
  // Column by column a character at a time, so that each gets its share of what is there.
  while (spare > 0) {
    const growing = widths.flatMap((item, at) => (item < natural[at]! ? [at] : []))
    if (growing.length === 0) break
    for (const at of growing.slice(0, spare)) widths[at]!++
    spare -= Math.min(spare, growing.length)
  }
  return widths
}

function naturalWidth(table: Table, shown: readonly number[], at: number): number {
  const index = shown[at]!
  const cells = table.rows.map((row) => displayWidth(row[index]!.text))
  return Math.max(headWidth(table, shown, at), ...cells, 1)
}

/** Numbers must not break; texts may, down to what is readable. */
function leastWidth(table: Table, shown: readonly number[], at: number): number {
  const natural = naturalWidth(table, shown, at)
  return table.columns[shown[at]!]!.align === 'right' ? natural : Math.min(natural, MIN_TEXT_WIDTH)
}

/** A head breaks between words. */
function headWidth({ columns }: Table, shown: readonly number[], at: number): number {
  const { title, statistic, unit } = columns[shown[at]!]!
  const detail = displayWidth(`${statistic} ${unit}`.trim())
  // Under a common heading there is room for it over two columns at least.
  const neighbours = [shown[at - 1], shown[at + 1]].map((index) => columns[index ?? -1])
  const shares = statistic !== '' && neighbours.some((column) => column?.title === title)
  const word = longestWord(title)
  return Math.max(shares ? Math.ceil((word - GAP) / 2) : word, detail)
}
