/** The `openai` package, as its users have it, against the reference server. */

import OpenAI, { BadRequestError, NotFoundError } from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ReferenceServer } from '../../reference-server/server.ts'
import { started } from './started.ts'

let server: ReferenceServer
let client: OpenAI

beforeAll(async () => {
  server = await started()
  client = new OpenAI({ baseURL: `${server.httpUrl}/v1`, apiKey: 'none', maxRetries: 0 })
})
afterAll(() => server.close())

const question = {
  model: 'gpt-tiny',
  messages: [{ role: 'user' as const, content: 'hello' }],
  max_completion_tokens: 12,
}
async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = []
  for await (const item of items) list.push(item)
  return list
}

const usage = { prompt_tokens: 5, completion_tokens: 12, total_tokens: 17 }

describe('chat', () => {
  test('streamed, it says what it says as a whole, and ends with the usage', async () => {
    const whole = await client.chat.completions.create(question)
    expect(whole).toMatchObject({ usage, choices: [{ finish_reason: 'length' }] })
    const stream = await client.chat.completions.create({
      ...question,
      stream: true,
      stream_options: { include_usage: true },
    })
    const chunks = await all(stream)
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage })
    const text = chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')
    expect(text).toBe(whole.choices[0]!.message.content)
    expect(text).toHaveLength(12)
  })

  test('the client’s own helper puts the stream together', async () => {
    const runner = client.chat.completions.stream(question)
    const deltas: string[] = []
    runner.on('content', (delta) => deltas.push(delta))
    const final = await runner.finalChatCompletion()
    expect(deltas).toHaveLength(12)
    expect(final.choices[0]!.message.content).toBe(deltas.join(''))
  })

  test('a stream that the client leaves is no error of either side', async () => {
    const stream = await client.chat.completions.create({ ...question, stream: true })
    let count = 0
    for await (const _ of stream) if (++count === 3) break
    expect(count).toBe(3)
  })
})

test('completions, streamed and whole', async () => {
  const ask = { model: 'gpt-tiny', prompt: 'hello', max_tokens: 12 }
  const whole = await client.completions.create(ask)
  expect(whole.usage).toEqual(usage)
  const chunks = await all(await client.completions.create({ ...ask, stream: true }))
  expect(chunks.map(({ choices }) => choices[0]!.text).join('')).toBe(whole.choices[0]!.text)
})

describe('embeddings', () => {
  const input = [
    'a first text',
    'a second one',
    'one that is so long that it fills a row of another width'.repeat(3),
  ]

  test('in base64, which the client asks for by itself, they are those in JSON', async () => {
    const packed = await client.embeddings.create({ model: 'mlp', input })
    const plain = await client.embeddings.create({ model: 'mlp', input, encoding_format: 'float' })
    expect(plain.data).toEqual(packed.data)
    expect(plain.data.map(({ index }) => index)).toEqual([0, 1, 2])
    const [first, second] = plain.data.map(({ embedding }) => embedding)
    expect(Math.hypot(...first!)).toBeCloseTo(1, 6)
    expect(first).not.toEqual(second)
    expect(plain.usage.prompt_tokens).toBe(input.join('').length)
  })

  test('a text has the same one alone, and as tokens', async () => {
    const many = await client.embeddings.create({ model: 'mlp', input })
    for (const alone of [input[1]!, [...Buffer.from(input[1]!)]]) {
      const { data } = await client.embeddings.create({ model: 'mlp', input: alone })
      for (const [place, value] of data[0]!.embedding.entries()) {
        // Rows that are computed together may be added up in another order.
        expect(value).toBeCloseTo(many.data[1]!.embedding[place]!, 5)
      }
    }
  })

  test('fewer dimensions are the first ones, of length 1 again', async () => {
    const { data } = await client.embeddings.create({ model: 'mlp', input: 'text', dimensions: 4 })
    expect(data[0]!.embedding).toHaveLength(4)
    expect(Math.hypot(...data[0]!.embedding)).toBeCloseTo(1, 6)
  })

  test.each([
    ['no text', { input: [] }],
    ['an empty text', { input: ['text', ''] }],
    ['too many dimensions', { input: 'text', dimensions: 17 }],
    ['a token that is no byte', { input: [1, 256] }],
    ['a model that makes none', { input: 'text', model: 'gpt-tiny' }],
    ['more texts than OpenAI takes', { input: Array.from({ length: 2049 }, () => 'x') }],
    ['another form', { input: 'text', encoding_format: 'hex' as 'float' }],
  ])('%s is refused', async (_what, body) => {
    const asked = client.embeddings.create({ model: 'mlp', ...body })
    await expect(asked).rejects.toBeInstanceOf(BadRequestError)
  })
})

test('models can be listed', async () => {
  const ids = (await all(client.models.list())).map(({ id }) => id)
  expect(ids).toEqual(expect.arrayContaining(['gpt-tiny', 'echo', 'mlp']))
})

test('errors are those that the client knows', async () => {
  const unknown = client.chat.completions.create({ ...question, model: 'nope' })
  await expect(unknown).rejects.toBeInstanceOf(NotFoundError)
  await expect(unknown).rejects.toMatchObject({ status: 404, code: 'model_not_found' })
  const empty = client.chat.completions.create({ ...question, messages: [] })
  await expect(empty).rejects.toBeInstanceOf(BadRequestError)
  await expect(empty).rejects.toMatchObject({ type: 'invalid_request_error' })
})
