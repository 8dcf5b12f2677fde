import { createColors } from 'picocolors'
import { clean } from '../clean.ts'
import { duration, minutes, significant, whole } from '../numbers.ts'
import { displayWidth, truncate } from '../wrap.ts'

/** What there is to say of a run at one moment. */
export interface ProgressState {
  caseName: string
  /** Both from 0. */
  caseIndex: number
  roundIndex: number
  caseCount: number
  /** Of this case. */
  roundCount: number
  /** The rate per second that a search tries; null where none is looked for. */
  triedRate: number | null
  stage: 'floor' | 'warm-up' | 'measuring' | 'finishing'
  /** Of the whole run, 0 to 1. */
  fraction: number
  /** Null where nobody can know yet. */
  leftMs: number | null
  ratePerSecond: number
  /** Of the whole run. */
  errors: number
  /** Latency in this round so far; null before the first call has ended. */
  p50Ms: number | null
  p99Ms: number | null
}

const BAR_WIDTH = 30
const MIN_BAR_WIDTH = 8
const GAP = '  '

/** Two lines, neither as wide as `width`, so that no terminal wraps them. */
export function progressLines(state: ProgressState, width: number, colour: boolean): string[] {
  const room = Math.max(1, width - 1)
  return [headLine(state, room, colour), barLine(state, room, colour)]
}

function headLine(state: ProgressState, room: number, colour: boolean): string {
  const { bold, dim } = createColors(colour)
  const before = `[${state.caseIndex + 1}/${state.caseCount}] `
  const after = `${GAP}${whereIn(state)}`
  const nameRoom = room - displayWidth(before) - displayWidth(after)
  if (nameRoom < MIN_BAR_WIDTH) return truncate(`${before}${clean(state.caseName)}`, room)
  return `${before}${bold(truncate(clean(state.caseName), nameRoom))}${dim(after)}`
}

function whereIn({ stage, roundIndex, roundCount, triedRate }: ProgressState): string {
  if (stage === 'floor') return 'floor: the same calls to a server that does nothing'
  if (triedRate !== null) return `searching, at ${significant(triedRate)}/s`
  return `round ${roundIndex + 1}/${roundCount}${stage === 'measuring' ? '' : `, ${stage}`}`
}

interface Piece {
  text: string
  paint(text: string): string
}

function barLine(state: ProgressState, room: number, colour: boolean): string {
  const { cyan, dim, red } = createColors(colour)
  const as = (text: string, paint: Piece['paint'] = (plain) => plain): Piece => ({ text, paint })
  // In the order in which they are shown; what does not fit goes from the end, errors last.
  const pieces = [
    as(`${Math.floor(state.fraction * 100 + 1e-9)}%`.padStart(4)),
    ...(state.leftMs === null ? [] : [as(`${minutes(state.leftMs)} left`)]),
    ...(state.stage === 'floor' ? [] : [as(`${significant(state.ratePerSecond)} calls/s`)]),
    ...(state.p50Ms === null ? [] : [as(`p50 ${duration(state.p50Ms)}`)]),
    ...(state.p99Ms === null ? [] : [as(`p99 ${duration(state.p99Ms)}`)]),
  ]
  if (state.errors > 0)
    pieces.splice(1, 0, as(`${whole(state.errors)} error${state.errors === 1 ? '' : 's'}`, red))
  const used = () => pieces.reduce((sum, { text }) => sum + displayWidth(text) + GAP.length, 0)
  while (pieces.length > 1 && used() + MIN_BAR_WIDTH > room) pieces.pop()
  const barRoom = Math.min(BAR_WIDTH, room - used())
  const text = pieces.map(({ text: plain, paint }) => paint(plain)).join(GAP)
  if (barRoom < 1) return truncate(pieces[0]!.text.trim(), room)
  const full = Math.round(Math.min(1, Math.max(0, state.fraction)) * barRoom)
  return `${cyan('█'.repeat(full))}${dim('░'.repeat(barRoom - full))}${GAP}${text}`
}
