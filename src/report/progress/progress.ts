import { stripVTControlCharacters } from 'node:util'
import { type Clock, systemClock } from '../../load/clock.ts'
import type { Plan } from '../../plan/plan.ts'
import { displayWidth } from '../wrap.ts'
import { progressLines } from './lines.ts'
import { type LiveDelta, ProgressTracker } from './tracker.ts'

const REDRAW_MS = 220
const DEFAULT_WIDTH = 80

/** Where it is drawn; `process.stderr`. */
export interface ProgressStream {
  isTTY?: boolean
  columns?: number
  writableNeedDrain?: boolean
  write(text: string): unknown
}

export interface ProgressOptions {
  stream: ProgressStream
  quiet: boolean
  clock?: Clock
  /** Calls back again and again until the returned function is called. */
  every?(callback: () => void, intervalMs: number): () => void
  env?: Record<string, string | undefined>
}

/**
 * Draws how far a run is, on a terminal and nowhere else: a pipe, `--quiet` or a terminal that cannot move its
 * cursor gets nothing. When it is closed, no trace of it is left.
 */
export class Progress {
  readonly #stream: ProgressStream
  readonly #clock: Clock
  readonly #every: NonNullable<ProgressOptions['every']>
  readonly #draws: boolean
  readonly #colour: boolean
  #tracker: ProgressTracker | null = null
  #look: () => readonly LiveDelta[] = () => []
  #cancel: () => void = () => {}
  #drawn: string[] = []

  constructor({
    stream,
    quiet,
    clock = systemClock,
    every = everyInterval,
    env = process.env,
  }: ProgressOptions) {
    this.#stream = stream
    this.#clock = clock
    this.#every = every
    this.#draws = stream.isTTY === true && !quiet && env.TERM !== 'dumb'
    this.#colour = env.NO_COLOR === undefined || env.NO_COLOR === ''
  }

  /** `look`: what happened since it was last called. The histogram module must be loaded. */
  begin(plan: Plan, look: () => readonly LiveDelta[]): void {
    if (!this.#draws) return
    this.close()
    this.#tracker = new ProgressTracker(plan)
    this.#look = look
    this.#cancel = this.#every(() => this.#redraw(), REDRAW_MS)
  }

  /** The floor under a case is measured; its calls are none of the run's. */
  floor(caseIndex: number): void {
    if (!this.#tracker) return
    const nowMs = this.#clock.now()
    this.#tracker.take(this.#look(), nowMs)
    this.#tracker.floor(caseIndex, nowMs)
  }

  /** A round begins, both from 0; or a step of a search for a rate. */
  round(caseIndex: number, roundIndex: number, triedRate: number | null = null): void {
    if (!this.#tracker) return
    // What the round before left unseen is not this one's.
    const nowMs = this.#clock.now()
    this.#tracker.take(this.#look(), nowMs)
    this.#tracker.round(caseIndex, roundIndex, nowMs, triedRate)
  }

  /** Writes a line that stays, above what is drawn; also where nothing is drawn. */
  say(line: string): void {
    this.#stream.write(`${this.#erasure()}${line}\n`)
    this.#drawn = []
    this.#redraw()
  }

  /** Erases what is drawn. May be called again. */
  close(): void {
    this.#cancel()
    this.#cancel = () => {}
    if (this.#drawn.length > 0) this.#stream.write(this.#erasure())
    this.#drawn = []
    this.#tracker?.close()
    this.#tracker = null
  }

  #redraw(): void {
    if (!this.#tracker) return
    const nowMs = this.#clock.now()
    this.#tracker.take(this.#look(), nowMs)
    const state = this.#tracker.state(nowMs)
    // A terminal that is behind gets the next picture, not all of them.
    if (!state || this.#stream.writableNeedDrain) return
    const lines = progressLines(state, this.#columns(), this.#colour)
    this.#stream.write(`${this.#erasure()}${lines.join('\n')}`)
    this.#drawn = lines
  }

  /** Back to where the drawing began, and everything from there erased. */
  #erasure(): string {
    if (this.#drawn.length === 0) return ''
    // A window that was made narrower since has wrapped the lines.
    const rows = this.#drawn
      .map((line) => Math.max(1, Math.ceil(displayWidth(stripVTControlCharacters(line)) / this.#columns())))
      .reduce((sum, count) => sum + count, 0)
    return `${rows > 1 ? `\u001b[${rows - 1}A` : ''}\r\u001b[J`
  }

  #columns(): number {
    return this.#stream.columns || DEFAULT_WIDTH
  }
}

function everyInterval(callback: () => void, intervalMs: number): () => void {
  const timer = setInterval(callback, intervalMs)
  timer.unref()
  return () => clearInterval(timer)
}
