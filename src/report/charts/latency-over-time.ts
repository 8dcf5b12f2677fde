/** How `request_latency` went over the rounds of a case, as lines of block characters. */

import type { CaseResult } from '../../result/document.ts'
import { clean } from '../clean.ts'
import { duration, significant, unitFor, whole } from '../numbers.ts'
import { type Cell, plain, type Table, textColumn } from '../page.ts'
import { wrap } from '../wrap.ts'
import { level } from './blocks.ts'
import { type Chart, type ChartLine, type ChartTone, piece } from './chart.ts'

type Slice = NonNullable<CaseResult['rounds'][number]['timeline']>['slices'][number]

/** Fewer tell nothing that the percentiles do not. */
const FEWEST_SLICES = 4
/** Of a line in a table, with what divides the rounds. */
const TABLE_WIDTH = 24
/** A page of many cases is to stay one. */
const MOST_ROWS = 12
const ROUNDS_END = '│'
/** `p50 ` */
const LABEL_WIDTH = 4

/** Slices of each round that has any; more rounds than there is room for are left out from the end. */
function roundsOf({ rounds }: CaseResult): Slice[][] {
  return rounds.flatMap(({ timeline }) => (timeline && timeline.slices.length > 0 ? [timeline.slices] : []))
}

/** By comparing, not by spreading: a file may hold more slices than a function takes arguments. */
function furthest(values: readonly (number | null)[], isFurther: (one: number, other: number) => boolean) {
  return values.reduce<number | null>((found, value) => {
    if (value === null) return found
    return found === null || isFurther(value, found) ? value : found
  }, null)
}

function highest(values: readonly (number | null)[]): number | null {
  return furthest(values, (one, other) => one > other)
}

/** Neighbours become one where there is not room for all; of what they tell, a peak must not get lost. */
function merged(rounds: readonly Slice[][], room: number): Slice[][] {
  const shown = rounds.slice(0, Math.max(1, Math.floor((room + 1) / 2)))
  const roomOfOne = Math.max(1, Math.floor((room - shown.length + 1) / shown.length))
  const each = Math.ceil(Math.max(...shown.map(({ length }) => length)) / roomOfOne)
  return shown.map((slices) =>
    Array.from({ length: Math.ceil(slices.length / each) }, (_, index) => {
      const group = slices.slice(index * each, (index + 1) * each)
      return {
        calls: group.reduce((sum, { calls }) => sum + calls, 0),
        errors: group.reduce((sum, { errors }) => sum + errors, 0),
        p50: highest(group.map(({ p50 }) => p50)),
        p99: highest(group.map(({ p99 }) => p99)),
      }
    }),
  )
}

/** From nothing to the highest: a line that looks steady is steady. */
function spark(rounds: readonly Slice[][], statistic: 'p50' | 'p99'): string {
  const top = highest(rounds.flat().map((slice) => slice[statistic])) ?? 0
  const character = (slice: Slice) => {
    const value = slice[statistic]
    if (value === null) return slice.errors > 0 ? '×' : level(null)
    return level(top > 0 ? value / top : 0)
  }
  return rounds.map((slices) => slices.map(character).join('')).join(ROUNDS_END)
}

interface Range {
  least: number
  most: number
}

function rangeOf(rounds: readonly Slice[][], statistic: 'p50' | 'p99'): Range | null {
  const values = rounds.flat().flatMap((slice) => slice[statistic] ?? [])
  const [least, most] = [furthest(values, (one, other) => one < other), highest(values)]
  return values.length < FEWEST_SLICES || least === null || most === null ? null : { least, most }
}

/** One line a case, of those that varied most. Null where no case has anything to tell. */
export function latencyTable(cases: readonly CaseResult[]): Table | null {
  const told = cases.flatMap((result) => {
    const rounds = roundsOf(result)
    const [p50, p99] = [rangeOf(rounds, 'p50'), rangeOf(rounds, 'p99')]
    return p50 && p99 ? [{ result, rounds, p50, p99 }] : []
  })
  if (told.length === 0) return null
  const swing = ({ p50 }: { p50: Range }) => (p50.least > 0 ? p50.most / p50.least : Number.POSITIVE_INFINITY)
  const chosen = [...told].sort((left, right) => swing(right) - swing(left)).slice(0, MOST_ROWS)
  const rows = told
    .filter((one) => chosen.includes(one))
    .map(({ result, rounds, p50, p99 }): Cell[] => [
      plain(clean(result.name)),
      plain(spark(merged(rounds, TABLE_WIDTH), 'p50')),
      plain(rangeText(p50)),
      plain(duration(p99.most)),
    ])
  const left = told.length - rows.length
  return {
    title: `Latency over time${left > 0 ? ` (of the ${whole(rows.length)} cases that varied most)` : ''}`,
    columns: [
      textColumn('case'),
      // Numbers are never broken, and nor must this be.
      textColumn(`p50, round ${ROUNDS_END} round`, 2, 'right'),
      textColumn('p50 range', 1, 'right'),
      textColumn('p99 peak', 3, 'right'),
    ],
    rows,
  }
}

function rangeText({ least, most }: Range): string {
  const unit = unitFor([least, most])
  return `${significant(least * unit.perMs)}..${significant(most * unit.perMs)} ${unit.name}`
}

/** Median and tail of each slice, and beneath them the slices in which calls failed. */
export function latencyChart(result: CaseResult, width: number): Chart | null {
  const rounds = roundsOf(result)
  const [p50, p99] = [rangeOf(rounds, 'p50'), rangeOf(rounds, 'p99')]
  if (!p50 || !p99) return null
  const told = { p50: rangeText(p50), p99: rangeText(p99) }
  // The ranges stand behind their lines, unless the slices need the room; then before them.
  const right = Math.max(told.p50.length, told.p99.length) + 1
  const natural = rounds.reduce((sum, slices) => sum + slices.length + ROUNDS_END.length, -ROUNDS_END.length)
  const isBehind = LABEL_WIDTH + natural + right <= width
  const lines = merged(rounds, width - LABEL_WIDTH)
  const line = (statistic: 'p50' | 'p99', tone: ChartTone): ChartLine => [
    piece(`${statistic} `, 'quiet'),
    piece(spark(lines, statistic), tone),
    ...(isBehind ? [piece(` ${told[statistic]}`)] : []),
  ]
  const errors = rounds.flat().reduce((sum, slice) => sum + slice.errors, 0)
  const failed = errors > 0 ? `${whole(errors)} failed` : ''
  const marks = errors > 0 ? errorMarks(lines) : ''
  const isFailedBehind = LABEL_WIDTH + marks.length + 1 + failed.length <= width
  const left = rounds.length - lines.length
  const title = `request latency over time${left > 0 ? ` (${whole(left)} later rounds left out)` : ''}`
  const homeless = [
    ...(isBehind ? [] : [`p50 ${told.p50}, p99 ${told.p99}`]),
    ...(isFailedBehind ? [] : [failed]),
  ]
  const inTitle = [title, homeless.join(', ')].filter((text) => text !== '').join(': ')
  const isInTitle = inTitle.length <= width
  return {
    title: isInTitle ? inTitle : title,
    lines: [
      ...(isInTitle ? [] : homeless.flatMap((text) => wrap(text, width))).map(
        (text): ChartLine => [piece(text)],
      ),
      line('p50', 'bar'),
      line('p99', 'tail'),
      ...(errors > 0
        ? [[piece('err ', 'quiet'), piece(marks, 'bad'), piece(isFailedBehind ? ` ${failed}` : '', 'bad')]]
        : []),
    ],
  }
}

/** Beneath the slices in which a call failed. */
function errorMarks(rounds: readonly Slice[][]): string {
  return rounds
    .map((slices) => slices.map((slice) => (slice.errors > 0 ? '×' : ' ')).join(''))
    .join(' '.repeat(ROUNDS_END.length))
}
