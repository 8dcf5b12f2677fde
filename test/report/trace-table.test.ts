import { beforeAll, describe, expect, test } from 'vitest'
import { initHistograms } from '../../src/record/histogram.ts'
import { traceTable } from '../../src/report/trace-table.ts'
import type { CaseResult } from '../../src/result/document.ts'
import { sampleCase } from '../result/sample.ts'

beforeAll(initHistograms)

function traced(name: string, slowestMs: readonly number[], failed: readonly string[] = []): CaseResult {
  const call = (latencyMs: number) => ({
    trace_id: latencyMs.toString(16).padStart(32, '0'),
    latency_ms: latencyMs,
    start_time: '2026-11-25T11:02:09.635Z',
  })
  return {
    ...sampleCase({ name, medians: {}, callCount: 1 }),
    traces: {
      slowest: slowestMs.map(call),
      failed: failed.map((errorClass) => ({ ...call(7), class: errorClass })),
    },
  }
}

function shown(cases: readonly CaseResult[]): string[][] {
  return traceTable(cases)!.rows.map((cells) => cells.slice(0, 3).map(({ text }) => text))
}

describe('the table of traces', () => {
  test('is not there where no server was told of any', () => {
    expect(traceTable([sampleCase({ name: 'plain', medians: {}, callCount: 1 })])).toBeNull()
    expect(traceTable([traced('nothing sent', [])])).toBeNull()
  })

  test('has what was slow, and then what failed', () => {
    expect(shown([traced('rest', [30, 20], ['http.503'])])).toEqual([
      ['rest', '30.0 ms', 'ok'],
      ['rest', '20.0 ms', 'ok'],
      ['rest', '7.00 ms', 'http.503'],
    ])
  })

  test('leaves each of many cases its share, and says what it leaves out', () => {
    const cases = Array.from({ length: 8 }, (_, index) => traced(`case ${index}`, [50, 40, 30, 20, 10]))
    const rows = shown(cases)
    expect(rows.length).toBe(16)
    expect(new Set(rows.map(([name]) => name)).size).toBe(8)
    expect(traceTable(cases)!.title).toBe('Slowest calls: trace ids (24 more are in the result)')
    const many = Array.from({ length: 50 }, (_, index) => traced(`case ${index}`, [50, 40]))
    expect(shown(many).length).toBe(20)
  })

  test('prints nothing that a result could hide in it', () => {
    expect(shown([traced('rest\u001b[31m', [1], ['http\u202e503'])])).toEqual([
      ['rest', '1.00 ms', 'ok'],
      ['rest', '7.00 ms', 'http503'],
    ])
  })
})
