/** What is written for Prometheus, read by a parser of Prometheus' own. */

import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { beforeAll, expect, type TestContext, test } from 'vitest'
import { prometheusReport } from '../../src/report/prometheus.ts'
import type { CaseResult, Result } from '../../src/result/document.ts'
import { readResult } from '../../src/result/read.ts'
import { askPython } from '../python.ts'
import { goldenFolder } from './golden.ts'

let result: Result

beforeAll(async () => {
  result = await readResult(fileURLToPath(new URL('fixture.json', goldenFolder)))
})

interface Family {
  name: string
  type: string
  help: string
  samples: { name: string; labels: Record<string, string>; value: number }[]
}

function readBack(context: TestContext, text: string): Family[] {
  const program = `
import json, sys
from prometheus_client.parser import text_string_to_metric_families
text = sys.stdin.buffer.read().decode()
print(json.dumps([{
    'name': family.name, 'type': family.type, 'help': family.documentation,
    'samples': [{'name': s.name, 'labels': s.labels, 'value': s.value} for s in family.samples],
} for family in text_string_to_metric_families(text)]))
`
  return askPython(context, 'prometheus-client', program, text) as Family[]
}

function sampleOf(families: Family[], name: string, labels: Record<string, string>): number | undefined {
  const samples = families.flatMap((family) => family.samples)
  const found = samples.filter(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  )
  expect(found.length).toBeLessThanOrEqual(1)
  return found[0]?.value
}

test('has every timing in seconds, and what is no timing in its own unit', (context) => {
  const families = readBack(context, prometheusReport([{ ...result, region: 'eu-1' }]))
  for (const one of result.cases) {
    const labels = {
      case: one.name,
      target: one.target,
      interface: one.interface,
      api: one.api,
      region: 'eu-1',
      result: result.name,
    }
    for (const [metric, { p50, p99_9, mean, count }] of Object.entries(one.metrics)) {
      const name = `infer_bench_${metric}_seconds`
      expect(families.find((family) => family.name === name)?.type).toBe('summary')
      expect(sampleOf(families, name, { ...labels, quantile: '0.5' })).toBeCloseTo(p50 / 1000, 12)
      expect(sampleOf(families, name, { ...labels, quantile: '0.999' })).toBeCloseTo(p99_9 / 1000, 12)
      expect(sampleOf(families, `${name}_sum`, labels)).toBeCloseTo((mean * count) / 1000, 9)
      expect(sampleOf(families, `${name}_count`, labels)).toBe(count)
    }
    expect(sampleOf(families, 'infer_bench_case_valid', labels)).toBe(one.verdict.valid ? 1 : 0)
    const { request_throughput: rate, overhead_bytes: overhead } = one.summary
    expect(sampleOf(families, 'infer_bench_request_throughput_per_second', labels)).toBe(rate)
    expect(sampleOf(families, 'infer_bench_overhead_bytes_ratio', labels)).toBe(overhead ?? undefined)
  }
  expect(
    sampleOf(families, 'infer_bench_lower_bound', { case: 'rest 1KiB ×8', metric: 'request_throughput' }),
  ).toBe(1)
})

test('says what a family is once, before its samples, which all differ', (context) => {
  const text = prometheusReport([result, { ...result, name: 'another' }])
  const heads = text.match(/^# TYPE (\S+)/gm)!
  expect(new Set(heads).size).toBe(heads.length)
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  expect(new Set(samples.map((line) => line.slice(0, line.lastIndexOf(' ')))).size).toBe(samples.length)
  for (const { name, type, help } of readBack(context, text)) {
    expect(name).toMatch(/^infer_bench_[a-z0-9_]+$/)
    expect(['gauge', 'summary']).toContain(type)
    expect(help).not.toBe('')
  }
})

test('a load that makes no calls has no throughput, not one of 0', () => {
  const [first] = result.cases
  const summary = { ...first!.summary, request_throughput: 0, sessions: 200, session_loss: 0 }
  const text = prometheusReport([{ ...result, cases: [{ ...first!, summary }] }])
  expect(text).not.toContain('request_throughput')
  expect(text).toMatch(/^infer_bench_session_loss_ratio\{.*\} 0$/m)
})

test('of two runs of the same cases, the later one is how it is now', () => {
  const slow = result.cases.map((one) => ({ ...one, summary: { ...one.summary, request_throughput: 1.5 } }))
  const later = { ...result, start_time: '2026-11-24T00:00:00.000Z', cases: slow }
  expect(prometheusReport([later, result])).toBe(prometheusReport([later]))
})

test('any text of a server comes back as it was cleaned', (context) => {
  const texts = fc.array(fc.string({ unit: 'binary', maxLength: 40 }), { minLength: 100, maxLength: 100 })
  const nasty = ['a"b', 'a\\', '\\n', 'a\nb', '"} 1', '{', '#', '']
  fc.assert(
    fc.property(texts, (foreign) => {
      const [first] = result.cases
      const names = [...nasty, ...foreign].map((text, index) => `${text} ${index}`)
      const cases = names.map((name): CaseResult => ({ ...first!, name, metrics: {} }))
      const text = prometheusReport([{ ...result, cases }])
      const valid = readBack(context, text).find(({ name }) => name === 'infer_bench_case_valid')!
      expect(valid.samples).toHaveLength(names.length)
      expect(valid.samples[0]!.labels.case).toBe('a"b 0')
      expect(valid.samples[1]!.labels.case).toBe('a\\ 1')
      expect(valid.samples[2]!.labels.case).toBe('\\n 2')
      expect(valid.samples[3]!.labels.case).toBe('a b 3')
    }),
    { numRuns: 3 },
  )
})
