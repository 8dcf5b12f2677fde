/** Results of strangers: read or refused, and nothing that a report shows of them does anything but stand there. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { clean, escapeInvisible } from '../../src/report/clean.ts'
import { FORMATS, type Format } from '../../src/report/formats.ts'
import { progressLines } from '../../src/report/progress/lines.ts'
import { displayWidth } from '../../src/report/wrap.ts'
import type { CaseResult, Result } from '../../src/result/document.ts'
import { jsonErrorPlace } from '../../src/result/json-place.ts'
import { ResultError, readResult } from '../../src/result/read.ts'
import { printable } from '../../src/values/printable.ts'
import { sampleResult } from '../result/sample.ts'
import { changedJson, changedText, changedTree } from './mutation.ts'
import { expectSafe } from './screen.ts'
import { type Subject, subject } from './subject.ts'

const whole = await sampleResult()
/** Two cases, a round each: enough of everything, and small. */
const SMALL: Result = {
  ...whole,
  cases: whole.cases.slice(1, 3).map((item) => ({ ...item, rounds: item.rounds.slice(0, 1) })),
}

let folder = ''
const before = (): void => {
  folder = mkdtempSync(join(tmpdir(), 'infer-bench-fuzz-'))
}
const after = (): void => rmSync(folder, { recursive: true })

const VIEWS = ['cases', 'matrix'] as const
const COLOURED: readonly string[] = ['table', 'charts']
/** Of a result that is a file of a few dozen kilobytes, or of a few thousand cases. */
const LONGEST_REPORT = 4_000_000

/** One report of each of them, by turns: all of every one would take ten times as long. */
let turn = 0

function expectReport(result: Result): void {
  const { name, render }: Format = FORMATS[turn % FORMATS.length]!
  const view = VIEWS[Math.floor(turn++ / FORMATS.length) % VIEWS.length]!
  const isColoured = COLOURED.includes(name)
  // CSV ends its lines as its standard says.
  const text = render([result], { width: 100, colour: isColoured }, view).replaceAll('\r\n', '\n')
  // What is JSON is as long as the file.
  if (name !== 'json' && text.length > LONGEST_REPORT)
    throw new Error(`${name} is ${text.length} characters long`)
  expectSafe(text, isColoured)
}

async function expectRead(text: string): Promise<void> {
  const file = join(folder, 'result.json')
  writeFileSync(file, text)
  let result: Result
  try {
    result = await readResult(file)
  } catch (error) {
    if (!(error instanceof ResultError)) throw error
    expectSafe(printable(error.message))
    if (error.message.length > 10_000) throw new Error(`an error of ${error.message.length} characters`)
    return
  }
  if (Object.getPrototypeOf(result) !== Object.prototype) throw new Error('it has another prototype')
  if ('polluted' in {}) throw new Error('every object is changed')
  expectReport(result)
}

const documents = subject<string>({
  name: 'a result file',
  inputs: changedJson(SMALL),
  cost: 20,
  before,
  after,
  holds: expectRead,
})

const scalars = subject<string>({
  name: 'a result file, any JSON',
  inputs: fc.oneof(
    fc.json({ maxDepth: 3 }),
    changedJson({ schema_version: '1.0', cases: [], __proto__: null }),
  ),
  before,
  after,
  holds: expectRead,
})

const NASTY = [
  '\u001b[2J\u001b[1;1H',
  '\u001b]0;title\u0007',
  '\u001b]8;;http://evil\u001b\\link\u001b]8;;\u001b\\',
  '\u009b31m',
  '\u202eltr\u202c',
  '\u2066x\u2069',
  '\r\n',
  '\b\b\b',
  '\u007f',
  '\u00ad',
  '\ufeff',
  '\u2028',
  '\ud83d',
  '😀\u200d👩',
  'e\u0301'.repeat(200),
  '| <b> `x` [a](http://x)',
  '\u{e0041}',
] as const
const foreign = fc.oneof(
  fc.constantFrom(...NASTY),
  fc.array(fc.constantFrom(...NASTY), { maxLength: 6 }).map((parts) => parts.join('a')),
  fc.string({ unit: 'binary', maxLength: 60 }),
  changedText(...NASTY),
)

/** The same text in every place where a stranger's may stand. */
function filledWith(text: string): Result {
  const cases = SMALL.cases.map(
    (item, index): CaseResult => ({
      ...item,
      name: `${text}${index}`,
      target: text,
      labels: { [text]: text, 'target.x': text },
      verdict: { valid: false, reasons: [text], notes: { request_latency: text, [text]: text } },
      absent: { ...item.absent, [text]: text },
      errors: [{ phase: text, class: text, code: text, count: 1, sample: text }],
    }),
  )
  const skipped = [{ provider: text, reason: text }]
  return {
    ...SMALL,
    name: text,
    region: text,
    run_id: text,
    cases,
    scenario: {
      cases: cases.map(({ name }) => ({
        name,
        target: { name: text, tls: { verify: false }, model: text },
        payload: { label: text },
      })),
    },
    environment: {
      ...SMALL.environment,
      tool: text,
      node: text,
      os: text,
      kernel: text,
      cpu: text,
      server: { name: text, version: text, provider: text, providers_skipped: skipped },
    },
    verdict: { valid: false, reasons: [text] },
    thresholds: [{ says: text, case: text, metric: text, value: 1, limit: 2, passed: false, reason: text }],
  }
}

const texts = subject<string>({
  name: 'foreign text in every place of a report',
  inputs: foreign,
  cost: 20,
  holds: (text) => expectReport(filledWith(text)),
})

const lines = subject<[text: string, width: number]>({
  name: 'foreign text in a line of progress',
  inputs: fc.tuple(foreign, fc.integer({ min: 1, max: 200 })),
  holds([caseName, width]) {
    const state = {
      caseName,
      caseIndex: 0,
      roundIndex: 0,
      caseCount: 3,
      roundCount: 2,
      stage: 'measuring',
      fraction: 0.3,
      triedRate: null,
      leftMs: 5000,
      ratePerSecond: 10,
      errors: 2,
      p50Ms: 1,
      p99Ms: 2,
    } as const
    for (const line of progressLines(state, width, false)) {
      expectSafe(line)
      if (line.includes('\n') || displayWidth(line) > Math.max(1, width - 1))
        throw new Error(JSON.stringify(line))
    }
    expectSafe(progressLines(state, width, true).join('\n'), true)
  },
})

const cleaned = subject<string>({
  name: 'foreign text, cleaned',
  inputs: foreign,
  examples: ['a \u0000 \u0000b'],
  holds(text) {
    const told = clean(text)
    expectSafe(told)
    if (told.includes('\n') || clean(told) !== told) throw new Error(JSON.stringify(told))
    expectSafe(printable(text))
    const json = escapeInvisible(JSON.stringify(text))
    expectSafe(json)
    if (JSON.parse(json) !== text) throw new Error('it is another text')
  },
})

const places = subject<string>({
  name: 'the place of a fault in JSON',
  inputs: changedJson(SMALL.environment, { a: [1, -2e5, 'x\\u0041', true, null] }),
  holds(text) {
    const place = jsonErrorPlace(text)
    let isSound = true
    try {
      JSON.parse(text)
    } catch {
      isSound = false
    }
    if (isSound !== (place === null)) throw new Error(`sound: ${isSound}, place: ${JSON.stringify(place)}`)
    if (place && !(place.line >= 1 && place.column >= 1)) throw new Error(JSON.stringify(place))
  },
})

/** Many of everything: what is told of it, and how long it takes, stays what a person can read and wait for. */
const many = subject<[cases: number, what: string]>({
  name: 'a result with a million of something',
  inputs: fc.tuple(
    fc.integer({ min: 1, max: 1_000_000 }),
    fc.constantFrom('cases', 'names', 'reasons', 'labels', 'errors', 'notes', 'depth', 'keys'),
  ),
  weight: 1000,
  before,
  after,
  async holds([count, what]) {
    const [first] = SMALL.cases as [CaseResult]
    const few = Math.min(count, 3000)
    const texts = Array.from({ length: Math.min(count, 300_000) }, (_, index) => `x${index}`)
    const record = Object.fromEntries(texts.map((text) => [text, text]))
    const error = { phase: 'p', class: 'c', code: '', count: 1, sample: 's' }
    const made: Record<string, () => unknown> = {
      cases: () => ({ ...SMALL, cases: Array.from({ length: count }, () => null) }),
      names: () => ({
        ...SMALL,
        cases: Array.from({ length: few }, () => ({ ...first, metrics: {}, rounds: [] })),
      }),
      reasons: () => ({ ...SMALL, verdict: { valid: false, reasons: texts } }),
      labels: () => ({ ...SMALL, cases: [{ ...first, labels: record }] }),
      errors: () => ({ ...SMALL, cases: [{ ...first, errors: Array.from({ length: few }, () => error) }] }),
      notes: () => ({
        ...SMALL,
        cases: [{ ...first, verdict: { valid: true, reasons: [], notes: record } }],
      }),
      depth: () => ({ ...SMALL, scenario: null }),
      keys: () => ({ ...SMALL, scenario: record }),
    }
    const json = JSON.stringify(made[what]!())
    await expectRead(
      what === 'depth'
        ? json.replace('"scenario":null', `"scenario":${'['.repeat(count)}${']'.repeat(count)}`)
        : json,
    )
  },
})

const trees = subject<unknown>({
  name: 'a result, its parts',
  inputs: changedTree({ ...SMALL, cases: SMALL.cases.slice(0, 1) }),
  cost: 20,
  before,
  after,
  holds: (tree) => expectRead(JSON.stringify(tree) ?? 'null'),
})

export const results: Subject[] = [documents, trees, scalars, many, texts, lines, cleaned, places]
