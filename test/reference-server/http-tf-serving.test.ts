import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ReferenceServer } from '../../reference-server/server.ts'
import { post, started } from './started.ts'

let server: ReferenceServer

beforeAll(async () => {
  server = await started()
})
afterAll(() => server.close())

const predict = async (model: string, body: unknown) => {
  const response = await post(`${server.httpUrl}/v1/models/${model}:predict`, body)
  return { status: response.status, headers: response.headers, body: (await response.json()) as never }
}

const rows = [Array.from({ length: 64 }, (_, i) => i / 64), Array.from({ length: 64 }, (_, i) => -i / 64)]

test('rows in, rows out; columns in, columns out; what the Open Inference Protocol gives, too', async () => {
  const { headers, body } = await predict('mlp', { signature_name: 'serving_default', instances: rows })
  expect(headers.get('server-timing')).toMatch(/^queue;dur=/)
  const { predictions } = body as { predictions: number[][] }
  expect(predictions.map((row) => row.length)).toEqual([16, 16])
  expect((await predict('mlp', { inputs: rows })).body).toEqual({ outputs: predictions })
  expect((await predict('mlp', { inputs: { input: rows } })).body).toEqual({ outputs: predictions })
  expect((await predict('mlp', { instances: rows.map((input) => ({ input })) })).body).toEqual({
    predictions,
  })
  const tensor = { name: 'input', datatype: 'FP32', shape: [2, 64], data: rows }
  const infer = await post(`${server.httpUrl}/v2/models/mlp/infer`, { inputs: [tensor] })
  const { outputs } = (await infer.json()) as { outputs: { data: number[] }[] }
  expect(outputs[0]!.data).toEqual(predictions.flat())
})

test.each([
  ['a number', 7],
  ['no rows', [[], []]],
  ['three axes', [[[1, 2]], [[3, 4]]]],
])('echo keeps %s as it is', async (_what, inputs) => {
  expect((await predict('echo', { inputs })).body).toEqual({ outputs: inputs })
})

test('several tensors have names, row by row and column by column', async () => {
  const named = { a: [1, 2], b: [[3], [4]] }
  expect((await predict('echo', { inputs: named })).body).toEqual({ outputs: named })
  const instances = [
    { a: 1, b: [3] },
    { a: 2, b: [4] },
  ]
  expect((await predict('echo', { instances })).body).toEqual({ predictions: instances })
})

test('tells of a model what TensorFlow Serving tells, and what OpenAI’s client asks for', async () => {
  const url = `${server.httpUrl}/v1/models/mlp`
  for (const path of [url, `${url}/versions/1`]) {
    expect(await (await fetch(path)).json()).toMatchObject({
      model_version_status: [{ version: '1', state: 'AVAILABLE', status: { error_code: 'OK' } }],
    })
  }
  expect(await (await fetch(`${url}/metadata`)).json()).toMatchObject({
    model_spec: { name: 'mlp' },
    metadata: {
      signature_def: { signature_def: { serving_default: { inputs: { input: { dtype: 'DT_FLOAT' } } } } },
    },
  })
  const client = new OpenAI({ baseURL: `${server.httpUrl}/v1`, apiKey: 'none', maxRetries: 0 })
  expect(await client.models.retrieve('mlp')).toMatchObject({ id: 'mlp', object: 'model' })
  await expect(client.models.retrieve('nope')).rejects.toMatchObject({ status: 404 })
})

describe('refuses', () => {
  test.each([
    ['an unknown model', 'nope', { instances: [1] }, 404],
    ['an unknown version', 'mlp/versions/2', { instances: rows }, 404],
    ['neither instances nor inputs', 'mlp', {}, 400],
    ['both', 'mlp', { instances: rows, inputs: rows }, 400],
    ['another signature', 'mlp', { signature_name: 'other', instances: rows }, 400],
    ['no instances', 'mlp', { instances: [] }, 400],
    ['rows of several lengths', 'mlp', { instances: [[1, 2], [3]] }, 400],
    [
      'rows of several depths',
      'echo',
      {
        inputs: [
          [1, 2],
          [3, [4]],
        ],
      },
      400,
    ],
    ['text', 'echo', { inputs: ['a'] }, 400],
    ['base64, which is for text tensors', 'mlp', { instances: [{ b64: 'AAAA' }] }, 400],
    ['lists without end', 'echo', { inputs: JSON.parse('['.repeat(40) + ']'.repeat(40)) }, 400],
    ['a model that takes no tensors', 'gpt-tiny', { inputs: { x: [1] } }, 400],
  ])('%s', async (_what, model, body, status) => {
    const reply = await predict(model, body)
    expect(reply.status).toBe(status)
    expect(reply.body).toEqual({ error: expect.any(String) })
  })
})
