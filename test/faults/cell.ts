import type { CaseResult } from '../../src/result/document.ts'
import type { Memory } from './meter.ts'
import type { Ran } from './tool.ts'

/** Just-in-time compiled code, connections, and what the collector has not come to yet. */
const ORDINARY_GROWTH_MIB = 150
/** A flood keeps the event loop, and with it every timer, from its turn; a busy machine does so, too. */
const MOST_DELAY_MS = 5000

/** What became of one fault on one way. */
export interface Cell {
  fault: string
  expected: readonly string[]
  /** Class of error to count, those of connections included that no call had to answer for. */
  seen: Readonly<Record<string, number>>
  /** What a person reads of each. */
  samples: readonly string[]
  /** As the tool counted. */
  failed: number
  /** As the other side counted; null where it cannot. */
  injected: number | null
  /** The longest that a call took which failed, and the longest that it might; null where there was no call. */
  time: { longestMs: number; allowedMs: number } | null
  memory: Memory | null
  mostGrowthMiB: number
}

/** What a case of a result tells of its errors. */
export function errorsOf({ summary, errors }: CaseResult): Pick<Cell, 'seen' | 'samples' | 'failed'> & {
  longestMs: number
} {
  const seen: Record<string, number> = {}
  for (const error of errors) seen[error.class] = (seen[error.class] ?? 0) + error.count
  return {
    seen,
    samples: errors.map(({ phase, code, sample }) => `${phase} ${code}: ${sample}`),
    failed: summary.errors,
    longestMs: Math.max(0, ...errors.map(({ time_to_failure: time }) => time?.max ?? 0)),
  }
}

/** What is wrong with how the tool bore it; empty where nothing is. */
export function wrongsOf({ fault, ...cell }: Cell): string[] {
  const { expected, seen, samples, failed, injected, time, memory } = cell
  const wrongs: string[] = []
  const classes = Object.keys(seen)
  const told = `${JSON.stringify(seen)} (${samples.join('; ')})`
  if (classes.length === 0 && expected.length > 0) wrongs.push(`told nothing of it, expected ${expected}`)
  if (classes.some((name) => !expected.includes(name))) wrongs.push(`told ${told}, expected ${expected}`)
  if (injected !== null && injected !== failed) wrongs.push(`counted ${failed}, there were ${injected}`)
  if (time && time.longestMs > time.allowedMs + MOST_DELAY_MS) {
    wrongs.push(`took ${Math.round(time.longestMs)} ms, allowed are ${time.allowedMs}`)
  }
  const growthMiB = memory ? memory.peakMiB - memory.beforeMiB : 0
  if (growthMiB > ORDINARY_GROWTH_MIB + cell.mostGrowthMiB) {
    wrongs.push(
      `grew by ${Math.round(growthMiB)} MiB, allowed are ${ORDINARY_GROWTH_MIB + cell.mostGrowthMiB}`,
    )
  }
  return wrongs.map((wrong) => `${fault}: ${wrong}`)
}

/** What is wrong with a run as a whole, whatever it met. */
export function runWrongsOf({ code, signal, stderr, left }: Ran, expectedCode: number): string[] {
  const wrongs: string[] = []
  if (code !== expectedCode) wrongs.push(`ended with ${signal ?? code}, expected ${expectedCode}: ${stderr}`)
  if (/internal error|\bat .*:\d+:\d+/.test(stderr)) wrongs.push(`crashed: ${stderr}`)
  if (left.length > 0) wrongs.push(`left processes behind: ${left}`)
  return wrongs
}
