/** The matrix as a page: the table, what its numbers are, and where they come from. */

import type { CaseResult, Result } from '../../result/document.ts'
import { claimsTable } from '../claims-table.ts'
import { clean } from '../clean.ts'
import { errorTable, thresholdTable, verdictLines } from '../content.ts'
import { environmentFacts, pageTitle, scenarioWarnings } from '../facts.ts'
import { percent, significant, type TimeUnit, unitFor } from '../numbers.ts'
import { type Cell, type Column, type Lines, type Page, plain, type Table, textColumn } from '../page.ts'
import { MATRIX_COLUMNS, type MatrixCell, type MatrixColumn, type MatrixRow, matrixOf } from './matrix.ts'
import { resourcesTable } from './resources.ts'
import { SCALING_WORDS, type Scaling, scalingText } from './scaling.ts'

interface Written extends Omit<Column, 'unit' | 'align'> {
  /** Columns of one group share their unit of time; null: no time. */
  group: string | null
  unit?: string
}

const COLUMNS: Readonly<Record<MatrixColumn, Written>> = {
  latency_p50: { title: 'latency', statistic: 'p50', group: 'latency', expendable: 0 },
  latency_p99: { title: 'latency', statistic: 'p99', group: 'latency', expendable: 0 },
  handshake_p50: { title: 'handshake', statistic: 'p50', group: 'handshake', expendable: 0 },
  throughput: { title: 'throughput', statistic: 'all', unit: '/s', group: null, expendable: 0 },
  throughput_per_core: { title: 'throughput', statistic: 'core', unit: '/s', group: null, expendable: 1 },
  overhead_bytes: { title: 'overhead', statistic: 'bytes', group: null, expendable: 2 },
  overhead_time: { title: 'overhead', statistic: 'time', group: null, expendable: 4 },
}

const MEANINGS = [
  'latency: without inference, at a steady rate (open loop). Per call: overhead time, what is left of the service time when the server’s own queueing and computing are taken off. Per chunk: the gap between two chunks of a stream; those that arrive in one packet have almost none.',
  'handshake: from the decision to connect until calls can start; the latency is without it.',
  'throughput: successful calls, or whole streams, that ended per second of a closed loop; core: per CPU second of the server (of the bundled one: of its front end, without its models).',
  'overhead: bytes on the socket beyond the payload’s own, both directions, handshake left out; time: overhead time p50 over the server’s own time p50.',
  `concurrency: throughput with so many calls at once over that of one at a time. In a word, of the highest: ${SCALING_WORDS}.`,
  'scaling model: whether a server must know its client from one call to the next. Stateless calls go to any replica.',
  'best for: what the row is first in, or within 5% of it, among those that count the same (calls, or chunks), by the numbers of this run alone.',
]

/** Superscripts that no one takes for an exponent. */
const MARKS = [...'ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ']

/** Footnotes in the order in which a reader meets them; equal ones share their mark. */
class Footnotes {
  readonly #texts: string[] = []

  mark(text: string): string {
    const known = this.#texts.indexOf(text)
    const index = known >= 0 ? known : this.#texts.push(text) - 1
    return MARKS[index % MARKS.length]!.repeat(1 + Math.floor(index / MARKS.length))
  }

  marks(texts: readonly string[]): string {
    return texts.map((text) => this.mark(text)).join('')
  }

  get lines(): Cell[] {
    return this.#texts.map((text) => plain(`${this.mark(text)} ${text}`))
  }
}

export function matrixPage(result: Result): Page {
  const { rows, missing } = matrixOf(result)
  const footnotes = new Footnotes()
  const tables = rows.length > 0 ? [matrixTable(rows, footnotes), wordsTable(rows, footnotes)] : []
  const notes = [
    ...footnotes.lines,
    ...(missing.length > 0 ? [plain(`no case for ${missing.join(', ')}`)] : []),
    ...scenarioWarnings(result).map(plain),
  ]
  const parts = [
    ...tables,
    notes.length > 0 ? { title: 'Notes', lines: notes } : null,
    resourcesTable(rows),
    { title: 'What the numbers are', lines: MEANINGS.map(plain) },
    sources(rows),
    claimsTable(result),
    errorTable(result.cases),
    thresholdTable(result),
    verdictLines(result),
  ]
  return {
    title: pageTitle(result),
    facts: environmentFacts(result),
    parts: parts.filter((part) => part !== null),
  }
}

function matrixTable(rows: readonly MatrixRow[], footnotes: Footnotes): Table {
  const units = new Map(MATRIX_COLUMNS.map((name) => [name, unitOf(name, rows)]))
  return {
    title: 'Performance matrix',
    columns: [
      textColumn('interface'),
      textColumn('per'),
      ...MATRIX_COLUMNS.map((name): Column => {
        const { title, statistic, unit = '', expendable } = COLUMNS[name]
        return { title, statistic, unit: units.get(name)?.name ?? unit, align: 'right', expendable }
      }),
    ],
    rows: rows.map((row): Cell[] => [
      plain(titleOf(row)),
      plain(row.per),
      ...MATRIX_COLUMNS.map((name) => cell(row.cells[name], name, units.get(name) ?? null, footnotes)),
    ]),
  }
}

/** What stands beside the numbers, in a table of its own, so that a window of any width has room for both. */
function wordsTable(rows: readonly MatrixRow[], footnotes: Footnotes): Table {
  return {
    title: 'How it scales, and what it is best for',
    columns: [
      textColumn('interface'),
      textColumn('concurrency'),
      textColumn('scaling model'),
      textColumn('best for'),
    ],
    rows: rows.map((row): Cell[] => [
      plain(titleOf(row)),
      concurrencyCell(row.concurrency, footnotes),
      plain(row.state),
      row.bestFor.length > 0 ? plain(row.bestFor.join(', ')) : leadsNothing(row, rows, footnotes),
    ]),
  }
}

function leadsNothing({ per }: MatrixRow, rows: readonly MatrixRow[], footnotes: Footnotes): Cell {
  const isAlone = rows.filter((other) => other.per === per).length < 2
  const why = isAlone
    ? `no other row counts a ${per}: there is nothing to be better than`
    : 'first in nothing that was measured; what its protocol can do besides is no number'
  return { text: `–${footnotes.mark(why)}`, tone: 'quiet' }
}

function unitOf(name: MatrixColumn, rows: readonly MatrixRow[]): TimeUnit | null {
  const { group } = COLUMNS[name]
  if (group === null) return null
  const columns = MATRIX_COLUMNS.filter((other) => COLUMNS[other].group === group)
  return unitFor(rows.flatMap(({ cells }) => columns.flatMap((column) => cells[column].value ?? [])))
}

function cell(
  { value, atLeast, valid, notes }: MatrixCell,
  name: MatrixColumn,
  unit: TimeUnit | null,
  footnotes: Footnotes,
): Cell {
  const marks = footnotes.marks(notes)
  if (value === null) return { text: `–${marks}`, tone: 'quiet' }
  const isOverhead = COLUMNS[name].title === 'overhead'
  const text = unit ? significant(value * unit.perMs) : isOverhead ? added(value) : significant(value)
  return { text: `${atLeast ? '>=' : ''}${text}${marks}`, tone: valid ? 'plain' : 'struck' }
}

function concurrencyCell(scaling: Scaling, footnotes: Footnotes): Cell {
  const marks = footnotes.marks(scaling.notes)
  if (scaling.value === null) return { text: `–${marks}`, tone: 'quiet' }
  return { text: `${scalingText(scaling)}${marks}`, tone: scaling.valid ? 'plain' : 'struck' }
}

function added(ratio: number): string {
  return `${ratio < 0 ? '' : '+'}${percent(ratio)}`
}

function titleOf({ title, variant }: Pick<MatrixRow, 'title' | 'variant'>): string {
  return variant === '' ? title : `${title}: ${variant}`
}

/** Unless the case's name tells it. */
function rateOf({ name, summary }: CaseResult): string {
  const rate = `${significant(summary.requested_rate ?? 0).replace(/\.0+$/, '')}/s`
  return name.includes(rate) ? '' : ` (${rate})`
}

/** So that every number can be found again in the result. */
function sources(rows: readonly MatrixRow[]): Lines | null {
  const lines = rows.map((row) => {
    const { steady, closed, handshake } = row.roles
    const parts = [
      steady && `latency ${clean(steady.name)}${rateOf(steady)}`,
      closed && `throughput ${clean(closed.name)}`,
      handshake?.metrics.handshake &&
        `handshake ${clean(handshake.name)} (${significant(handshake.metrics.handshake.count)} connections)`,
    ]
    return plain(`${titleOf(row)}: ${parts.filter((part) => part).join('; ') || 'nothing'}`)
  })
  return lines.length > 0 ? { title: 'Which cases they come from', lines } : null
}
