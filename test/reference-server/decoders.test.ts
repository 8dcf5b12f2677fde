import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { GenerateReply, GenerateRequest, Runtime } from '../../reference-server/runtime/runtime.ts'
import { startRuntime } from '../../reference-server/runtime/start.ts'
import { generate, mlpInput, ONE_WORKER } from './requests.ts'

let runtime: Runtime
beforeAll(async () => {
  runtime = await startRuntime(ONE_WORKER)
})
afterAll(() => runtime.close())

describe('echo', () => {
  test('repeats the prompt as a stream', async () => {
    const reply = await generate(runtime, 'echo', { prompt: 'añ😀', maxTokens: 7 })
    expect(reply.tokens).toEqual(['a', 'ñ', '😀', 'a', 'ñ', '😀', 'a'])
    expect(reply).toMatchObject({ promptTokens: 3, outputTokens: 7, finishReason: 'length' })
  })

  test('stops its stream on an abort', async () => {
    const stop = new AbortController()
    let count = 0
    const request = { prompt: 'on and on ', maxTokens: 1e9, ignoreEos: true }
    const reply = await runtime.generate(
      'echo',
      request,
      () => {
        count += 1
        if (count === 1000) stop.abort()
      },
      stop.signal,
    )
    expect(count).toBe(1000)
    expect(reply).toMatchObject({ outputTokens: 1000, finishReason: 'cancelled' })
  })
})

describe('gpt', () => {
  test('writes one printable character a token, the same for the same prompt', async () => {
    const reply = await generate(runtime, 'gpt-tiny', { maxTokens: 40 })
    expect(reply).toMatchObject({ promptTokens: 11, outputTokens: 40, finishReason: 'length' })
    expect(reply.tokens).toHaveLength(40)
    for (const token of reply.tokens) expect(token).toMatch(/^[ -~]$/)
    expect(reply.tokens.join('')).toMatchInlineSnapshot(`"X+^"RR+:e4';9WIYcFqSG$>X';HfeYt'X+yA% Yk"`)
    expect(reply.timing.computeMs).toBeGreaterThan(0)
    expect((await generate(runtime, 'gpt-tiny', { maxTokens: 40 })).tokens).toEqual(reply.tokens)
    expect((await generate(runtime, 'gpt-tiny', { prompt: 'Hello wormd' })).tokens).not.toEqual(
      reply.tokens.slice(0, 24),
    )
  })

  test('ends where it wants to, or goes on where the end is to be ignored', async () => {
    let ended: (GenerateReply & { tokens: string[] }) | undefined
    let prompt = ''
    for (let attempt = 0; attempt < 20 && ended === undefined; attempt++) {
      prompt = `prompt ${attempt}`
      const reply = await generate(runtime, 'gpt-tiny', { prompt, maxTokens: 200, ignoreEos: false })
      if (reply.finishReason === 'stop') ended = reply
    }
    expect(ended!.outputTokens).toBe(ended!.tokens.length)
    expect(ended!.outputTokens).toBeLessThan(200)
    const on = await generate(runtime, 'gpt-tiny', { prompt, maxTokens: ended!.outputTokens + 5 })
    expect(on).toMatchObject({ outputTokens: ended!.outputTokens + 5, finishReason: 'length' })
    expect(on.tokens.slice(0, ended!.outputTokens)).toEqual(ended!.tokens)
  })

  test('reads prompts up to its context, in any alphabet, and none', async () => {
    const long = await generate(runtime, 'gpt-tiny', { prompt: 'é'.repeat(1022), maxTokens: 4 })
    expect(long).toMatchObject({ promptTokens: 2044, outputTokens: 4 })
    const none = await generate(runtime, 'gpt-small', { prompt: '', maxTokens: 2 })
    expect(none).toMatchObject({ promptTokens: 0, outputTokens: 2 })
  })

  test('lets generations take turns', async () => {
    const order: string[] = []
    const request = { prompt: 'x', maxTokens: 20, ignoreEos: true }
    await Promise.all(
      ['a', 'b', 'c'].map((name) => runtime.generate('gpt-tiny', request, () => order.push(name))),
    )
    const together = order.slice(order.indexOf('c'), order.lastIndexOf('a'))
    expect(together.length).toBeGreaterThan(30)
    for (let place = 3; place < together.length; place++) {
      expect(together[place]).toBe(together[place - 3])
    }
  })

  test('serves inferences in between', async () => {
    const ends: string[] = []
    await Promise.all([
      generate(runtime, 'gpt-tiny', { maxTokens: 100 }).then(() => ends.push('generation')),
      runtime.infer('mlp', [mlpInput(1, 64)]).then(() => ends.push('inference')),
    ])
    expect(ends).toEqual(['inference', 'generation'])
  })

  test('stops within a token on an abort', async () => {
    const stop = new AbortController()
    const tokens: string[] = []
    const request = { prompt: 'Hello world', maxTokens: 2000, ignoreEos: true }
    const reply = await runtime.generate(
      'gpt-tiny',
      request,
      (text) => {
        if (tokens.push(text) === 5) stop.abort()
      },
      stop.signal,
    )
    expect(reply).toMatchObject({ promptTokens: 11, outputTokens: 5, finishReason: 'cancelled' })
    expect(tokens).toHaveLength(5)
    const late = await generate(runtime, 'gpt-tiny', {}, stop.signal)
    expect(late).toMatchObject({ promptTokens: 11, outputTokens: 0, finishReason: 'cancelled' })
  })

  test('hands on what goes wrong in the listener, and lives', async () => {
    const broken = () => {
      throw new Error('the socket is gone')
    }
    const request = { prompt: 'x', maxTokens: 2000, ignoreEos: true }
    await expect(runtime.generate('gpt-tiny', request, broken)).rejects.toThrow('the socket is gone')
    await expect(runtime.generate('echo', request, broken)).rejects.toThrow('the socket is gone')
    expect(await generate(runtime, 'gpt-tiny', { maxTokens: 1 })).toMatchObject({ outputTokens: 1 })
  })
})

describe('refuses', () => {
  test.each<[string, string, Partial<GenerateRequest>, RegExp]>([
    ['text for a tensor model', 'mlp', {}, /generates no text/],
    ['no token', 'gpt-tiny', { maxTokens: 0 }, /whole number from 1, got 0/],
    ['part of a token', 'echo', { maxTokens: 1.5 }, /got 1.5/],
    ['an empty prompt to repeat', 'echo', { prompt: '' }, /must not be empty/],
    [
      'more than its context holds',
      'gpt-small',
      { prompt: 'x'.repeat(2000), maxTokens: 49 },
      /room for 2048 tokens, but the prompt has 2000 and 49 more are asked for/,
    ],
  ])('%s', async (_, model, request, message) => {
    await expect(generate(runtime, model, request)).rejects.toMatchObject({
      name: 'RequestError',
      code: 'invalid_input',
      message: expect.stringMatching(message),
    })
  })
})
