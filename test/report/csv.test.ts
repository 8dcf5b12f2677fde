/** CSV that spreadsheets and data frames read, and in which no text of a server becomes a formula. */

import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { csvReport } from '../../src/report/csv.ts'
import type { CaseResult, Result } from '../../src/result/document.ts'
import { readResult } from '../../src/result/read.ts'
import { askPython } from '../python.ts'
import { goldenFolder } from './golden.ts'

let result: Result

beforeAll(async () => {
  result = await readResult(fileURLToPath(new URL('fixture.json', goldenFolder)))
})

/** Rows by column, after RFC 4180 alone. */
function parsed(text: string): Record<string, string>[] {
  const records: string[][] = []
  let rest = text
  while (rest !== '') {
    const fields: string[] = []
    for (let end = ','; end === ','; ) {
      const match = /^(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/.exec(rest)
      if (!match) throw new Error(`no field: ${JSON.stringify(rest.slice(0, 40))}`)
      fields.push(match[1]?.replaceAll('""', '"') ?? match[2]!)
      end = match[3]!
      rest = rest.slice(match[0].length)
    }
    records.push(fields)
  }
  const [head, ...rows] = records
  return rows.map((row) => {
    expect(row).toHaveLength(head!.length)
    return Object.fromEntries(head!.map((name, index) => [name, row[index]!]))
  })
}

function rowOf(rows: Record<string, string>[], name: string, metric: string) {
  return rows.find((row) => row.case === name && row.metric === metric)
}

test('has every number as it was measured, and a row for none that is absent', () => {
  const rows = parsed(csvReport([result, { ...result, run_id: 'again', region: 'eu-1' }]))
  const half = rows.filter((row) => row.run_id !== 'again')
  expect(rows).toHaveLength(2 * half.length)
  expect(new Set(rows.slice(half.length).map(({ region }) => region))).toEqual(new Set(['eu-1']))
  for (const { name, metrics, summary } of result.cases) {
    for (const [metric, { count, p50, p99_9, stddev }] of Object.entries(metrics)) {
      const row = rowOf(half, name, metric)
      expect([row?.count, row?.p50, row?.p99_9, row?.stddev].map(Number)).toEqual([count, p50, p99_9, stddev])
      expect(row?.unit).toBe('ms')
      expect(row?.value).toBe('')
    }
    expect(Number(rowOf(half, name, 'request_throughput')?.value)).toBe(summary.request_throughput)
    expect(rowOf(half, name, 'server_memory_per_session')).toBeUndefined()
  }
  expect(rowOf(half, 'rest nobody listens', 'request_latency')).toBeUndefined()
})

test('tells lower bounds, invalid cases and labels', () => {
  const rows = parsed(csvReport([result]))
  expect(rowOf(rows, 'rest 1KiB ×8', 'request_throughput')).toMatchObject({
    labels: 'payload.size=1KiB',
    valid: 'true',
    at_least: 'value',
    value: '76211',
    unit: 'per second',
  })
  expect(rowOf(rows, 'chat 聊天 32→64 tokens', 'request_latency')?.at_least).toContain('mean;max')
  expect(rowOf(rows, 'rest burst 5000/s', 'request_latency')?.valid).toBe('false')
})

test('any text of a server: the same number of fields, no control character, no formula', () => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom(
      '=1+1',
      '+1',
      '-1',
      '@SUM(A1)',
      '\t=1',
      '\r=1',
      ' =1',
      '"=1"',
      ',=1',
      '\u200b=1',
      '＝1',
      '"',
      ',',
      '\r\n',
    ),
  )
  fc.assert(
    fc.property(texts, texts, (name, other) => {
      const cases = result.cases
        .slice(0, 1)
        .map((one): CaseResult => ({ ...one, name, target: other, api: name, labels: { [name]: other } }))
      const text = csvReport([{ ...result, name: other, region: name, run_id: name, cases }])
      expect(text.replaceAll('\r\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
      const rows = parsed(text)
      expect(rows).toHaveLength(Object.keys(cases[0]!.metrics).length + 4)
      for (const row of rows) {
        for (const key of ['result', 'run_id', 'region', 'case', 'target', 'api', 'labels']) {
          expect(row[key]).not.toMatch(/^[=+\-@\t\r＝＋－＠]/)
        }
      }
    }),
  )
})

test('is what Python reads, where it is strict', (context) => {
  const program = `
import csv, io, json, sys
print(json.dumps(list(csv.DictReader(io.StringIO(sys.stdin.buffer.read().decode(), newline=''), strict=True))))
`
  const cases = result.cases.map((one, index) => ({ ...one, name: `a "quoted", text ${index}` }))
  const text = csvReport([{ ...result, cases }])
  expect(askPython(context, null, program, text)).toEqual(parsed(text))
})
