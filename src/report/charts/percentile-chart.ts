import { significant, unitFor } from '../numbers.ts'
import { columns } from './blocks.ts'
import { type Chart, type ChartLine, piece } from './chart.ts'
import { type Recorded, valuesAt } from './recorded.ts'

/** Percentiles that the axis names, as far as there are values for them. */
const TICKS = [
  { label: 'p50', beyond: 2 },
  { label: 'p75', beyond: 4 },
  { label: 'p90', beyond: 10 },
  { label: 'p99', beyond: 100 },
  { label: 'p99.9', beyond: 1000 },
  { label: 'p99.99', beyond: 10_000 },
] as const
const FIRST_BEYOND = TICKS[0].beyond
const LAST_BEYOND = TICKS.at(-1)!.beyond
const HEIGHT = 8
/** From here on it is the tail that is drawn. */
const TAIL_BEYOND = 100
/** Above this ratio of the largest to the median, a linear scale would show the largest alone. */
const MOST_LINEAR_RATIO = 12
const FEWEST_COLUMNS = 10

/** Up to which 1 of so many values the axis reaches: that of the case with the most values, so that all compare. */
export function furthestBeyond(all: readonly Recorded[]): number {
  return Math.min(LAST_BEYOND, Math.max(FIRST_BEYOND * 2, ...all.map(({ total }) => total)))
}

/**
 * Latency by percentile, along the logarithm of 1/(1-p): each nine takes as much room as the one before. It ends where so
 * few values lie beyond that a percentile would be a guess. Null where there is no room, or nothing to draw.
 */
export function percentileChart(
  metric: string,
  recorded: Recorded,
  furthest: number,
  width: number,
): Chart | null {
  const supported = Math.min(furthest, recorded.total)
  if (supported < FIRST_BEYOND * 2) return null
  const top = valuesAt(recorded, [0.5, 1 - 1 / supported]) as [number, number]
  const scale = scaleFor(...top)
  const unit = unitFor(top)
  const labels = scale.labels.map((valueMs) => significant(valueMs * unit.perMs))
  const gutter = Math.max(...labels.map(({ length }) => length))
  const room = width - gutter - 2
  if (room < FEWEST_COLUMNS) return null
  const beyondAt = (column: number) =>
    FIRST_BEYOND * (furthest / FIRST_BEYOND) ** (column / Math.max(1, room - 1))
  const drawn = Array.from({ length: room }, (_, column) => beyondAt(column)).filter(
    (beyond) => beyond <= supported * (1 + 1e-9),
  )
  const values = valuesAt(
    recorded,
    drawn.map((beyond) => 1 - 1 / beyond),
  )
  const tailFrom = drawn.findIndex((beyond) => beyond >= TAIL_BEYOND * (1 - 1e-9))
  const body = tailFrom < 0 ? drawn.length : tailFrom
  const rows = columns(values.map(scale.share), HEIGHT).map((row, index): ChartLine => {
    const isLabelled = index % 2 === 0
    const label = isLabelled ? labels[index / 2]! : ''
    return [
      piece(`${label.padStart(gutter)} ${isLabelled ? '┤' : '│'}`, 'quiet'),
      piece(row.slice(0, body), 'bar'),
      piece(row.slice(body).trimEnd(), 'tail'),
    ]
  })
  const kind = scale.isLinear ? '' : ' (log)'
  return {
    title: `${metric} by percentile, ${unit.name}${kind}`,
    lines: [...rows, ...axis(furthest, room, gutter)],
  }
}

interface Scale {
  isLinear: boolean
  share(valueMs: number): number
  /** Values at the upper edge of every second line, from the top on. */
  labels: number[]
}

function scaleFor(medianMs: number, topMs: number): Scale {
  const edges = Array.from({ length: HEIGHT / 2 }, (_, index) => 1 - (2 * index) / HEIGHT)
  if (topMs <= medianMs * MOST_LINEAR_RATIO || medianMs <= 0) {
    return {
      isLinear: true,
      share: (valueMs) => (topMs > 0 ? valueMs / topMs : 0),
      labels: edges.map((edge) => edge * topMs),
    }
  }
  // The median stands on two eighths, so that its height can be told from nothing.
  const bottomMs = medianMs * (topMs / medianMs) ** -0.25
  const span = Math.log(topMs / bottomMs)
  return {
    isLinear: false,
    share: (valueMs) => Math.log(valueMs / bottomMs) / span,
    labels: edges.map((edge) => bottomMs * Math.exp(edge * span)),
  }
}

function axis(furthest: number, room: number, gutter: number): ChartLine[] {
  const marks = Array<string>(room).fill('─')
  let words = ''
  for (const { label, beyond } of TICKS.filter((tick) => tick.beyond <= furthest)) {
    const share = Math.log(beyond / FIRST_BEYOND) / Math.log(furthest / FIRST_BEYOND)
    const at = Math.round(share * (room - 1))
    // Beneath its mark, or as far to the left as the end of the line asks for.
    const from = Math.min(Math.max(0, at - Math.floor(label.length / 2)), room - label.length)
    if (words !== '' && from < words.length + 1) continue
    marks[at] = '┴'
    words = `${words.padEnd(from)}${label}`
  }
  const indent = ' '.repeat(gutter + 1)
  return [[piece(`${indent}└${marks.join('')}`, 'quiet')], [piece(`${indent} ${words}`, 'quiet')]]
}
