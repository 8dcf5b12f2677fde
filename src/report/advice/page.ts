/** The advice as a page: for each purpose what the numbers say, why, and what the overview picks. */

import type { Result } from '../../result/document.ts'
import { verdictLines } from '../content.ts'
import { environmentFacts, pageTitle } from '../facts.ts'
import type { MatrixColumn } from '../matrix/matrix.ts'
import { duration, percent, significant } from '../numbers.ts'
import { type Cell, EMPTY, type Page, plain, type Table, textColumn } from '../page.ts'
import { adviceOf } from './advice.ts'
import type { Advice, LeftOut, Placing } from './ranking.ts'

const MEANINGS = [
  'measured here: interfaces that can do what the purpose needs, the best first. Where numbers rank them, ×1.5 is 1.5 times worse than the first in all of them together (geometric mean).',
  'why: the numbers of the first; who was left out, and for which property of the protocol that no number changes.',
  'the overview: what is recommended in general (docs/claims.md), which has no part in the ranking. ✓: the first here is among it.',
  'Numbers of one machine, one model and no network between: what a region adds is another run (--region).',
]

export function advicePage(result: Result): Page {
  const tables = Object.entries(adviceOf(result)).map(([title, rows]) => adviceTable(title, rows))
  return {
    title: pageTitle(result),
    facts: environmentFacts(result),
    parts: [...tables, { title: 'How to read it', lines: MEANINGS.map(plain) }, verdictLines(result)],
  }
}

function adviceTable(title: string, rows: readonly Advice[]): Table {
  return {
    title,
    columns: [textColumn('for'), textColumn('measured here'), textColumn('why'), textColumn('the overview')],
    rows: rows.map(({ purpose, picks, rankings, leftOut, agrees }): Cell[] => {
      const lists = rankings.flatMap(({ kind, placings }) => {
        if (placings.length === 0) return []
        const list = placings.map(placed).join(', ')
        return [rankings.length > 1 ? `${kind === 'call' ? 'calls' : 'streams'}: ${list}` : list]
      })
      const because = [
        ...rankings.flatMap(({ placings }) => placings[0] ?? []).map(reason),
        ...rankings.flatMap(({ without }) => (without.length > 0 ? [notRankedBy(without)] : [])),
        ...leftOutTexts(leftOut),
      ]
      return [
        plain(purpose),
        lists.length > 0 ? plain(lists.join('; ')) : { text: 'nothing that was measured can', tone: 'quiet' },
        because.length > 0 ? plain(because.filter((text) => text !== '').join('; ')) : EMPTY,
        { text: `${picks.join(' or ')}${agrees ? ' ✓' : ''}`, tone: agrees ? 'good' : 'plain' },
      ]
    }),
  }
}

/** Once for each reason. */
function leftOutTexts(leftOut: readonly LeftOut[]): string[] {
  return [...Map.groupBy(leftOut, ({ why }) => why)].map(
    ([why, same]) => `without ${same.map(({ title }) => title).join(', ')}: ${why}`,
  )
}

function placed({ title, factor }: Placing, index: number): string {
  return factor === null || index === 0 ? title : `${title} ×${significant(factor)}`
}

function reason({ title, numbers }: Placing): string {
  if (numbers.length === 0) return `${title}: by what it can do alone`
  const told = numbers.map(
    ({ column, value, isBest }) => `${written(column, value)}${isBest ? ' (best)' : ''}`,
  )
  return `${title}: ${told.join(', ')}`
}

function notRankedBy(columns: readonly MatrixColumn[]): string {
  return `not by ${columns.map((column) => NAMES[column]).join(', ')}: fewer than two have it`
}

const NAMES: Readonly<Record<MatrixColumn, string>> = {
  latency_p50: 'latency p50',
  latency_p99: 'latency p99',
  handshake_p50: 'handshake',
  throughput: 'throughput',
  throughput_per_core: 'throughput of a core',
  overhead_bytes: 'bytes',
  overhead_time: 'time',
}

function written(column: MatrixColumn, value: number): string {
  switch (column) {
    case 'latency_p50':
    case 'latency_p99':
    case 'handshake_p50':
      return `${NAMES[column]} ${duration(value)}`
    case 'throughput':
      return `${significant(value)}/s`
    case 'throughput_per_core':
      return `${significant(value)}/s a core`
    case 'overhead_bytes':
      return `${value < 0 ? '' : '+'}${percent(value)} bytes`
    case 'overhead_time':
      return `+${percent(value)} time`
  }
}
