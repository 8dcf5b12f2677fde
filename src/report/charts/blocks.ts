/** What block characters can draw: bars, columns and lines of them, to an eighth of a character. */

const LEVELS = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const
const PARTS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const
const EIGHTHS = 8

/** A bar that begins where what was before it has ended, and how many characters that is. Shares: 0 to 1. */
export function barAfter(
  beforeShare: number,
  share: number,
  room: number,
): { offset: number; drawn: string } {
  const offset = Math.min(room - 1, Math.floor(beforeShare * room))
  return { offset, drawn: bar(share * (room / (room - offset)), room - offset) }
}

/** A bar from left to right. Never longer than the room, and what is not nothing can be seen. `share`: 0 to 1. */
export function bar(share: number, room: number): string {
  const eighths = eighthsOf(share, room)
  return '█'.repeat(Math.floor(eighths / EIGHTHS)) + PARTS[eighths % EIGHTHS]!
}

/** One column for each share, as lines from the top on. Null: nothing is drawn there. */
export function columns(shares: readonly (number | null)[], height: number): string[] {
  const eighths = shares.map((share) => (share === null ? 0 : eighthsOf(share, height)))
  return Array.from({ length: height }, (_, line) => {
    const below = (height - 1 - line) * EIGHTHS
    return eighths.map((count) => LEVELS[Math.min(Math.max(0, count - below), EIGHTHS)]!).join('')
  })
}

/** A share as a single character; `·` where there is none. */
export function level(share: number | null): string {
  return share === null ? '·' : LEVELS[eighthsOf(share, 1)]!
}

function eighthsOf(share: number, room: number): number {
  if (!(share > 0) || room < 1) return 0
  return Math.max(1, Math.round(Math.min(share, 1) * room * EIGHTHS))
}
