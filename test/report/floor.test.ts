import { beforeAll, expect, test } from 'vitest'
import { jsonReport } from '../../src/report/json.ts'
import { markdownReport } from '../../src/report/markdown.ts'
import { tableReport } from '../../src/report/table.ts'
import type { CaseResult, Floor, Result } from '../../src/result/document.ts'
import { resultSchema } from '../../src/result/document.ts'
import { floorOf, isCloseToFloor } from '../../src/result/floor.ts'
import { sampleResult } from '../result/sample.ts'

const STYLE = { width: 160, colour: false }

let result: Result
let unary: CaseResult

/** The case's own latency, so many times as long. */
function floorAt(share: number, of: CaseResult): Floor {
  const { hdr: _hdr, ...own } = of.metrics.request_latency!
  return {
    load: {},
    summary: of.summary,
    metrics: { request_latency: { ...own, p50: own.p50 * share } },
    reason: null,
  }
}

beforeAll(async () => {
  result = await sampleResult()
  unary = result.cases.find(({ kind, metrics }) => kind === 'unary' && metrics.request_latency)!
})

function withFloor(floor: Floor | undefined): Result {
  const cases = result.cases.map((one) => (one === unary ? { ...one, floor } : one))
  return { ...result, cases } as Result
}

test('a floor is a column and a footnote, and changes no other number', () => {
  const before = tableReport([result], STYLE)
  const after = tableReport([withFloor(floorAt(0.25, unary))], STYLE)
  expect(before).not.toContain('floor')
  expect(after).toContain('floor: what the same calls take')
  expect(after).not.toContain('close to the floor')
  const numbers = (text: string) => Map.groupBy(text.match(/[\d.]+/g)!, (number) => number)
  const shown = numbers(after)
  for (const [number, times] of numbers(before)) {
    expect(shown.get(number)?.length ?? 0, number).toBeGreaterThanOrEqual(times.length)
  }
  expect(markdownReport([withFloor(floorAt(0.25, unary))])).toMatch(/\| floor p50 \w+ \|/)
  expect(JSON.parse(jsonReport([withFloor(floorAt(0.25, unary))])).cases).toContainEqual(
    expect.objectContaining({ floor: floorAt(0.25, unary) }),
  )
})

test('a latency of less than twice its floor is marked', () => {
  const far = { ...unary, floor: floorAt(0.5, unary) }
  const close = { ...unary, floor: floorAt(0.51, unary) }
  expect(isCloseToFloor(far, 'request_latency', 'p50')).toBe(false)
  expect(isCloseToFloor(close, 'request_latency', 'p50')).toBe(true)
  expect(tableReport([withFloor(close.floor)], STYLE)).toContain('close to the floor')
})

test('a floor that could not be measured says why', () => {
  const text = tableReport(
    [withFloor({ load: {}, summary: null, metrics: {}, reason: 'it\u001b[2J broke' })],
    STYLE,
  )
  expect(text).toContain(`no floor: ${unary.name}: it`)
  expect(text).not.toContain('\u001b')
  expect(text).not.toContain('floor: what the same calls take')
})

test('a result with floors is read back, and so is one without', () => {
  expect(resultSchema.parse(withFloor(floorAt(0.5, unary))).cases.some(({ floor }) => floor)).toBe(true)
  expect(resultSchema.parse(result).cases.some(({ floor }) => floor)).toBe(false)
})

test('a metric that the floor lacks, or that an object has by nature, is null', () => {
  const close = { floor: floorAt(0.5, unary) }
  expect(floorOf(close, 'time_to_first_token', 'p50')).toBeNull()
  expect(floorOf(close, 'constructor', 'p50')).toBeNull()
  expect(floorOf({}, 'request_latency', 'p50')).toBeNull()
})
