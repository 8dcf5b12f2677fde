import { describe, expect, test } from 'vitest'
import { compareRegions, regionLabels } from '../../src/compare/regions.ts'
import { regionsPage } from '../../src/report/regions-page.ts'
import { pageReport } from '../../src/report/table.ts'
import type { Result } from '../../src/result/document.ts'
import { sampleCase, sampleResult } from '../result/sample.ts'

type Medians = Record<string, number>

async function resultOf(region: string | null, cases: Record<string, Medians>): Promise<Result> {
  const sample = await sampleResult()
  return {
    ...sample,
    name: 'regions',
    region,
    cases: Object.entries(cases).map(([name, medians]) => sampleCase({ name, medians, callCount: 50 })),
  }
}

const NEAR = { tcp_connect: 10, tls_handshake: 20, handshake: 30, service_time: 12 }
const FAR = { tcp_connect: 100, tls_handshake: 210, handshake: 310, service_time: 104 }

describe('regions', () => {
  test('have each phase in milliseconds and in their own round trips', async () => {
    const results = [await resultOf('eu', { rest: NEAR }), await resultOf('ap', { rest: FAR })]
    const { cases } = compareRegions(results, ['eu', 'ap'])
    const [eu, ap] = cases[0]!.rows
    expect(eu!.phases.map(({ name }) => name)).toEqual(['tcp_connect', 'tls_handshake'])
    expect(ap!.phases[1]!.roundTrips).toBeCloseTo(2.1, 1)
    expect(ap!.callRoundTrips).toBeCloseTo(1.04, 1)
    expect([eu!.costliest, ap!.costliest]).toEqual(['tls_handshake', 'tls_handshake'])
  })

  test('that are too near have no round trips', async () => {
    const here = { tcp_connect: 0.1, tls_handshake: 1.4, handshake: 1.5, service_time: 0.4 }
    const { cases } = compareRegions([await resultOf('here', { rest: here })], ['here'])
    expect(cases[0]!.rows[0]!.phases.map(({ roundTrips }) => roundTrips)).toEqual([null, null])
    expect(cases[0]!.advice).toEqual([])
  })

  test('are told what would save time, where it is worth a word', async () => {
    const results = [await resultOf('eu', { rest: NEAR }), await resultOf('ap', { rest: FAR })]
    const { advice } = compareRegions(results, ['eu', 'ap']).cases[0]!
    expect(advice.filter((line) => line.startsWith('ap: TLS 1.3'))).toHaveLength(1)
    expect(advice.filter((line) => line.startsWith('ap: an edge'))).toHaveLength(1)
    expect(advice.filter((line) => line.startsWith('eu: an edge'))).toEqual([])
  })

  test('without a connection or a call say nothing', async () => {
    const { cases } = compareRegions([await resultOf('eu', { rest: {} })], ['eu'])
    expect(cases[0]!.rows[0]).toMatchObject({ phases: [], handshakeMs: null, callMs: null, costliest: null })
  })

  test('have only the cases lined up that all have', async () => {
    const results = [await resultOf('eu', { rest: NEAR, grpc: NEAR }), await resultOf('ap', { rest: FAR })]
    const comparison = compareRegions(results, ['eu', 'ap'])
    expect(comparison.cases.map(({ name }) => name)).toEqual(['rest'])
    expect(comparison.unmatched).toEqual(['grpc'])
    expect(pageReport(regionsPage(comparison), { width: 100, colour: false })).toContain(
      'Not in every result',
    )
  })

  test('are called as the results say, or after their files, and never alike', () => {
    const labels = regionLabels([
      { region: 'eu', file: 'a' },
      { region: 'eu', file: 'b' },
      { region: null, file: 'c' },
    ])
    expect(labels).toEqual(['eu', 'eu (2)', 'c'])
  })
})
