import { beforeAll, describe, expect, test } from 'vitest'
import { adviceOf } from '../../src/report/advice/advice.ts'
import { PICKED, PURPOSES } from '../../src/report/advice/purposes.ts'
import type { Advice } from '../../src/report/advice/ranking.ts'
import { TRAITS } from '../../src/report/advice/traits.ts'
import { FORMATS } from '../../src/report/formats.ts'
import { MATRIX_COLUMNS } from '../../src/report/matrix/matrix.ts'
import type { Result } from '../../src/result/document.ts'
import { expectGolden } from './golden.ts'
import { matrixSample } from './matrix-sample.ts'

let result: Result

beforeAll(async () => {
  result = await matrixSample((spec) =>
    // Every case valid, so that all numbers rank.
    spec.callCount === 0 ? null : { ...spec, verdict: { valid: true, reasons: [] } },
  )
})

function adviceFor(purpose: string, of: Result = result): Advice {
  const found = Object.values(adviceOf(of))
    .flat()
    .find((one) => one.purpose === purpose)
  expect(found, purpose).toBeDefined()
  return found!
}

const titles = ({ rankings }: Advice) => rankings.map(({ placings }) => placings.map(({ title }) => title))

test('golden: as a table, and as JSON', async () => {
  for (const { name, extension, render } of FORMATS.filter((format) => /^(table|json)$/.test(format.name))) {
    await expectGolden(
      `advice-${name}.${extension}`,
      render([result], { width: 100, colour: false }, 'advice'),
    )
  }
})

describe('a ranking', () => {
  test('has the best first, and how far behind the others are', () => {
    const { rankings, agrees } = adviceFor('Batches and offline inference')
    const [rest, grpc] = rankings[0]!.placings
    expect([rest!.title, grpc!.title]).toEqual(['REST', 'gRPC (Unary)'])
    expect(rest!.factor).toBe(1)
    // 3485 over 2858 of a core, 2181 over 1417 in all.
    expect(grpc!.factor).toBeCloseTo(Math.sqrt((3485 / 2858) * (2181 / 1417)), 6)
    expect(agrees).toBe(true)
  })

  test('leaves out what its purpose cannot do without, whatever the numbers', () => {
    const { rankings, leftOut } = adviceFor('Support in browsers')
    expect(rankings[0]!.placings.map(({ title }) => title)).not.toContain('gRPC (Unary)')
    expect(leftOut).toContainEqual({ title: 'gRPC (Unary)', why: 'no client in browsers' })
  })

  test('is not by a number that only one of them has, and says so', () => {
    const { rankings } = adviceFor('Within a cluster, between microservices', {
      ...result,
      cases: result.cases.filter(({ name }) => name !== 'grpc 900/s'),
    })
    expect(rankings[0]!.without).toContain('latency_p50')
  })

  test('is never by an invalid number', async () => {
    const invalid = await matrixSample()
    const { rankings, leftOut } = adviceFor('Performance', invalid)
    expect(rankings[0]!.placings.flatMap(({ numbers }) => numbers.map(({ column }) => column))).not.toContain(
      'latency_p50',
    )
    expect(JSON.stringify([rankings, leftOut])).toContain('latency_p50')
  })

  test('by properties alone has no factor', () => {
    const { rankings } = adviceFor('Ease of use')
    expect(titles(adviceFor('Ease of use'))[0]![0]).toBe('REST')
    expect(rankings[0]!.placings.every(({ factor }) => factor === null)).toBe(true)
  })

  test('of a result without a case is empty, and nothing agrees', () => {
    const none = Object.values(adviceOf({ ...result, cases: [] })).flat()
    expect(none.flatMap(({ rankings }) => rankings.flatMap(({ placings }) => placings))).toEqual([])
    expect(new Set(none.map(({ agrees }) => agrees))).toEqual(new Set([null]))
  })
})

describe('large payloads', () => {
  const large = async (changes: { name: string; byteCount: number; encoding: string; p50: number }[]) => {
    const sample = await matrixSample()
    const cases = changes.map(({ name, p50 }) => {
      const one = sample.cases.find((known) => known.name === `${name} ×8`)!
      const latency = { ...one.metrics.service_time!, p50 }
      return { ...one, name: `${name} large ${p50}`, metrics: { request_latency: latency } }
    })
    const planned = changes.map(({ name, byteCount, encoding, p50 }) => ({
      name: `${name} large ${p50}`,
      target: { name, connection: 'reused' },
      payload: { form: 'size', label: '2MiB', byteCount, encoding },
    }))
    return { ...sample, cases, scenario: { cases: planned } }
  }

  test('are ranked by what a call of the same size takes', async () => {
    const found = await large([
      { name: 'rest', byteCount: 2 ** 21, encoding: 'json', p50: 90 },
      { name: 'rest', byteCount: 2 ** 21, encoding: 'binary', p50: 9 },
      { name: 'grpc', byteCount: 2 ** 21, encoding: 'json', p50: 18 },
      { name: 'grpc', byteCount: 2 ** 24, encoding: 'json', p50: 1 },
    ])
    const { rankings, agrees } = adviceFor('A tensor of 2MiB', found)
    expect(rankings[0]!.placings.map(({ title, factor }) => [title, factor])).toEqual([
      ['REST, binary', 1],
      ['gRPC (Unary)', 2],
      ['REST, json', 10],
    ])
    expect(agrees).toBe(false)
  })

  test('are not told of where there are none, or only one', async () => {
    expect(adviceOf(result)['Large payloads']).toBeUndefined()
    const one = await large([{ name: 'rest', byteCount: 2 ** 21, encoding: 'json', p50: 90 }])
    expect(adviceOf(one)['Large payloads']).toBeUndefined()
  })
})

test('every purpose names headings, traits and columns that there are', () => {
  const purposes = Object.values(PURPOSES).flat()
  // Six rows by topology, eight by goal, seven by priority.
  expect(Object.values(PURPOSES).map(({ length }) => length)).toEqual([6, 8, 7])
  const traits = new Set(Object.values(TRAITS).flat())
  for (const { name, picks, needs, wants, by } of purposes) {
    expect(
      picks.flatMap((pick) => PICKED[pick]).filter((title) => !TRAITS[title]),
      name,
    ).toEqual([])
    expect(
      [...needs, ...wants].filter((trait) => !traits.has(trait)),
      name,
    ).toEqual([])
    expect(
      by.filter((column) => !MATRIX_COLUMNS.includes(column)),
      name,
    ).toEqual([])
    expect(needs.length + wants.length + by.length, name).toBeGreaterThan(0)
  }
})
