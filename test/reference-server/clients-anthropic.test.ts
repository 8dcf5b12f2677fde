/** The `@anthropic-ai/sdk` package, as its users have it, against the reference server. */

import Anthropic, { BadRequestError, NotFoundError } from '@anthropic-ai/sdk'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ReferenceServer } from '../../reference-server/server.ts'
import { post, started } from './started.ts'

let server: ReferenceServer
let client: Anthropic

beforeAll(async () => {
  server = await started({ streams: 2 })
  client = new Anthropic({ baseURL: server.httpUrl, apiKey: 'none', maxRetries: 0 })
})
afterAll(() => server.close())

const question = {
  model: 'gpt-tiny',
  messages: [{ role: 'user' as const, content: 'hello' }],
  max_tokens: 12,
}

describe('messages', () => {
  test('streamed, it says what it says as a whole, in the events of the convention', async () => {
    const whole = await client.messages.create(question)
    expect(whole).toMatchObject({
      type: 'message',
      role: 'assistant',
      stop_reason: 'max_tokens',
      usage: { input_tokens: 5, output_tokens: 12 },
      content: [{ type: 'text' }],
    })
    const types: string[] = []
    let text = ''
    for await (const event of await client.messages.create({ ...question, stream: true })) {
      types.push(event.type)
      if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') text += event.delta.text
      if (event.type === 'message_start') expect(event.message.usage.input_tokens).toBe(5)
      if (event.type === 'message_delta') expect(event.usage.output_tokens).toBe(12)
    }
    expect(whole.content).toEqual([{ type: 'text', text }])
    // The client leaves pings out by itself.
    expect(types).toEqual([
      'message_start',
      'content_block_start',
      ...Array.from({ length: 12 }, () => 'content_block_delta'),
      'content_block_stop',
      'message_delta',
      'message_stop',
    ])
  })

  test('the client’s own helper puts the stream together', async () => {
    const stream = client.messages.stream({ ...question, system: 'Be brief.' })
    const deltas: string[] = []
    stream.on('text', (delta) => deltas.push(delta))
    const final = await stream.finalMessage()
    expect(deltas).toHaveLength(12)
    expect(final.content).toMatchObject([{ type: 'text', text: deltas.join('') }])
    expect(final.usage).toMatchObject({ input_tokens: 'Be brief.\nhello'.length, output_tokens: 12 })
  })

  test('content blocks are one text, and its tokens can be counted', async () => {
    const content = [
      { type: 'text' as const, text: 'hel' },
      { type: 'text' as const, text: 'lo' },
    ]
    const messages = [{ role: 'user' as const, content }]
    const counted = await client.messages.countTokens({ model: 'gpt-tiny', messages })
    expect(counted).toEqual({ input_tokens: 5 })
    const { usage } = await client.messages.create({ ...question, messages })
    expect(usage.input_tokens).toBe(5)
  })
})

describe('errors are those that the client knows', () => {
  test.each([
    ['an unknown model', { model: 'nope' }, NotFoundError, 'not_found_error'],
    ['no message', { messages: [] }, BadRequestError, 'invalid_request_error'],
    ['no room for the tokens', { max_tokens: 10_000 }, BadRequestError, 'invalid_request_error'],
    ['no token', { max_tokens: 0 }, BadRequestError, 'invalid_request_error'],
  ])('%s', async (_what, fields, kind, type) => {
    for (const stream of [false, true]) {
      const asked = client.messages.create({ ...question, ...fields, stream })
      await expect(asked).rejects.toBeInstanceOf(kind)
      await expect(asked).rejects.toMatchObject({ error: { type: 'error', error: { type } } })
    }
  })

  test('a call too many: overloaded', async () => {
    const endless = { ...question, model: 'echo', max_tokens: 60_000, stream: true as const }
    const streams = [await client.messages.create(endless), await client.messages.create(endless)]
    const asked = client.messages.create(question)
    await expect(asked).rejects.toMatchObject({ error: { error: { type: 'overloaded_error' } } })
    for (const stream of streams) stream.controller.abort()
  })

  test('no version, a role of its own, no max_tokens', async () => {
    const url = `${server.httpUrl}/v1/messages`
    const version = { 'anthropic-version': '2023-06-01' }
    const { max_tokens: _, ...endless } = question
    for (const [body, headers, message] of [
      [question, {}, 'anthropic-version: header is required'],
      [endless, version, 'max_tokens: field required'],
      [{ ...question, messages: [{ role: 'system', content: 'x' }] }, version, /role/],
    ] as const) {
      const response = await post(url, body, headers)
      expect(response.status).toBe(400)
      const told = message instanceof RegExp ? expect.stringMatching(message) : message
      expect(await response.json()).toEqual({
        type: 'error',
        error: { type: 'invalid_request_error', message: told },
      })
    }
  })
})
