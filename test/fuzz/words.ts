/** What people write and what servers tell in a line: quantities, limits, `Server-Timing`, a Prometheus page. */

import fc from 'fast-check'
import { usageIn } from '../../src/agent/metrics-page.ts'
import { readServerTiming } from '../../src/drivers/server-timing.ts'
import { METRICS } from '../../src/record/metrics.ts'
import { limit } from '../../src/scenario/limit.ts'
import {
  DURATION,
  formatDuration,
  formatRate,
  formatSize,
  parseQuantity,
  type Quantity,
  RATE,
  SHARE,
  SIZE,
} from '../../src/values/units.ts'
import { changedText } from './mutation.ts'
import { type Subject, subject } from './subject.ts'

const kinds: Readonly<Record<string, Quantity>> = { size: SIZE, duration: DURATION, rate: RATE, share: SHARE }

/** Long runs of one character: what makes a pattern try every way there is. */
const runs = fc
  .tuple(
    fc.constantFrom('', '5', '< ', 'queue;', 'process_cpu_seconds_total{', '.'),
    fc.constantFrom(' ', '\n', '\t', '5', 'x', '.', ',', ';', '{', '\u2003'),
    fc.integer({ min: 0, max: 100_000 }),
    fc.constantFrom('', '5', 'x', '\ny', '}', 's 5'),
  )
  .map(([before, run, count, after]) => before + run.repeat(count) + after)

const written = (...good: string[]) =>
  fc.oneof({ arbitrary: changedText(...good), weight: 60 }, { arbitrary: runs, weight: 1 })

function expectNumber(value: unknown, min: number, max: number): void {
  if (typeof value !== 'number' || !(value >= min && value <= max)) throw new Error(`${value} was read`)
}

const quantities = Object.entries(kinds).map(([name, kind]) =>
  subject<unknown>({
    name: `a ${name}`,
    inputs: fc.oneof(
      { arbitrary: written(...kind.examples, '1e3s', '0x10B', '+5 ms'), weight: 9 },
      { arbitrary: fc.oneof(fc.double(), fc.integer(), fc.anything()), weight: 1 },
    ),
    examples: [`5${' '.repeat(100_000)}5`],
    holds(raw) {
      const parsed = parseQuantity(raw, kind)
      if ('value' in parsed) expectNumber(parsed.value, kind.min, kind.max)
      else if (parsed.message === '' || parsed.cure === '') throw new Error('nothing is said')
    },
  }),
)

/** What is written of a number is read as that number, or as near as six digits come to it. */
const writtenAgain = subject<[size: number, durationMs: number, rate: number]>({
  name: 'quantities, written and read again',
  inputs: fc.tuple(
    fc.integer({ min: 1, max: SIZE.max }),
    fc.double({ min: 0.001, max: DURATION.max, noNaN: true }),
    fc.double({ min: 0.001, max: RATE.max, noNaN: true }),
  ),
  holds([size, durationMs, rate]) {
    const read = (text: string, kind: Quantity) => {
      const parsed = parseQuantity(text, kind)
      if (!('value' in parsed)) throw new Error(`${text}: ${parsed.message}`)
      return parsed.value
    }
    const expectNear = (one: number, other: number) => {
      if (Math.abs(one / other - 1) > 1e-5) throw new Error(`${one} became ${other}`)
    }
    if (read(formatSize(size), SIZE) !== size) throw new Error(formatSize(size))
    expectNear(durationMs, read(formatDuration(durationMs), DURATION))
    expectNear(rate, read(formatRate(rate), RATE))
  },
})

const limits = subject<unknown>({
  name: 'a threshold’s limit',
  inputs: fc.oneof(written('< 50ms', '>= 99%', '<1e12/s', '> 0.5', '<= 10KiB'), fc.anything()),
  examples: [`<${' '.repeat(100_000)}\nx\ny`],
  holds(raw) {
    for (const unit of new Set(METRICS.map((metric) => metric.unit))) {
      const parsed = limit(unit).safeParse(raw)
      if (parsed.success) expectNumber(parsed.data.limit, 0, 1e12)
    }
  },
})

const serverTiming = subject<string>({
  name: 'a `Server-Timing` header',
  inputs: written('queue;dur=0.1, compute;dur=1.2', 'cache;desc="a, b", queue;x=1;dur=5', 'queue;dur=1.2.3'),
  holds(header) {
    const timing = { queueMs: Number.NaN, computeMs: Number.NaN }
    const isTold = readServerTiming(header, timing)
    const values = [timing.queueMs, timing.computeMs].filter((value) => !Number.isNaN(value))
    if (isTold !== values.length > 0) throw new Error('what is told and what is said differ')
    for (const value of values) expectNumber(value, 0, Number.MAX_VALUE)
  },
})

const PAGE = `# HELP process_cpu_seconds_total CPU time.
# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total{job="a"} 12.5
infer_frontend_cpu_seconds_total 3e2 1700000000
process_resident_memory_bytes 1.5e8
`

const prometheus = subject<string>({
  name: 'a page of Prometheus',
  inputs: written(PAGE, 'process_cpu_seconds_total 1e+3\n', 'process_cpu_seconds_total{a="}"} 5\n'),
  examples: ['process_cpu_seconds_total{\n'.repeat(100_000)],
  holds(page) {
    for (const told of Object.values(usageIn(page)))
      if (told !== null) expectNumber(told, 0, Number.MAX_VALUE)
  },
})

export const words: Subject[] = [...quantities, writtenAgain, limits, serverTiming, prometheus]
