import { readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ReferenceServer } from '../../reference-server/server.ts'
import { post, rawConnection, started, untilClosed } from './started.ts'

const bodyBytes = 8 * 1024 * 1024

let server: ReferenceServer
let inferUrl: string

beforeAll(async () => {
  server = await started({ bodyBytes }, true)
  inferUrl = `${server.httpUrl}/v2/models/echo/infer`
})
afterAll(() => server.close())

async function answersStill(): Promise<void> {
  const input = { name: 'x', datatype: 'UINT8', shape: [1], data: [7] }
  const response = await post(inferUrl, { inputs: [input] })
  expect(await response.json()).toMatchObject({ outputs: [{ data: [7] }] })
}

const largeBody = new Uint8Array(bodyBytes + 1).fill(0x20)

describe('a body over the limit', () => {
  test('with its length declared', async () => {
    const response = await post(inferUrl, largeBody)
    expect(response.status).toBe(413)
    expect(await response.json()).toEqual({ error: expect.stringContaining(`${bodyBytes} bytes`) })
    await answersStill()
  })

  test('in chunks, without a length', async () => {
    const status = await new Promise((resolve, reject) => {
      const call = request(inferUrl, { method: 'POST' }, (response) => {
        response.resume()
        resolve(response.statusCode)
      })
      call.on('error', reject)
      for (let sent = 0; sent <= bodyBytes; sent += 1024 * 1024)
        call.write(largeBody.subarray(0, 1024 * 1024))
      call.end()
    })
    expect(status).toBe(413)
    await answersStill()
  })

  test('only once its content encoding is undone', async () => {
    const body = new Uint8Array(gzipSync(largeBody))
    expect(body.length).toBeLessThan(10_000)
    const response = await post(inferUrl, body, { 'content-encoding': 'gzip' })
    expect(response.status).toBe(413)
  })

  test('is refused before it is sent when the client waits to be told', async () => {
    const socket = rawConnection(server)
    socket.write(`POST /v2/models/echo/infer HTTP/1.1\r\nHost: x\r\nContent-Length: ${bodyBytes + 1}\r\n`)
    socket.write('Expect: 100-continue\r\n\r\n')
    const reply = await untilClosed(socket)
    expect(reply).toMatch(/^HTTP\/1\.1 413 /)
    expect(reply).toMatch(/connection: close/i)
  })

  test('reaches a client that sends it to the end before it reads', async () => {
    const socket = rawConnection(server)
    socket.write(`POST /v2/models/echo/infer HTTP/1.1\r\nHost: x\r\nContent-Length: ${bodyBytes + 1}\r\n\r\n`)
    await new Promise((resolve) => socket.write(largeBody, resolve))
    expect(await untilClosed(socket)).toMatch(/^HTTP\/1\.1 413 /)
  })

  test('over HTTP/2, where the session goes on', async () => {
    const session = connectHttp2(server.httpsUrl!, { ca: await readFile(server.caFile!) })
    const status = (path: string, body?: Uint8Array) =>
      new Promise((resolve, reject) => {
        const stream = session.request({ ':method': body ? 'POST' : 'GET', ':path': path })
        stream.on('response', (headers) => resolve(headers[':status']))
        stream.on('error', reject)
        stream.resume()
        stream.end(body)
      })
    expect(await status('/v2/models/echo/infer', largeBody)).toBe(413)
    expect(await status('/healthz')).toBe(200)
    session.close()
  })
})

const x = { name: 'x', datatype: 'FP32', shape: [2], data: [1, 2] }

test.each<[string, unknown, string]>([
  ['no inputs', {}, 'inputs must be an array'],
  ['empty inputs', { inputs: [] }, 'inputs must not be empty'],
  ['an input that is none', { inputs: [7] }, 'an input must be an object'],
  ['no name', { inputs: [{ ...x, name: undefined }] }, "an input's name must be a string"],
  ['no shape', { inputs: [{ ...x, shape: undefined }] }, 'shape must be an array'],
  ['a negative shape', { inputs: [{ ...x, shape: [-1] }] }, 'integers of at least 0'],
  ['a broken shape', { inputs: [{ ...x, shape: [1.5] }] }, 'integers of at least 0'],
  ['an endless shape', { inputs: [{ ...x, shape: Array(99).fill(1) }] }, 'over 32 dimensions'],
  ['a shape beyond memory', { inputs: [{ ...x, shape: [1e9, 1e9, 1e9] }] }, 'more than the body can hold'],
  ['too little data', { inputs: [{ ...x, shape: [3] }] }, 'its shape has 3 elements, its data 2'],
  ['no data', { inputs: [{ ...x, data: undefined }] }, 'data must be an array'],
  ['an unknown datatype', { inputs: [{ ...x, datatype: 'FP7' }] }, 'datatype "FP7" is none of BOOL'],
  ['a datatype from the prototype', { inputs: [{ ...x, datatype: 'toString' }] }, 'is none of BOOL'],
  ['text for numbers', { inputs: [{ ...x, data: [1, 'two'] }] }, 'element 1 is no FP32'],
  ['a null for a number', { inputs: [{ ...x, data: [null, 1] }] }, 'element 0 is no FP32'],
  ['a number out of range', { inputs: [{ ...x, data: [1e39, 1] }] }, 'element 0 is no FP32'],
  [
    'a fraction for an integer',
    { inputs: [{ ...x, datatype: 'INT8', data: [1, 1.5] }] },
    'element 1 is no INT8',
  ],
  ['256 for a byte', { inputs: [{ ...x, datatype: 'UINT8', data: [0, 256] }] }, 'element 1 is no UINT8'],
  [
    'an integer that JSON rounds',
    { inputs: [{ ...x, datatype: 'INT64', data: [0, 2 ** 53] }] },
    'is no INT64',
  ],
  ['binary data that is not there', { inputs: [binary(8)] }, 'does not hold its 8 bytes of binary data'],
  ['binary data of another size', { inputs: [binary(7)] }, 'its shape has 8 bytes'],
  ['an unknown output', { inputs: [x], outputs: [{ name: 'nope' }] }, 'no output named "nope"'],
])('refuses %s', async (_, body, message) => {
  const response = await post(inferUrl, body)
  expect(response.status).toBe(400)
  expect(await response.json()).toEqual({ error: expect.stringContaining(message) })
})

function binary(byteCount: number): object {
  return { ...x, data: undefined, parameters: { binary_data_size: byteCount } }
}

test('refuses binary data that no tensor claims', async () => {
  const json = JSON.stringify({ inputs: [x] })
  const headers = { 'inference-header-content-length': String(json.length) }
  const response = await post(inferUrl, `${json}tail`, headers)
  expect(response.status).toBe(400)
  expect(await response.json()).toEqual({ error: expect.stringContaining('4 bytes of binary data are left') })
})

test.each([
  ['POST', '/v2/models/nope/infer', 404],
  ['POST', '/v2/models/echo/versions/2/infer', 404],
  ['GET', '/v2/models/nope', 404],
  ['GET', '/v2/models/%ff', 400],
  ['GET', '/nope', 404],
  ['GET', '/v2/nope', 404],
  ['GET', '/v1/chat/completions', 405],
  ['GET', '/v2/models/echo/infer', 405],
  ['DELETE', '/metrics', 405],
])('%s %s is %d', async (method, path, status) => {
  const response = await fetch(server.httpUrl + path, { method, ...(method === 'POST' && { body: '{}' }) })
  expect(response.status).toBe(status)
  expect(await response.json()).toHaveProperty('error')
  expect(response.headers.has('allow')).toBe(status === 405)
})

test.each<[string, string | Uint8Array, Record<string, string>, number]>([
  ['an empty body', '', {}, 400],
  ['no JSON', '{"inputs": [', {}, 400],
  ['JSON that is no object', '[]', {}, 400],
  ['invalid UTF-8', Uint8Array.of(0x22, 0xff, 0xfe, 0x22), {}, 400],
  ['a body that is not gzip', '{}', { 'content-encoding': 'gzip' }, 400],
  ['an encoding that nobody knows', '{}', { 'content-encoding': 'zip' }, 415],
  ['an encoding from the prototype', '{}', { 'content-encoding': 'constructor' }, 415],
  ['a JSON length beyond the body', '{}', { 'inference-header-content-length': '3' }, 400],
  ['a JSON length that is none', '{}', { 'inference-header-content-length': 'x' }, 400],
])('refuses %s', async (_, body, headers, status) => {
  const response = await post(inferUrl, body, headers)
  expect(response.status).toBe(status)
  expect(await response.json()).toHaveProperty('error')
})

test.each([
  ['millions of nested arrays', () => '['.repeat(bodyBytes - 10)],
  ['millions of empty objects', () => `[${'{},'.repeat(bodyBytes / 3 - 10)}{}]`],
  ['hundreds of thousands of keys', () => `{${Array.from({ length: 600_000 }, (_, i) => `"${i}":0`)}}`],
  [
    '200,000 nested arrays, which are under the limit',
    () => `{"inputs":${'['.repeat(2e5)}${']'.repeat(2e5)}}`,
  ],
  ['200,000 nested arrays as data', () => nestedData(2e5)],
])('survives %s', async (_, make) => {
  const body = make()
  const begun = performance.now()
  const response = await post(inferUrl, body)
  expect(response.status).toBe(400)
  // The parser alone would take seconds and gigabytes for most of these.
  expect(performance.now() - begun).toBeLessThan(2_000)
  await answersStill()
})

function nestedData(depth: number): string {
  const data = '['.repeat(depth) + ']'.repeat(depth)
  return `{"inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":${data}}]}`
}
