/** What each interface takes of the two ends: processor time for a call, and memory for a session that stands idle. */

import type { CaseResult } from '../../result/document.ts'
import { clean } from '../clean.ts'
import { kibibytes, significant, unitFor } from '../numbers.ts'
import { type Cell, type Column, EMPTY, plain, type Table, textColumn } from '../page.ts'
import { type MatrixRow, rowsByTitle } from './matrix.ts'

export function resourcesTable(rows: readonly MatrixRow[]): Table | null {
  const found = rowsByTitle(rows).map((row) => {
    const { closed, idle } = row.roles
    const perCore = closed?.summary.throughput_per_core ?? null
    return {
      row,
      serverMs: perCore !== null && perCore > 0 ? 1000 / perCore : null,
      clientMs: closed?.summary.client_cpu_time ?? null,
      serverBytes: idle?.summary.server_memory_per_session ?? null,
      clientBytes: idle?.summary.client_memory_per_session ?? null,
    }
  })
  const told = found.filter(({ row: _row, ...numbers }) => Object.values(numbers).some((one) => one !== null))
  if (told.length === 0) return null
  const unit = unitFor(told.flatMap(({ serverMs, clientMs }) => [serverMs ?? [], clientMs ?? []].flat()))
  const time = (valueMs: number) => significant(valueMs * unit.perMs)
  const numbers = [
    { title: 'processor time', end: 'server', unit: unit.name, key: 'serverMs', role: 'closed', write: time },
    { title: 'processor time', end: 'client', unit: unit.name, key: 'clientMs', role: 'closed', write: time },
    {
      title: 'memory, idle session',
      end: 'server',
      unit: '',
      key: 'serverBytes',
      role: 'idle',
      write: kibibytes,
    },
    {
      title: 'memory, idle session',
      end: 'client',
      unit: '',
      key: 'clientBytes',
      role: 'idle',
      write: kibibytes,
    },
  ] as const
  // Few scenarios have sessions that stand idle.
  const shown = numbers.filter(({ key }) => told.some((one) => one[key] !== null))
  return {
    title: 'What it takes of either end',
    columns: [
      textColumn('interface'),
      textColumn('per'),
      ...shown.map(
        ({ title, end, unit: name }): Column => ({
          ...textColumn(title, 0, 'right'),
          statistic: end,
          unit: name,
        }),
      ),
      textColumn('from', 1),
    ],
    rows: told.map((one): Cell[] => {
      const { title, per, roles } = one.row
      return [
        plain(title),
        plain(per === 'call' ? 'call' : 'stream'),
        ...shown.map(({ key, role, write }) => number(one[key], roles[role], write)),
        plain([roles.closed, roles.idle].flatMap((found) => (found ? [clean(found.name)] : [])).join('; ')),
      ]
    }),
  }
}

function number(value: number | null, source: CaseResult | null, write: (value: number) => string): Cell {
  if (value === null) return EMPTY
  return { text: write(value), tone: source?.verdict.valid === false ? 'struck' : 'plain' }
}
