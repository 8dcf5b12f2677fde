import { significant, unitFor, whole } from '../numbers.ts'
import { bar } from './blocks.ts'
import { type Chart, type ChartLine, piece } from './chart.ts'
import type { Recorded } from './recorded.ts'

const NS_PER_MS = 1e6
/** Ways to divide a power of ten, from coarse to fine, and the digits that tell their bounds apart. */
const DIVISIONS = [
  { steps: 1, digits: 1 },
  { steps: 3, digits: 1 },
  { steps: 6, digits: 2 },
  { steps: 12, digits: 2 },
  { steps: 24, digits: 3 },
  { steps: 48, digits: 3 },
  { steps: 96, digits: 3 },
] as const
const MOST_ROWS = 16
/** Two chunks can come at once; on a logarithmic scale, what takes less than this would have most of the rows. */
const SMALLEST_MS = 0.001
const FEWEST_COLUMNS = 4

interface Row {
  fromMs: number
  count: number
}

/** How many values lie where: a bar for each range, whose bounds are round numbers on a logarithmic scale. */
export function histogramChart(metric: string, recorded: Recorded, width: number): Chart | null {
  const rows = rowsOf(recorded)
  const unit = unitFor(rows.map(({ fromMs }) => fromMs))
  const most = Math.max(...rows.map(({ count }) => count))
  const told = rows.map(({ fromMs, count }) => ({
    from: significant(fromMs * unit.perMs),
    count: whole(count),
    share: count === 0 ? '' : shareText(count / recorded.total),
    length: count / most,
  }))
  const widest = (texts: string[]) => Math.max(...texts.map(({ length }) => length))
  const gutter = widest(told.map(({ from }) => from))
  const counts = widest(told.map(({ count }) => count))
  const shares = widest(told.map(({ share }) => share))
  const room = width - gutter - counts - shares - 5
  if (room < FEWEST_COLUMNS) return null
  return {
    title: `${metric}, from … ${unit.name} on`,
    lines: told.map(
      ({ from, count, share, length }): ChartLine => [
        piece(`${from.padStart(gutter)} │`, 'quiet'),
        piece(bar(length, room).padEnd(room), 'bar'),
        piece(` ${count.padStart(counts)}`),
        piece(`  ${share.padStart(shares)}`, 'quiet'),
      ],
    ),
  }
}

/** As fine as the rows that there may be allow. */
function rowsOf({ buckets }: Recorded): Row[] {
  const middles = buckets.map(({ fromNs, toNs, count }) => ({
    // A bucket is told by the middle of it.
    ms: Math.max(SMALLEST_MS, (fromNs + toNs) / 2 / NS_PER_MS),
    count,
  }))
  const [first, last] = [middles[0]!.ms, middles.at(-1)!.ms]
  const numberOf = (ms: number, steps: number) => Math.floor(Math.log10(ms) * steps + 1e-9)
  const rowCount = (steps: number) => numberOf(last, steps) - numberOf(first, steps) + 1
  const { steps, digits } =
    DIVISIONS.findLast((division) => rowCount(division.steps) <= MOST_ROWS) ?? DIVISIONS[0]
  // One more on either side: a bound that is rounded may leave the first or the last value outside.
  const from = numberOf(first, steps) - 1
  const rows = Array.from({ length: rowCount(steps) + 2 }, (_, index): Row => {
    return { fromMs: Number((10 ** ((from + index) / steps)).toPrecision(digits)), count: 0 }
  })
  for (const { ms, count } of middles) {
    // By the bounds that are shown, which are rounded.
    let index = numberOf(ms, steps) - from
    if (index > 0 && ms < rows[index]!.fromMs) index--
    else if (index < rows.length - 1 && ms >= rows[index + 1]!.fromMs) index++
    rows[index]!.count += count
  }
  while (rows.length > 1 && rows.at(-1)!.count === 0) rows.pop()
  while (rows.length > 1 && rows[0]!.count === 0) rows.shift()
  if (first === SMALLEST_MS) rows[0]!.fromMs = 0
  return rows
}

/** All with one digit, so that a column of them can be compared at a glance. */
function shareText(share: number): string {
  const text = `${(share * 100).toFixed(1)}%`
  return text === '0.0%' ? '<0.1%' : text
}
