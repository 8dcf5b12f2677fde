/** What the numbers look like, for a terminal: a block of charts for each case. */

import { createColors } from 'picocolors'
import { metricByName } from '../../record/metrics.ts'
import type { CaseResult, Result } from '../../result/document.ts'
import { wasIdle } from '../../result/idle.ts'
import { isLowerBound } from '../../result/thresholds.ts'
import { clean } from '../clean.ts'
import { environmentFacts, pageTitle } from '../facts.ts'
import type { Style } from '../table.ts'
import { wrap } from '../wrap.ts'
import { type Chart, type ChartLine, type ChartTone, lineWidth, piece } from './chart.ts'
import { handshakeChart, longestHandshakeMs } from './handshake-chart.ts'
import { histogramChart } from './histogram-chart.ts'
import { latencyChart } from './latency-over-time.ts'
import { furthestBeyond, percentileChart } from './percentile-chart.ts'
import { type Recorded, recordedOf } from './recorded.ts'

const MIN_WIDTH = 40
/** A chart that is wider shows nothing more. */
const MOST_WIDTH = 160
/** From here on two charts stand side by side. */
const TWO_CHARTS_ROOM = 98
const INDENT = 2
const GAP = 4

const OF_UNARY = ['request_latency']
const OF_STREAMS = ['time_to_first_token', 'inter_chunk_latency', 'message_latency']
const OF_IDLE = ['handshake']

/** No line is longer than the width. */
export function chartsReport(results: readonly Result[], style: Style): string {
  const width = Math.min(MOST_WIDTH, Math.max(MIN_WIDTH, style.width))
  const paint = painter(style.colour)
  return results.map((result) => `${resultLines(result, width).map(paint).join('\n')}\n`).join('\n')
}

function painter(colour: boolean): (line: ChartLine) => string {
  const { bold, dim, cyan, yellow, red } = createColors(colour)
  const tones: Readonly<Record<ChartTone, (text: string) => string>> = {
    plain: (text) => text,
    heading: bold,
    quiet: dim,
    bar: cyan,
    tail: yellow,
    bad: red,
  }
  return (line) => {
    // Nothing is seen of spaces at the end, and a file is better without them.
    const end = line.findLastIndex(({ text }) => text.trimEnd() !== '')
    return line
      .slice(0, end + 1)
      .map(({ text, tone }, index) => {
        const shown = index === end ? text.trimEnd() : text
        return shown === '' ? '' : tones[tone](shown)
      })
      .join('')
  }
}

function resultLines(result: Result, width: number): ChartLine[] {
  const measured = result.cases.map((one) => ({ one, recorded: recordedMetrics(one) }))
  const all = measured.flatMap(({ recorded }) => recorded.map((metric) => metric.recorded))
  const common: Common = { furthest: furthestBeyond(all), longestMs: longestHandshakeMs(result.cases) }
  return [
    ...wrap(pageTitle(result), width).map((text): ChartLine => [piece(text, 'heading')]),
    ...wrap(environmentFacts(result)[0]!, width).map((text): ChartLine => [piece(text, 'quiet')]),
    ...measured.flatMap(({ one, recorded }) => [[], ...caseLines(one, recorded, common, width)]),
  ]
}

/** What the cases of a result share, so that one can be laid beside the other. */
interface Common {
  furthest: number
  longestMs: number
}

interface RecordedMetric {
  name: string
  title: string
  recorded: Recorded
}

function recordedMetrics(one: CaseResult): RecordedMetric[] {
  const asked = wasIdle(one) ? OF_IDLE : one.kind === 'streaming' ? OF_STREAMS : OF_UNARY
  const found = readable(one, asked)
  // A stream without content has no first token, but took its time.
  return found.length > 0 || wasIdle(one) ? found : readable(one, OF_UNARY)
}

function readable(one: CaseResult, names: readonly string[]): RecordedMetric[] {
  return names.flatMap((name) => {
    const recorded = Object.hasOwn(one.metrics, name) ? recordedOf(one.metrics[name]) : null
    return recorded ? [{ name, title: metricByName(name)!.title, recorded }] : []
  })
}

function caseLines(
  one: CaseResult,
  metrics: readonly RecordedMetric[],
  common: Common,
  width: number,
): ChartLine[] {
  const room = width - INDENT
  const drawn = chartsOf(one, metrics, common, room)
  const notes = [
    ...(drawn.length === 0 ? ['nothing was recorded that could be drawn'] : []),
    ...boundNotes(one, metrics),
  ]
  const reasons = one.verdict.valid ? [] : one.verdict.reasons.map((reason) => `invalid: ${clean(reason)}`)
  return [
    ...wrap(`${clean(one.name)}${one.verdict.valid ? '' : ' (invalid)'}`, width).map(
      (text): ChartLine => [piece(text, one.verdict.valid ? 'heading' : 'bad')],
    ),
    ...indented(reasons.flatMap((text) => wrap(text, room).map((line): ChartLine => [piece(line, 'bad')]))),
    ...indented(notes.flatMap((text) => wrap(text, room).map((line): ChartLine => [piece(line, 'quiet')]))),
    ...indented(drawn.flatMap((lines, index) => (index > 0 ? [[], ...lines] : lines))),
  ]
}

function chartsOf(
  one: CaseResult,
  metrics: readonly RecordedMetric[],
  { furthest, longestMs }: Common,
  room: number,
): ChartLine[][] {
  return [
    ...metrics.flatMap(({ title, recorded }) =>
      pair(
        (width) => percentileChart(title, recorded, furthest, width),
        (width) => histogramChart(title, recorded, width),
        room,
      ),
    ),
    ...pair(
      (width) => latencyChart(one, width),
      (width) => handshakeChart(one, longestMs, width),
      room,
    ),
  ]
}

type Make = (width: number) => Chart | null

/** Side by side where there is room for two. What is on the right is as wide without the other: it compares with other cases'. */
function pair(left: Make, right: Make, room: number): ChartLine[][] {
  const isWide = room >= TWO_CHARTS_ROOM
  const half = isWide ? Math.floor((room - GAP) / 2) : room
  const [first, second] = [left(half), right(half)]
  if (isWide && first && second) return [beside(linesOf(first, half), linesOf(second, half), half)]
  const alone = left(room)
  return [...(alone ? [linesOf(alone, room)] : []), ...(second ? [linesOf(second, half)] : [])]
}

/** What a bar cannot say of itself. */
function boundNotes(one: CaseResult, metrics: readonly RecordedMetric[]): string[] {
  return metrics.flatMap(({ name, title }) => {
    const moved = isLowerBound(one, name) ? ['all'] : (one.metrics[name]!.at_least ?? [])
    if (moved.length === 0) return []
    return [
      `>=: ${title} may be higher than drawn (${moved.map((statistic) => clean(statistic).replace('_', '.')).join(', ')})`,
    ]
  })
}

function linesOf({ title, lines }: Chart, width: number): ChartLine[] {
  return [...wrap(title, width).map((text): ChartLine => [piece(text)]), ...lines]
}

function beside(left: ChartLine[], right: ChartLine[], leftWidth: number): ChartLine[] {
  return Array.from({ length: Math.max(left.length, right.length) }, (_, index) => {
    const first = left[index] ?? []
    return [...first, piece(' '.repeat(leftWidth + GAP - lineWidth(first))), ...(right[index] ?? [])]
  })
}

function indented(lines: readonly ChartLine[]): ChartLine[] {
  return lines.map((line) => [piece(' '.repeat(INDENT)), ...line])
}
