/** Tables with one row a case and one column a metric; a column without data is left out. */

import { metricByName, type Statistic } from '../record/metrics.ts'
import type { CaseResult, Summary } from '../result/document.ts'
import { floorOf } from '../result/floor.ts'
import { isLowerBound } from '../result/thresholds.ts'
import { clean } from './clean.ts'
import { kibibytes, mebibytes, percent, significant, type TimeUnit, unitFor, whole } from './numbers.ts'
import { type Cell, type Column, EMPTY, plain, type Table, type Tone, textColumn } from './page.ts'

interface Reading {
  value: number
  /** Printed as `>=`. */
  atLeast: boolean
  /** A note tells how to read it. */
  noted: boolean
  text?: string
  tone?: Tone
}

type Scale = 'time' | 'number' | 'count' | 'percent' | 'kibibytes' | 'mebibytes'

export interface CaseColumn {
  title: string
  statistic: string
  scale: Scale
  /** Columns of one group share their unit of time. */
  group: string
  expendable: number
  read(result: CaseResult): Reading | null
}

/** A statistic of a timing metric. `group`: what it shares its unit with; the metric by itself if left out. */
export function timing(
  name: string,
  statistic: Statistic,
  { expendable = 0, group = name, showStatistic = true } = {},
): CaseColumn {
  return {
    title: titleOf(name),
    statistic: showStatistic ? statistic.replace('_', '.') : '',
    scale: 'time',
    group,
    expendable,
    read(result) {
      const distribution = own(result.metrics, name)
      if (!distribution || distribution.count === 0) return null
      const atLeast = distribution.at_least?.includes(statistic) || isLowerBound(result, name)
      return { value: distribution[statistic], atLeast, noted: isNoted(result, name) }
    },
  }
}

/** A statistic of a timing metric as it is with a server that does nothing, in the unit of the metric's own column. */
export function floorColumn(name: string, statistic: Statistic, expendable: number): CaseColumn {
  return {
    title: 'floor',
    statistic: statistic.replace('_', '.'),
    scale: 'time',
    group: name,
    expendable,
    read(result) {
      const value = floorOf(result, name, statistic)
      return value === null ? null : { value, atLeast: false, noted: false }
    },
  }
}

/** A number of the summary. `unlessZero`: zeros do not make the column worth its room. */
export function summed(
  name: keyof Summary,
  scale: Scale,
  { title = titleOf(name), expendable = 0, unlessZero = false } = {},
): CaseColumn {
  return {
    title,
    statistic: '',
    scale,
    group: name,
    expendable,
    read(result) {
      const value = result.summary[name] ?? null
      if (value === null || (unlessZero && value === 0)) return null
      return { value, atLeast: isLowerBound(result, name), noted: isNoted(result, name) }
    },
  }
}

/** Sessions that did not stand to the end of an idle load. */
export function lossColumn(): CaseColumn {
  return {
    title: 'lost',
    statistic: '',
    scale: 'count',
    group: 'sessions_lost',
    expendable: 0,
    read({ summary: { sessions_lost: lost, session_loss: loss } }) {
      if (lost === undefined) return null
      const text = lost > 0 && loss != null ? `${whole(lost)} (${percent(loss)})` : whole(lost)
      return { value: lost, atLeast: false, noted: false, text, tone: lost > 0 ? 'bad' : 'plain' }
    },
  }
}

export function errorColumn(): CaseColumn {
  return {
    title: 'errors',
    statistic: '',
    scale: 'count',
    group: 'errors',
    expendable: 0,
    read({ summary: { errors, error_rate: rate } }) {
      const text = errors > 0 && rate !== null ? `${whole(errors)} (${percent(rate)})` : whole(errors)
      return { value: errors, atLeast: false, noted: false, text, tone: errors > 0 ? 'bad' : 'plain' }
    },
  }
}

/** Null where no column has data. Cases without data are left out, unless the table is to show `everyCase`. */
export function caseTable(
  title: string,
  candidates: readonly CaseResult[],
  columns: readonly CaseColumn[],
  /** `besides`: columns that alone make neither a row nor a table. */
  { besides = [], everyCase = false }: { besides?: readonly CaseColumn[]; everyCase?: boolean } = {},
): Table | null {
  const hasData = (result: CaseResult) => columns.some((column) => column.read(result) !== null)
  if (!candidates.some(hasData)) return null
  const cases = everyCase ? candidates : candidates.filter(hasData)
  const read = (column: CaseColumn) => ({ column, readings: cases.map((result) => column.read(result)) })
  const shown = [...columns, ...besides]
    .map(read)
    .filter(({ readings }) => readings.some((reading) => reading !== null))
  const unitOf = (group: string): TimeUnit =>
    unitFor(
      shown
        .filter(({ column }) => column.group === group)
        .flatMap(({ readings }) => readings.flatMap((reading) => (reading ? [reading.value] : []))),
    )
  const written = shown.map(({ column, readings }) => {
    const unit = column.scale === 'time' ? unitOf(column.group) : null
    return { column, unit, cells: readings.map((reading) => write(reading, column.scale, unit)) }
  })
  return {
    title,
    columns: [
      textColumn('case'),
      ...written.map(({ column, unit }): Column => {
        const { title, statistic, expendable } = column
        return { title, statistic, unit: unit?.name ?? '', align: 'right', expendable }
      }),
    ],
    rows: cases.map((result, index) => [
      caseCell(result, everyCase),
      ...written.map(({ cells }) => cells[index] ?? EMPTY),
    ]),
  }
}

/** The verdict stands where the numbers are, in the table that has every case. */
function caseCell({ name, verdict }: CaseResult, showVerdict: boolean): Cell {
  if (verdict.valid || !showVerdict) return plain(clean(name))
  return { text: `${clean(name)} (invalid)`, tone: 'bad' }
}

function write(reading: Reading | null, scale: Scale, unit: TimeUnit | null): Cell {
  if (!reading) return EMPTY
  const text = reading.text ?? scaled(reading.value, scale, unit)
  return {
    text: `${reading.atLeast ? '>=' : ''}${text}${reading.noted && !reading.atLeast ? '*' : ''}`,
    tone: reading.tone ?? 'plain',
  }
}

function scaled(value: number, scale: Scale, unit: TimeUnit | null): string {
  if (unit) return significant(value * unit.perMs)
  if (scale === 'percent') return percent(value)
  if (scale === 'mebibytes') return mebibytes(value)
  if (scale === 'kibibytes') return kibibytes(value)
  return scale === 'count' ? whole(value) : significant(value)
}

function isNoted({ verdict }: CaseResult, name: string): boolean {
  return verdict.notes !== undefined && Object.hasOwn(verdict.notes, name)
}

function titleOf(name: string): string {
  return metricByName(name)?.title ?? name.replaceAll('_', ' ')
}

function own<T>(record: Record<string, T>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined
}
