import { HANDSHAKE_METRICS } from '../../record/metrics.ts'
import type { CaseResult } from '../../result/document.ts'
import { duration } from '../numbers.ts'
import { barAfter } from './blocks.ts'
import { type Chart, type ChartLine, piece } from './chart.ts'

const TOTAL = 'handshake'
const FEWEST_COLUMNS = 8
/** Phases come in the order of their rows, which is that of time. */
const PHASES = HANDSHAKE_METRICS.filter(({ name }) => name !== TOTAL)

interface Phase {
  title: string
  medianMs: number
}

function phasesOf({ metrics }: CaseResult): Phase[] {
  return PHASES.flatMap(({ name, title }) =>
    Object.hasOwn(metrics, name) ? [{ title, medianMs: Math.max(0, metrics[name]!.p50) }] : [],
  )
}

/** The longest of all cases, which each is drawn beside. */
export function longestHandshakeMs(cases: readonly CaseResult[]): number {
  return Math.max(
    0,
    ...cases.map((result) => phasesOf(result).reduce((sum, { medianMs }) => sum + medianMs, 0)),
  )
}

/** The median of each phase, where the ones before have ended. Null where no connection was opened. */
export function handshakeChart(result: CaseResult, longestMs: number, width: number): Chart | null {
  const phases = phasesOf(result)
  if (phases.length === 0 || !(longestMs > 0)) return null
  const total = Object.hasOwn(result.metrics, TOTAL) ? result.metrics[TOTAL]!.p50 : null
  const gutter = Math.max(...phases.map(({ title }) => title.length), total === null ? 0 : 'together'.length)
  const times = phases.map(({ medianMs }) => duration(medianMs))
  const right = Math.max(...times.map(({ length }) => length), total === null ? 0 : duration(total).length)
  const room = width - gutter - right - 3
  if (room < FEWEST_COLUMNS) return null
  let beforeMs = 0
  const lines = phases.map(({ title, medianMs }, index): ChartLine => {
    const { offset, drawn } = barAfter(beforeMs / longestMs, medianMs / longestMs, room)
    beforeMs += medianMs
    return [
      piece(`${title.padStart(gutter)} │`, 'quiet'),
      piece(`${' '.repeat(offset)}${drawn}`.padEnd(room), 'bar'),
      piece(` ${times[index]!.padStart(right)}`),
    ]
  })
  const sum =
    total === null
      ? []
      : [
          [
            piece(`${'together'.padStart(gutter)} │${' '.repeat(room)}`, 'quiet'),
            piece(` ${duration(total).padStart(right)}`),
          ],
        ]
  return { title: 'handshake, p50 of each phase', lines: [...lines, ...sum] }
}
