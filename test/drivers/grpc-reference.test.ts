/** Every API that is spoken over gRPC, client and bundled server face to face. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ReferenceServer } from '../../reference-server/server.ts'
import type { Payload } from '../../src/plan/plan.ts'
import { play } from '../contract/play.ts'
import { started } from '../reference-server/started.ts'

let server: ReferenceServer

beforeAll(async () => {
  server = await started()
})
afterAll(() => server.close())

const load = { model: 'closed', concurrency: 2, calls: 6 } as const
const common = { batch: 1, seed: 1, label: '' } as const

function call(model: string, method: string, payload: Payload) {
  const path = `/inference.GRPCInferenceService/${method}`
  const target = {
    interface: 'grpc',
    api: 'kserve-v2',
    model,
    url: server.grpcUrl + path,
    options: { method },
  }
  return play({ target, payload, load })
}

describe.each(['json', 'binary'] as const)('%s', (encoding) => {
  test('tf-serving Predict: a tensor comes back', async () => {
    const url = `${server.grpcUrl}/tensorflow.serving.PredictionService/Predict`
    const target = { interface: 'grpc', api: 'tf-serving', model: 'echo', url }
    const played = await play({ target, payload: tensor, load })
    expect(played.errors).toEqual([])
    expect(played.counts.payloadBytes).toBe(6 * 2 * 1024)
    expect(played.valuesOf('overhead_time')).toBe(6)
  })

  const tensor: Payload = { ...common, encoding, form: 'size', byteCount: 1024 }
  const text: Payload = { ...common, encoding, form: 'text', text: 'once', outputTokens: 8, ignoreEos: true }

  test('ModelInfer: a tensor comes back', async () => {
    const played = await call('echo', 'ModelInfer', tensor)
    expect(played.errors).toEqual([])
    expect(played.counts.payloadBytes).toBe(6 * 2 * 1024)
    expect(played.valuesOf('overhead_time')).toBe(6)
  })

  test('ModelStreamInfer: as many tokens as were asked for', async () => {
    const played = await call('gpt-tiny', 'ModelStreamInfer', text)
    expect(played.errors).toEqual([])
    expect(played.counts.tokensInWindow).toBe(6 * 8)
    expect(played.valuesOf('inter_chunk_latency')).toBe(6 * 7)
  })

  test('an unknown model: a status for a call, an error in the stream', async () => {
    expect((await call('nobody', 'ModelInfer', tensor)).classes).toEqual({ 'grpc.NOT_FOUND': 6 })
    const streamed = await call('nobody', 'ModelStreamInfer', text)
    expect(streamed.classes).toEqual({ decode: 6 })
    expect(streamed.errors[0]!.outcome.sample).toMatch(/^the server says: /)
  })
})

test.each(['gzip', 'deflate'])('%s: fewer bytes for the same', async (compression) => {
  // Small whole numbers, most of whose bytes are zero.
  const payload: Payload = { ...common, encoding: 'binary', form: 'size', byteCount: 8192, datatype: 'INT64' }
  const wireBytes = async (how: string) => {
    const url = `${server.grpcUrl}/inference.GRPCInferenceService/ModelInfer`
    const options = { method: 'ModelInfer', compression: how }
    const target = { interface: 'grpc', api: 'kserve-v2', model: 'echo', url, options }
    const played = await play({ target, payload, load })
    expect(played.errors).toEqual([])
    expect(played.counts.payloadBytes).toBe(6 * 2 * 8192)
    return played.end.bytes.written
  }
  expect((await wireBytes(compression)) / (await wireBytes('none'))).toBeLessThan(0.5)
})

describe('inferbench-generation', () => {
  const common = { encoding: 'json', batch: 1, seed: 1, label: '' } as const
  const against = (method: string, payload: Payload) => {
    const url = `${server.grpcUrl}/inferbench.v1.Generation/${method}`
    const options = { method }
    const target = { interface: 'grpc', api: 'inferbench-generation', model: 'gpt-tiny', url, options }
    return play({ target, payload, load })
  }

  test('Generate: a chunk for each token, and the server’s own count', async () => {
    const payload = { ...common, form: 'tokens', promptTokens: 4, outputTokens: 8, ignoreEos: true } as const
    const played = await against('Generate', payload)
    expect(played.errors).toEqual([])
    expect(played.counts.tokensInWindow).toBe(6 * 8)
    expect(played.valuesOf('time_to_first_token')).toBe(6)
    expect(played.valuesOf('inter_token_latency')).toBe(6)
  })

  test('Collect: an upload in pieces', async () => {
    const payload = { ...common, form: 'size', byteCount: 1024, messages: 5 } as const
    const played = await against('Collect', payload)
    expect(played.errors).toEqual([])
    expect(played.counts.payloadBytes).toBe(6 * 5 * 1024)
  })
})
