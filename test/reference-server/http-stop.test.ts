import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { get } from 'node:http'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { startRuntime } from '../../reference-server/runtime/start.ts'
import { serveRuntime } from '../../reference-server/server.ts'
import { metric, post, started } from './started.ts'

const openaiStream = (maxTokens: number) => ({
  model: 'echo',
  prompt: 'abc',
  max_tokens: maxTokens,
  stream: true,
})

test('a stopping server ends what runs, takes nothing new and takes its CA away', async () => {
  const server = await started({}, true)
  const response = await post(`${server.httpUrl}/v1/completions`, openaiStream(5_000))
  const closed = server.close()
  const text = await response.text()
  expect(text.match(/"text":"[abc]"/g)).toHaveLength(5_000)
  expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
  await closed
  await expect(fetch(`${server.httpUrl}/healthz`)).rejects.toThrow()
  expect(existsSync(server.caFile!)).toBe(false)
})

test('a call that waits behind another on its connection learns that the server is no longer ready', async () => {
  const server = await started()
  const socket = connect(Number(new URL(server.httpUrl).port), '127.0.0.1').setEncoding('utf8')
  const body = JSON.stringify(openaiStream(3_000))
  socket.write(`POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
  let text = (await once(socket, 'data')).join()
  socket.on('data', (chunk: string) => {
    text += chunk
  })
  const closed = server.close()
  socket.write('GET /v2/health/ready HTTP/1.1\r\nHost: x\r\n\r\n')
  await Promise.all([once(socket, 'close'), closed])
  const second = text.slice(text.indexOf('[DONE]'))
  expect(second).toContain('HTTP/1.1 503 ')
  expect(second).toMatch(/connection: close/i)
  expect(second).toContain('{"ready":false}')
})

test('a call that outlasts the grace is cut off', async () => {
  const server = await started({ stopGraceMs: 100 })
  const response = await post(`${server.httpUrl}/v1/completions`, openaiStream(65_000))
  const begun = performance.now()
  await Promise.all([server.close(), expect(response.text()).rejects.toThrow()])
  expect(performance.now() - begun).toBeLessThan(3_000)
})

test('a bug is a 500 before the reply began and a broken stream after, and ends neither server nor connection', async () => {
  const bugs: unknown[] = []
  const runtime = await startRuntime({ providers: ['cpu'], workers: 1, batching: { size: 1, waitMs: 0 } })
  const broken = Object.create(runtime, {
    models: { value: runtime.models },
    infer: { value: () => Promise.reject(new TypeError('a bug')) },
    generate: {
      value: async (_model: string, _request: unknown, onToken: (text: string) => void) => {
        onToken('a')
        throw new TypeError('another bug')
      },
    },
    close: { value: () => runtime.close() },
    modelCpuSeconds: { value: () => runtime.modelCpuSeconds() },
  })
  const server = await serveRuntime(broken, { version: '1.2.3', onBug: (error) => bugs.push(error) })
  const input = { name: 'x', datatype: 'UINT8', shape: [1], data: [7] }
  const failed = await post(`${server.httpUrl}/v2/models/echo/infer`, { inputs: [input] })
  expect(failed.status).toBe(500)
  expect(await failed.json()).toEqual({ error: 'internal error' })
  const stream = await post(`${server.httpUrl}/v1/completions`, openaiStream(3))
  const text = await stream.text()
  expect(text).toContain('data: {"error":{"message":"the generation broke off"')
  expect(text).not.toContain('[DONE]')
  expect(bugs).toEqual([new TypeError('a bug'), new TypeError('another bug')])
  expect(await metric(server, 'infer_requests_total{interface="rest",status="500"}')).toBe(1)
  await server.close()
})

test('two servers cannot have one port, and the one that runs goes on', async () => {
  const first = await started()
  const port = Number(new URL(first.httpUrl).port)
  const runtime = await startRuntime({ providers: ['cpu'], workers: 1, batching: { size: 1, waitMs: 0 } })
  await expect(serveRuntime(runtime, { port, version: '1.2.3' })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  })
  await runtime.close()
  const status = await new Promise((resolve) => {
    get(`${first.httpUrl}/healthz`, (response) => resolve(response.resume().statusCode))
  })
  expect(status).toBe(200)
  await first.close()
})
