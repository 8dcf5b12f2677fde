/**
 * Which interface for which purpose: those that can do what it needs, ranked by what was measured in this result. The
 * numbers of a ranking weigh alike: what ranks is the geometric mean of how many times worse than the best each of them is.
 */

import type { Result } from '../../result/document.ts'
import { type MatrixColumn, type MatrixRow, matrixOf, rowsByTitle } from '../matrix/matrix.ts'
import { largePayloads } from './large-payloads.ts'
import { PURPOSES, type Purpose } from './purposes.ts'
import { type Advice, agreement, type LeftOut, type Placing, type Ranking } from './ranking.ts'
import { TRAITS, type Trait, WITHOUT } from './traits.ts'

const KIND_TITLES: Readonly<Record<Purpose['kinds'][number], readonly string[]>> = {
  call: ['REST', 'gRPC (Unary)', 'WebSocket', 'MCP'],
  stream: ['Streaming/SSE', 'gRPC Stream', 'WebSocket Stream', 'MCP Progress'],
}

const HIGHER_IS_BETTER: readonly MatrixColumn[] = ['throughput', 'throughput_per_core']

/** By the overview's tables, and for large payloads. */
export function adviceOf(result: Result): Record<string, Advice[]> {
  const rows = new Map(rowsByTitle(matrixOf(result).rows).map((row) => [row.title, row]))
  const tables = Object.entries(PURPOSES).map(
    ([table, purposes]) => [table, purposes.map((purpose) => advise(purpose, rows))] as const,
  )
  const large = largePayloads(result)
  return { ...Object.fromEntries(tables), ...(large && { 'Large payloads': [large] }) }
}

function numberOf(cells: MatrixRow['cells'], column: MatrixColumn): number | null {
  const { value, valid } = cells[column]
  return valid ? value : null
}

function advise(purpose: Purpose, rows: ReadonlyMap<string, MatrixRow>): Advice {
  const leftOut: LeftOut[] = []
  const rankings = purpose.kinds.map((kind) => {
    const able = KIND_TITLES[kind].flatMap((title) => {
      const missing = purpose.needs.filter((trait) => !has(title, trait))
      const row = rows.get(title)
      if (row && missing.length === 0) return [row]
      // What nobody measured is told once, by the matrix.
      if (row) leftOut.push({ title, why: missing.map((trait) => WITHOUT[trait]).join(', ') })
      return []
    })
    return { kind, ...rank(able, purpose, leftOut) }
  })
  return {
    purpose: purpose.name,
    picks: purpose.picks,
    rankings,
    leftOut,
    agrees: agreement(rankings, purpose.picks),
  }
}

function has(title: string, trait: Trait): boolean {
  return TRAITS[title]?.includes(trait) ?? false
}

function rank(rows: readonly MatrixRow[], { by, wants }: Purpose, leftOut: LeftOut[]): Omit<Ranking, 'kind'> {
  // A number that only one of them has would rank nobody.
  const columns = by.filter(
    (column) => rows.filter(({ cells }) => numberOf(cells, column) !== null).length > 1,
  )
  const ranked = rows.filter(({ title, cells }) => {
    const without = columns.filter((column) => numberOf(cells, column) === null)
    if (without.length > 0) leftOut.push({ title, why: `no number to rank it by (${without.join(', ')})` })
    return without.length === 0
  })
  const best = new Map(columns.map((column) => [column, bestOf(ranked, column)]))
  const wanted = ({ title }: { title: string }) => wants.filter((trait) => has(title, trait)).length
  const placings = ranked
    .map(({ title, cells }): Placing => {
      const numbers = columns.map((column) => {
        const value = numberOf(cells, column)!
        return { column, value, isBest: value === best.get(column) }
      })
      const factors = numbers.map(({ column, value }) => timesWorse(column, value, best.get(column)!))
      const isRanked = factors.length > 0 && ranked.length > 1
      return { title, factor: isRanked ? geometricMean(factors) : null, numbers }
    })
    .sort((a, b) => wanted(b) - wanted(a) || (a.factor ?? 1) - (b.factor ?? 1))
  // The first need not be the best in each number, but the others are read as how far behind it they are.
  const first = placings[0]?.factor ?? 1
  return {
    placings: placings.map((one) => ({ ...one, factor: one.factor === null ? null : one.factor / first })),
    without: rows.length > 1 ? by.filter((column) => !columns.includes(column)) : [],
  }
}

function bestOf(rows: readonly MatrixRow[], column: MatrixColumn): number {
  const values = rows.map(({ cells }) => numberOf(cells, column)!)
  return HIGHER_IS_BETTER.includes(column) ? Math.max(...values) : Math.min(...values)
}

/** Overheads are held against each other by what is carried in all: nothing more is not infinitely better than little. */
function timesWorse(column: MatrixColumn, value: number, best: number): number {
  if (column === 'overhead_bytes') return (1 + value) / (1 + best)
  const factor = HIGHER_IS_BETTER.includes(column) ? best / value : value / best
  return Number.isFinite(factor) && factor > 0 ? factor : 1
}

function geometricMean(factors: readonly number[]): number {
  return Math.exp(factors.reduce((sum, factor) => sum + Math.log(factor), 0) / factors.length)
}
