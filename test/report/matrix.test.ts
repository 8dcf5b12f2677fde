import { beforeAll, describe, expect, test } from 'vitest'
import { FORMATS } from '../../src/report/formats.ts'
import { type Matrix, type MatrixCell, type MatrixColumn, matrixOf } from '../../src/report/matrix/matrix.ts'
import { displayWidth } from '../../src/report/wrap.ts'
import { expectGolden } from './golden.ts'
import { withoutLibrary } from './html-page.ts'
import { matrixSample } from './matrix-sample.ts'

type Change = Parameters<typeof matrixSample>[0]

let matrix: Matrix

beforeAll(async () => {
  matrix = matrixOf(await matrixSample())
})

function cellOf(title: string, column: MatrixColumn, { rows } = matrix): MatrixCell {
  const row = rows.find((one) => one.title === title)
  expect(row, title).toBeDefined()
  return row!.cells[column]
}

async function changed(change: Change): Promise<Matrix> {
  return matrixOf(await matrixSample(change))
}

describe('golden files', () => {
  test.each(FORMATS.map((format) => [format.name, format] as const))(
    '%s',
    async (name, { render, extension }) => {
      const style = { width: 100, colour: false }
      const text = render([await matrixSample()], style, 'matrix')
      await expectGolden(`matrix-${name}.${extension}`, name === 'html' ? withoutLibrary(text) : text)
    },
  )

  test('table, in a narrow window: all that fits, and what does not', async () => {
    const text = FORMATS[0].render([await matrixSample()], { width: 80, colour: false }, 'matrix')
    await expectGolden('matrix-80.txt', text)
    expect(Math.max(...text.split('\n').map(displayWidth))).toBeLessThanOrEqual(80)
  })
})

describe('a row', () => {
  test('takes its latency from the steady load and its throughput from the closed loop', () => {
    expect(cellOf('REST', 'latency_p50').value).toBeCloseTo(0.31, 1)
    expect(cellOf('REST', 'throughput')).toEqual({ value: 2181, atLeast: true, valid: true, notes: [] })
    expect(cellOf('REST', 'throughput_per_core').value).toBe(3485)
    expect(cellOf('REST', 'overhead_bytes').value).toBe(4.47)
    expect(cellOf('REST', 'overhead_time').value).toBeCloseTo(3.1, 0)
  })

  test('is found by the kind of its calls: a client that streams is no unary call', async () => {
    const clientStreams = await changed((spec) =>
      spec.name.startsWith('grpc 900') ? { ...spec, callKind: 'client-stream' } : spec,
    )
    expect(clientStreams.rows.map(({ title }) => title)).toContain('gRPC Client Stream')
    expect(cellOf('gRPC Client Stream', 'latency_p50', clientStreams).valid).toBe(false)
  })

  test('takes its handshake from cold connections, where there are any', async () => {
    expect(cellOf('REST', 'handshake_p50').value).toBeCloseTo(0.325, 1)
    const without = await changed((spec) => (spec.connection ? null : spec))
    expect(cellOf('REST', 'handshake_p50', without).value).toBeCloseTo(0.4, 1)
  })

  test('takes the lowest rate and the highest throughput of several', async () => {
    const several = await changed((spec) => {
      const { summary } = spec
      if (spec.name === 'rest cold')
        return {
          ...spec,
          name: 'rest 900/s',
          target: 'rest',
          connection: undefined as never,
          medians: { overhead_time: 9 },
          summary: { requested_rate: 900 },
        }
      if (spec.name === 'grpc 900/s')
        return {
          ...spec,
          name: 'rest ×64',
          target: 'rest',
          interface: 'rest',
          verdict: { valid: true, reasons: [] },
          summary: { request_throughput: 5000 },
        }
      return { ...spec, summary }
    })
    expect(cellOf('REST', 'latency_p50', several).value).toBeCloseTo(0.31, 1)
    expect(cellOf('REST', 'throughput', several).value).toBe(5000)
  })

  test('is one for each payload, named by what tells them apart', async () => {
    const { rows } = await changed((spec) => (spec.name === 'rest ×8' ? { ...spec, payload: '1MiB' } : spec))
    const rest = rows.filter(({ title }) => title === 'REST').map(({ variant }) => variant)
    expect(rest).toEqual(['rest 1KiB', 'rest 1MiB'])
  })

  test('is stateful or stateless as the revision of MCP that it speaks', async () => {
    const stateOf = ({ rows }: Matrix) => rows.find(({ title }) => title === 'MCP')!.state
    expect(stateOf(matrix)).toBe('stateful')
    expect(stateOf(await changed((spec) => ({ ...spec, revision: '2026-07-28' })))).toBe('stateless')
  })

  test('is not there for an interface without a case, and that is said', () => {
    expect(matrix.rows.map(({ title }) => title)).toEqual(['REST', 'gRPC (Unary)', 'Streaming/SSE', 'MCP'])
    expect(matrix.missing).toEqual(['WebSocket', 'gRPC Stream'])
  })
})

describe('a cell says what a reader must know', () => {
  test('that its case is invalid, and why, and which calls failed', () => {
    const { valid, value, notes } = cellOf('gRPC (Unary)', 'latency_p50')
    expect(valid).toBe(false)
    expect(value).not.toBeNull()
    expect(notes).toEqual([
      expect.stringContaining('grpc 900/s is invalid: the generator could not keep its schedule'),
      expect.stringContaining('0.67% of its calls failed'),
      expect.stringContaining('its rate is 63.5% of what grpc ×8 reached'),
    ])
  })

  test('a rate that is well below what the closed loop reached is no note', () => {
    expect(cellOf('REST', 'latency_p50').notes).toEqual([])
  })

  test('that gaps hold the computing of a model, that its p99 is made of few, that no closed loop was run', () => {
    expect(cellOf('Streaming/SSE', 'latency_p99').notes).toEqual([
      'the gaps of chat 20/s hold the computing of the model gpt-tiny',
      'chat 20/s: without a closed loop nobody knows how far below the limit 20.0/s is',
      'p99 of only 360 values (chat 20/s)',
    ])
  })

  test.each<[string, MatrixColumn, string]>([
    ['Streaming/SSE', 'throughput', 'needs a closed loop'],
    ['Streaming/SSE', 'overhead_time', 'of a stream'],
    ['MCP', 'latency_p50', 'the server does not tell its own time; with inference: service time p50'],
    ['MCP', 'throughput', 'no call of tool ×2 succeeded'],
    ['MCP', 'throughput_per_core', 'CPU time is not known'],
  ])('%s: why there is no %s', (title, column, reason) => {
    const { value, notes } = cellOf(title, column)
    expect(value).toBeNull()
    expect(notes).toEqual([expect.stringContaining(reason)])
  })

  test('of concurrency: what more calls at once bring, in a word and in numbers', async () => {
    const [rest, grpc] = matrix.rows
    expect(rest!.concurrency).toMatchObject({ word: 'some', value: 2102 / 702, valid: true })
    expect(rest!.concurrency.steps.map(({ concurrency }) => concurrency)).toEqual([1, 8, 64])
    expect(grpc!.concurrency).toMatchObject({
      word: null,
      value: null,
      notes: [expect.stringContaining('needs closed loops of several concurrencies')],
    })
  })

  test('what a row is best for, by its valid numbers and beside rows that count the same', () => {
    const best = Object.fromEntries(matrix.rows.map(({ title, bestFor }) => [title, bestFor]))
    expect(best.REST).toEqual(['clients that come and go', 'calls per core'])
    expect(best['gRPC (Unary)']).toEqual(['few bytes'])
    expect(best['Streaming/SSE']).toEqual([])
  })

  test('without a steady load there is no latency, whatever the closed loop took', async () => {
    const closed = await changed((spec) => (spec.summary?.requested_rate ? null : spec))
    expect(cellOf('REST', 'latency_p50', closed)).toMatchObject({
      value: null,
      notes: [expect.stringContaining('needs a case at a steady rate')],
    })
  })
})

test('a result whose plan nobody can read still has its rows', async () => {
  const result = await matrixSample()
  for (const scenario of [null, [], { cases: 'none' }, { cases: [{ name: 1 }] }]) {
    const { rows } = matrixOf({ ...result, scenario })
    expect(rows.map(({ title }) => title)).toContain('gRPC (Unary)')
  }
})
