/** Node's own `fetch`, with nothing around it, against the reference server. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ReferenceServer } from '../../reference-server/server.ts'
import { eventually, metric, post, started } from './started.ts'

let server: ReferenceServer

beforeAll(async () => {
  server = await started()
})
afterAll(() => server.close())

const tensor = { name: 'x', datatype: 'FP32', shape: [2], data: [1.5, -2] }

test('an inference, and what the server tells of its own time', async () => {
  const response = await post(`${server.httpUrl}/v2/models/echo/infer`, { inputs: [tensor] })
  expect(response.ok).toBe(true)
  expect(await response.json()).toMatchObject({ outputs: [tensor] })
  expect(response.headers.get('server-timing')).toMatch(/^queue;dur=[\d.]+, compute;dur=[\d.]+$/)
})

describe('a stream', () => {
  const ask = (maxTokens: number, signal?: AbortSignal) =>
    fetch(`${server.httpUrl}/v1/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'echo', prompt: 'hé', max_tokens: maxTokens, stream: true }),
      ...(signal && { signal }),
    })

  test('read piece by piece through the web’s own streams', async () => {
    const response = await ask(9)
    let text = ''
    for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) text += piece
    const events = text.split('\n\n').filter((event) => event !== '')
    expect(events.pop()).toBe('data: [DONE]')
    const chunks = events.map((event) => JSON.parse(event.slice('data: '.length)))
    expect(chunks.map(({ choices }) => choices[0].text).join('')).toBe('héhéhéhéh')
  })

  test('given up in its middle: the server gives its generation up, too', async () => {
    const controller = new AbortController()
    const response = await ask(60_000, controller.signal)
    const reader = response.body!.getReader()
    await reader.read()
    expect(await metric(server, 'infer_active_streams')).toBe(1)
    controller.abort()
    await expect(reader.closed).rejects.toThrow()
    await eventually(async () => (await metric(server, 'infer_active_streams')) === 0)
  })
})

test('a body that is made while it is sent', async () => {
  const json = JSON.stringify({ inputs: [tensor] })
  const pieces = new ReadableStream({
    start(controller) {
      for (const character of json) controller.enqueue(new TextEncoder().encode(character))
      controller.close()
    },
  })
  const options = { method: 'POST', body: pieces, duplex: 'half' } as RequestInit
  const response = await fetch(`${server.httpUrl}/v2/models/echo/infer`, options)
  expect(await response.json()).toMatchObject({ outputs: [tensor] })
})
