import { beforeAll, describe, expect, test } from 'vitest'
import { initHistograms } from '../../src/record/histogram.ts'
import { type ProgressState, progressLines } from '../../src/report/progress/lines.ts'
import { Progress, type ProgressStream } from '../../src/report/progress/progress.ts'
import { displayWidth } from '../../src/report/wrap.ts'
import { plan, SECOND_OF_CALLS } from './progress-plan.ts'

beforeAll(initHistograms)

const STATE: ProgressState = {
  caseName: 'rest 1KiB ×8',
  caseIndex: 1,
  roundIndex: 2,
  caseCount: 6,
  roundCount: 5,
  triedRate: null,
  stage: 'measuring',
  fraction: 0.58,
  leftMs: 23_000,
  ratePerSecond: 12_345.6,
  errors: 3,
  p50Ms: 0.068,
  p99Ms: 0.21,
}

describe('the lines', () => {
  test('say where the run is', () => {
    expect(progressLines(STATE, 120, false)).toEqual([
      '[2/6] rest 1KiB ×8  round 3/5',
      '█████████████████░░░░░░░░░░░░░   58%  3 errors  0:23 left  12,346 calls/s  p50 68.0 µs  p99 210 µs',
    ])
  })

  test('leave out what nobody knows yet', () => {
    const early = {
      ...STATE,
      stage: 'warm-up' as const,
      leftMs: null,
      errors: 0,
      p50Ms: null,
      p99Ms: null,
      fraction: 0,
      ratePerSecond: 0,
    }
    expect(progressLines(early, 120, false)).toEqual([
      '[2/6] rest 1KiB ×8  round 3/5, warm-up',
      '░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░    0%  0 calls/s',
    ])
  })

  test('never reach the last column, in any window and with any name', () => {
    const names = [
      STATE.caseName,
      '推論'.repeat(50),
      'x'.repeat(300),
      '\u001b[2J\r\n',
      '👩‍👩‍👧‍👦'.repeat(20),
      '',
    ]
    for (const caseName of names) {
      for (let width = 1; width <= 200; width++) {
        const lines = progressLines({ ...STATE, caseName }, width, false)
        expect(lines).toHaveLength(2)
        for (const line of lines) {
          expect(displayWidth(line)).toBeLessThan(Math.max(2, width))
          expect(line).not.toMatch(/\p{Cc}/u)
        }
      }
    }
  })
})

/** Cursor up, erase below, colour, or a character. */
const ESCAPE = '\u001b'
const TERMINAL_TOKENS = new RegExp(`${ESCAPE}\\[(?:(\\d*)A|J|\\d+m)|.`, 'gsu')

/** A terminal, as far as the display speaks its language. */
class Screen implements ProgressStream {
  readonly isTTY: boolean
  columns = 60
  writableNeedDrain = false
  writes = 0
  #rows: string[][] = [[]]
  #row = 0
  #column = 0

  constructor(isTTY = true) {
    this.isTTY = isTTY
  }

  write(text: string): void {
    this.writes++
    for (const [token, up] of text.matchAll(TERMINAL_TOKENS)) {
      if (up !== undefined) this.#row = Math.max(0, this.#row - Number(up))
      else if (token === '\u001b[J') this.#eraseBelow()
      else if (token === '\r') this.#column = 0
      else if (token === '\n') this.#down()
      else if (token.startsWith('\u001b')) expect(token).toMatch(/m$/)
      else this.#put(token)
    }
  }

  /** What a person sees. */
  text(): string {
    const lines = this.#rows.map((row) =>
      [...row]
        .map((character) => character ?? ' ')
        .join('')
        .trimEnd(),
    )
    return lines.join('\n').trimEnd()
  }

  /** Wraps again what is wider than the new width, as terminals do. */
  narrow(columns: number): void {
    this.columns = columns
    const lines = this.#rows.map((row) => row.join(''))
    this.#rows = lines.flatMap(
      (line) => line.match(new RegExp(`.{1,${columns}}`, 'gu'))?.map((part) => [...part]) ?? [[]],
    )
    this.#row = this.#rows.length - 1
    this.#column = this.#rows.at(-1)!.length
  }

  #put(character: string): void {
    if (this.#column >= this.columns) this.#down()
    this.#rows[this.#row]![this.#column++] = character
  }

  #down(): void {
    this.#row++
    this.#column = 0
    if (this.#row === this.#rows.length) this.#rows.push([])
  }

  #eraseBelow(): void {
    this.#rows.length = this.#row + 1
    this.#rows[this.#row]!.length = this.#column
  }
}

describe('the display', () => {
  function start(screen: Screen, options: { quiet?: boolean; env?: Record<string, string> } = {}) {
    let nowMs = 0
    const timers = new Set<() => void>()
    const progress = new Progress({
      stream: screen,
      quiet: options.quiet ?? false,
      env: options.env ?? {},
      clock: { now: () => nowMs },
      every(callback, intervalMs) {
        expect(intervalMs).toBeGreaterThanOrEqual(200)
        timers.add(callback)
        return () => timers.delete(callback)
      },
    })
    progress.begin(plan({}, {}), () => [SECOND_OF_CALLS])
    const tick = (ms = 1000) => {
      nowMs += ms
      for (const callback of timers) callback()
    }
    return { progress, tick, timers }
  }

  test('draws in place, and leaves no trace', () => {
    const screen = new Screen()
    screen.write('$ infer-bench run\n')
    const { progress, tick, timers } = start(screen)
    tick()
    expect(screen.text()).toBe('$ infer-bench run')
    progress.round(0, 0)
    for (let times = 0; times < 5; times++) tick()
    expect(screen.text().split('\n')).toHaveLength(3)
    expect(screen.text()).toContain('[1/2] case 0')
    progress.close()
    expect(screen.text()).toBe('$ infer-bench run')
    expect(timers.size).toBe(0)
    const { writes } = screen
    progress.close()
    progress.round(0, 1)
    expect(screen.writes).toBe(writes)
    screen.write('the table')
    expect(screen.text()).toBe('$ infer-bench run\nthe table')
  })

  test('leaves no trace either when the window is made narrower', () => {
    const screen = new Screen()
    screen.write('before\n')
    const { progress, tick } = start(screen)
    progress.round(0, 0)
    tick()
    screen.narrow(17)
    tick()
    expect(screen.text().split('\n')).toHaveLength(3)
    screen.narrow(9)
    progress.close()
    expect(screen.text()).toBe('before')
  })

  test('puts what is said above itself', () => {
    const screen = new Screen()
    const { progress, tick } = start(screen)
    progress.round(0, 0)
    tick()
    progress.say('ending the round')
    expect(screen.text()).toMatch(/^ending the round\n\[1\/2\] case 0.*\n.*%.*$/)
    progress.close()
    expect(screen.text()).toBe('ending the round')
  })

  test('skips a picture where the terminal is behind', () => {
    const screen = new Screen()
    const { progress, tick } = start(screen)
    progress.round(0, 0)
    screen.writableNeedDrain = true
    tick()
    expect(screen.writes).toBe(0)
    screen.writableNeedDrain = false
    tick()
    expect(screen.writes).toBe(1)
    progress.close()
  })

  test.each([
    ['in a pipe', new Screen(false), {}],
    ['with --quiet', new Screen(), { quiet: true }],
    ['on a dumb terminal', new Screen(), { env: { TERM: 'dumb' } }],
  ])('draws nothing %s, but says what is said', (_, screen, options) => {
    const { progress, tick, timers } = start(screen, options)
    progress.round(0, 0)
    tick()
    progress.close()
    expect(screen.writes).toBe(0)
    expect(timers.size).toBe(0)
    progress.say('plain')
    expect(screen.text()).toBe('plain')
  })
})
