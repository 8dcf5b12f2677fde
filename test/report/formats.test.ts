import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { FORMATS } from '../../src/report/formats.ts'
import { jsonReport } from '../../src/report/json.ts'
import { markdownReport } from '../../src/report/markdown.ts'
import { tableReport } from '../../src/report/table.ts'
import { displayWidth } from '../../src/report/wrap.ts'
import type { CaseResult, Result } from '../../src/result/document.ts'
import { readResult } from '../../src/result/read.ts'
import { runVerdict } from '../../src/result/verdict.ts'
import { writeResult } from '../../src/result/write.ts'
import { sampleResult } from '../result/sample.ts'
import { expectGolden, goldenFolder, UPDATES } from './golden.ts'
import { withoutLibrary } from './html-page.ts'

const ESCAPE = '\u001b'

let result: Result

beforeAll(async () => {
  const fixture = fileURLToPath(new URL('fixture.json', goldenFolder))
  if (UPDATES) await writeResult(await sampleResult(), fixture)
  result = await readResult(fixture)
})

describe('golden files', () => {
  test.each(FORMATS.map((format) => [format.name, format] as const))(
    '%s',
    async (name, { render, extension }) => {
      const text = render([result], { width: 100, colour: false })
      await expectGolden(`${name}.${extension}`, name === 'html' ? withoutLibrary(text) : text)
    },
  )

  test('table, in a narrow window', async () => {
    await expectGolden('table-80.txt', tableReport([result], { width: 80, colour: false }))
  })
})

function widest(text: string): number {
  return Math.max(...text.split('\n').map(displayWidth))
}

describe('the table', () => {
  test.each([80, 100, 120, 200])('fits %d columns', (width) => {
    expect(widest(tableReport([result], { width, colour: false }))).toBeLessThanOrEqual(width)
  })

  test('says which columns a narrow window has no room for', () => {
    expect(tableReport([result], { width: 80, colour: false })).toContain('(not enough room for: ')
    expect(tableReport([result], { width: 200, colour: false })).not.toContain('not enough room')
  })

  test('is the same text with colour and without', () => {
    const coloured = tableReport([result], { width: 100, colour: true })
    expect(coloured).toContain('\u001b[31mFAIL\u001b[39m')
    expect(stripVTControlCharacters(coloured)).toBe(tableReport([result], { width: 100, colour: false }))
  })

  test('closes each colour within its line', () => {
    for (const line of tableReport([result], { width: 80, colour: true }).split('\n')) {
      const codes = line.match(new RegExp(`${ESCAPE}\\[\\d+m`, 'g')) ?? []
      const isOpening = (code: string) =>
        !['\u001b[39m', '\u001b[22m', '\u001b[49m', '\u001b[0m'].includes(code)
      expect(codes.filter(isOpening).length).toBeLessThanOrEqual(codes.length / 2)
    }
  })

  test('has a row for every case of every result', () => {
    const text = tableReport([result, { ...result, name: 'again' }], { width: 200, colour: false })
    for (const { name } of result.cases) expect(text.split(name).length).toBeGreaterThan(2)
    expect(text).toContain('\n\nagain\n')
  })

  test('of a run without cases says so by its verdict alone', () => {
    const empty = { ...result, cases: [], thresholds: [], verdict: { valid: true, reasons: [] } }
    const text = tableReport([empty], { width: 100, colour: false })
    expect(text).toContain('0 cases')
    expect(text).not.toContain('Unary calls')
  })
})

describe('units', () => {
  const withP50 = (...p50s: number[]): Result => ({
    ...result,
    cases: p50s.map((p50, index) => {
      const [first] = result.cases
      const latency = { ...first!.metrics.request_latency!, p50, p90: p50, p99: p50 }
      return {
        ...first!,
        name: `case ${index}`,
        verdict: { valid: true, reasons: [] },
        metrics: { request_latency: latency },
      }
    }),
  })

  test.each([
    [[0.0682, 0.5], 'µs', ['68.2', '500']],
    [[0.0682, 12.34], 'ms', ['0.0682', '12.3']],
    [[0, 3], 'ms', ['0', '3.00']],
    [[1234, 98_765], 's', ['1.23', '98.8']],
    [[0.00001, 2000], 'ms', ['<0.0001', '2,000']],
  ])('%j in %s', (values, unit, texts) => {
    const text = markdownReport([withP50(...values)])
    expect(text).toContain(`request latency p50 ${unit}`)
    const cells = text
      .split('\n')
      .filter((line) => line.startsWith('| case '))
      .filter((line) => !line.includes('requests/s'))
      .map((line) => line.split(' | ').map((cell) => cell.replaceAll('\\', '')))
    for (const [index, expected] of texts.entries()) expect(cells[index]).toContain(expected)
  })
})

describe('what a reader must not miss', () => {
  test('lower bounds, invalid cases, unverified TLS and absent metrics', () => {
    const text = tableReport([result], { width: 100, colour: false })
    expect(text).toContain('>=76,211')
    expect(text).toContain('INVALID: the numbers of 2 of 5 cases')
    expect(text).toContain('(invalid)')
    expect(text).toContain('TLS certificates were not verified: rest-tls')
    expect(text).toContain('absent: tls_handshake (rest 1KiB ×8): the target is not served over TLS')
    expect(text).not.toContain('absent: dns_lookup')
    expect(text).toContain('cuda skipped: libcudart')
  })

  test('that the run was cancelled', () => {
    expect(markdownReport([{ ...result, cancelled: true }])).toContain(`## ${result.name} (cancelled)`)
  })

  test.each(['cases', 'matrix'] as const)('that it ended before it was over, and why: %s', (view) => {
    const incomplete = { reason: 'load thread 2 of 2 ran out of memory' }
    const told = (cases: CaseResult[]) =>
      markdownReport(
        [{ ...result, cases, incomplete, verdict: runVerdict(cases, 0, incomplete) }],
        undefined,
        view,
      )
    const valid = told(result.cases.filter((one) => one.verdict.valid))
    expect(valid).toContain(`## ${result.name} (incomplete)`)
    expect(valid).toContain('- **INCOMPLETE: the run ended early; what was measured before can be trusted')
    expect(valid).toContain('- the run is incomplete: load thread 2 of 2 ran out of memory')
    const invalid = told(result.cases)
    expect(invalid).toContain('- **INVALID: the numbers of 2 of 5 cases')
    expect(invalid).toContain('- the run is incomplete: load thread 2 of 2 ran out of memory')
  })
})

describe('text from outside', () => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.constantFrom(
      '\u001b[2J\u001b[H\u001b]0;title\u0007',
      '\u009b31mred',
      'a\r\nb\u2028c\u0000',
      '\u202egnp.exe',
      '| a | b |\n| --- | --- |',
      '<img src=x onerror=alert(1)>',
      '[click](https://example.com)',
      '推論'.repeat(60),
      '👩‍👩‍👧‍👦🇩🇪'.repeat(30),
      'e\u0301'.repeat(80),
      '\ud800',
      'x'.repeat(5000),
      '',
    ),
  )

  const changed = fc
    .record({ text: hostile, reason: hostile, number: fc.double({ noNaN: true, noDefaultInfinity: true }) })
    .map(({ text, reason, number }): Result => {
      const replaced = (item: CaseResult): CaseResult => ({
        ...item,
        name: text,
        verdict: { valid: false, reasons: [reason], notes: { [text]: reason } },
        summary: { ...item.summary, request_throughput: number, overhead_bytes: number },
        absent: { [text]: reason },
        errors: [{ phase: text, class: reason, code: text, count: 1, sample: reason }],
      })
      return {
        ...result,
        name: text,
        region: reason,
        environment: { ...result.environment, cpu: text, kernel: reason },
        cases: result.cases.slice(0, 3).map(replaced),
        thresholds: result.thresholds.map((threshold) => ({
          ...threshold,
          says: text,
          reason,
          value: number,
        })),
      }
    })

  test('makes no line too long and reaches no terminal as a command', () => {
    fc.assert(
      fc.property(changed, fc.integer({ min: 80, max: 160 }), (bad, width) => {
        const text = tableReport([bad], { width, colour: false })
        expect(widest(text)).toBeLessThanOrEqual(width)
        expect(text).not.toMatch(/[^\P{C}\n]/u)
      }),
      { numRuns: 60 },
    )
  })

  test('breaks no Markdown table and makes no markup', () => {
    fc.assert(
      fc.property(changed, (bad) => {
        const text = markdownReport([bad])
        expect(text).not.toMatch(/[^\P{C}\n]/u)
        expect(text).not.toMatch(/(?<!\\)[<`[]|https?:\/\//)
        const cellCount = (line: string) => line.match(/(?<!\\)(?:\\\\)*\|/g)!.length
        for (const block of text.split('\n\n').filter((part) => part.startsWith('|'))) {
          const [head, ...rows] = block.trimEnd().split('\n').map(cellCount)
          for (const row of rows) expect(row).toBe(head)
        }
      }),
      { numRuns: 60 },
    )
  })

  test('comes back unchanged from JSON, with nothing invisible in it', () => {
    fc.assert(
      fc.property(changed, (bad) => {
        const text = jsonReport([bad])
        expect(text).not.toMatch(/[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}]/u)
        expect(JSON.parse(text)).toMatchObject({ name: bad.name, region: bad.region })
      }),
      { numRuns: 60 },
    )
  })
})

test('JSON is each result’s whole document, which can be read back', async () => {
  const text = jsonReport([result, { ...result, name: 'again' }])
  const [first, second] = text.split(/(?<=\n}\n)/)
  expect(JSON.parse(first!)).toEqual(result)
  expect(JSON.parse(second!)).toEqual({ ...result, name: 'again' })
  const file = join(await mkdtemp(join(tmpdir(), 'json-report-')), 'printed.json')
  await writeFile(file, first!)
  expect(await readResult(file)).toEqual(result)
  await rm(dirname(file), { recursive: true })
})
