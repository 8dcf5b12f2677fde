import { describe, expect, test } from 'vitest'
import type { Claim } from '../../src/plan/plan.ts'
import { onlyCases } from '../../src/plan/select.ts'
import { plan } from '../scenario/scenario-file.ts'

const TWO = `targets:
  rest: { interface: rest, api: kserve-v2, url: "http://127.0.0.1:8000", model: mlp }
  grpc: { interface: grpc, api: kserve-v2, url: "http://127.0.0.1:8001", model: mlp }
defaults: { payload: { size: 1KiB } }
cases: [{ target: [rest, grpc] }]
vary: { payload.size: [1KiB, 1MiB], load.concurrency: [1, 8] }
`

async function claimed(claim: string, scenario = TWO): Promise<Claim> {
  const { claims } = await plan(`${scenario}claims: [{ says: so, ${claim} }]\n`)
  expect(claims).toHaveLength(1)
  return claims![0]!
}

describe('the cases of a claim', () => {
  test('are all of a target, unless it says which', async () => {
    expect(await claimed('metric: error_rate, of: rest, expect: "< 1%"')).toMatchObject({
      low: null,
      high: 0.01,
      pairs: ['rest 1KiB ×1', 'rest 1KiB ×8', 'rest 1MiB ×1', 'rest 1MiB ×8'].map((of) => ({
        of,
        over: null,
      })),
    })
    const where = 'where: { payload.size: 1MiB, load.concurrency: 8 }'
    expect(await claimed(`metric: error_rate, of: rest, expect: "< 1%", ${where}`)).toMatchObject({
      pairs: [{ of: 'rest 1MiB ×8', over: null }],
    })
  })

  test('of a ratio are alike in all but their target', async () => {
    const claim = await claimed('metric: request_latency.p50, of: rest, over: grpc, expect: 2..3')
    expect(claim).toMatchObject({
      low: 2,
      high: 3,
      pairs: ['1KiB ×1', '1KiB ×8', '1MiB ×1', '1MiB ×8'].map((like) => ({
        of: `rest ${like}`,
        over: `grpc ${like}`,
      })),
    })
  })

  test('of a ratio may differ in anything where each is named', async () => {
    const sides = 'of: "rest 1KiB ×1", over: "grpc 1MiB ×8"'
    expect(await claimed(`metric: request_latency.p50, ${sides}, expect: "> 0.1"`)).toMatchObject({
      pairs: [{ of: 'rest 1KiB ×1', over: 'grpc 1MiB ×8' }],
    })
  })

  test('may be told by what no label tells, because all are alike in it', async () => {
    const where = 'where: { load.model: closed, payload.encoding: json }'
    expect(await claimed(`metric: error_rate, of: rest, expect: "< 1%", ${where}`)).toMatchObject({
      pairs: { length: 4 },
    })
  })

  test('that are not run are not claimed about', async () => {
    const claims = `claims:
  - { says: one, metric: error_rate, of: rest, expect: "< 1%" }
  - { says: two, metric: request_latency.p50, of: rest, over: grpc, expect: "> 1" }
  - { says: three, cannot: nobody knows }
`
    const { claims: left } = onlyCases(await plan(TWO + claims), ['rest 1KiB'])
    expect(left?.map(({ says }) => says)).toEqual(['one', 'three'])
    expect(left?.[0]).toMatchObject({ pairs: { length: 2 } })
  })
})

describe('what is expected', () => {
  test.each([
    ['request_latency.p50', '10..30ms', 10, 30],
    ['request_latency.p50', '500us..1ms', 0.5, 1],
    ['request_latency.p50', '< 10ms', null, 10],
    ['request_throughput', '150..300/s', 150, 300],
    ['overhead_bytes', '30%..50%', 0.3, 0.5],
    ['overhead_bytes', '> 100%', 1, null],
  ])('of %s: %s', async (metric, expected, low, high) => {
    const claim = await claimed(`metric: ${metric}, of: rest, expect: "${expected}"`)
    expect(claim).toMatchObject({ expect: expected, low, high })
  })
})
