import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { type ClientHttp2Session, connect, constants } from 'node:http2'
import { get, request as httpsRequest } from 'node:https'
import { connect as tlsConnect } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ReferenceServer } from '../../reference-server/server.ts'
import { eventually, metric, started } from './started.ts'

let server: ReferenceServer
let ca: Buffer
let session: ClientHttp2Session
const pair = { name: 'x', datatype: 'FP32', shape: [1, 2], data: [1.5, -2] }

beforeAll(async () => {
  server = await started({}, true)
  ca = await readFile(server.caFile!)
  session = connect(server.httpsUrl!, { ca })
})
afterAll(async () => {
  session.close()
  await server.close()
})

/** One HTTP/2 call: its headers, text and trailers. */
function call(headers: Record<string, string>, body?: string) {
  return new Promise<{ status: number; text: string; trailers: Record<string, unknown> }>(
    (resolve, reject) => {
      const stream = session.request(headers)
      let status = 0
      let text = ''
      let trailers = {}
      stream.on('response', (received) => {
        status = received[':status']!
      })
      stream.on('trailers', (received) => {
        trailers = received
      })
      stream.setEncoding('utf8')
      stream.on('data', (chunk: string) => {
        text += chunk
      })
      stream.on('error', reject)
      stream.on('close', () => resolve({ status, text, trailers }))
      stream.end(body)
    },
  )
}

test('HTTP/2 with a verified certificate: unary, streams side by side, trailers', async () => {
  const path = '/v2/models/echo/infer'
  const reply = await call({ ':method': 'POST', ':path': path }, JSON.stringify({ inputs: [pair] }))
  expect(session.alpnProtocol).toBe('h2')
  expect(reply.status).toBe(200)
  expect(JSON.parse(reply.text).outputs[0].data).toEqual([1.5, -2])

  const body = JSON.stringify({ text_input: 'a', parameters: { max_tokens: 9, ignore_eos: true } })
  const stream = { ':method': 'POST', ':path': '/v2/models/gpt-tiny/generate_stream', te: 'trailers' }
  for (const { status, text, trailers } of await Promise.all([call(stream, body), call(stream, body)])) {
    expect(status).toBe(200)
    expect(text.match(/data: /g)).toHaveLength(9)
    expect(trailers['server-timing']).toMatch(/^queue;dur=/)
  }
})

test('a refused HTTP/2 body leaves the session usable', async () => {
  const refused = await call({ ':method': 'POST', ':path': '/v2' }, 'x'.repeat(300_000))
  expect(refused.status).toBe(405)
  const next = await call({ ':method': 'GET', ':path': '/healthz' })
  expect(next).toMatchObject({ status: 200, text: 'ok\n' })
})

test('HTTP/1.1 on the same port', async () => {
  const { version, status } = await new Promise<{ version: string; status: number }>((resolve, reject) => {
    get(`${server.httpsUrl}/healthz`, { ca }, (response) => {
      response.resume()
      resolve({ version: response.httpVersion, status: response.statusCode! })
    }).on('error', reject)
  })
  expect({ version, status }).toEqual({ version: '1.1', status: 200 })
})

test.each(['TLSv1.2', 'TLSv1.3'] as const)('speaks %s', async (protocol) => {
  const { port } = new URL(server.httpsUrl!)
  const spoken = await new Promise((resolve, reject) => {
    const socket = tlsConnect(
      { port: Number(port), host: '127.0.0.1', ca, minVersion: protocol, maxVersion: protocol },
      () => {
        resolve(socket.getProtocol())
        socket.end()
      },
    )
    socket.on('error', reject)
  })
  expect(spoken).toBe(protocol)
})

test('its certificate is worth nothing without its CA, nor for another name', async () => {
  const failure = (options: object) =>
    new Promise((resolve) => {
      httpsRequest(`${server.httpsUrl}/healthz`, { agent: false, ...options })
        .on('error', (error: NodeJS.ErrnoException) => resolve(error.code))
        .end()
    })
  expect(await failure({})).toMatch(/UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED/)
  expect(await failure({ ca, servername: 'elsewhere.test' })).toBe('ERR_TLS_CERT_ALTNAME_INVALID')
})

test('an HTTP/2 reader that pauses gets every token in order once it reads', async () => {
  // A long id comes back in every event, and so fills the windows and buffers within a few tokens.
  const request = { id: 'i'.repeat(100_000), text_input: 'abcdefghij', parameters: { max_tokens: 200 } }
  const before = await metric(server, 'infer_generated_tokens_total')
  const stream = session.request({ ':method': 'POST', ':path': '/v2/models/echo/generate_stream' })
  stream.pause()
  stream.end(JSON.stringify(request))
  await eventually(async () => (await metric(server, 'infer_generated_tokens_total')) - before === 200)
  const text = (await stream.setEncoding('utf8').toArray()).join('')
  const tokens = Array.from(text.matchAll(/"text_output":"(.)"/g), ([, token]) => token)
  expect(tokens.join('')).toBe('abcdefghij'.repeat(20))
})

test('an HTTP/2 stream that its client resets ends its generation, and the session goes on', async () => {
  const request = { text_input: 'abc', parameters: { max_tokens: 60_000 } }
  const stream = session.request({ ':method': 'POST', ':path': '/v2/models/echo/generate_stream' })
  stream.end(JSON.stringify(request))
  await once(stream, 'data')
  stream.close(constants.NGHTTP2_CANCEL)
  await eventually(async () => (await metric(server, 'infer_active_streams')) === 0)
  expect(await metric(server, 'infer_generated_tokens_total')).toBeLessThan(60_000)
  expect(await call({ ':method': 'HEAD', ':path': '/healthz' })).toMatchObject({ status: 200, text: '' })
})
