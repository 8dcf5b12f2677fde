import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { boundaryOf, MultipartReader } from '../../reference-server/http/multipart.ts'
import type { ReferenceServer } from '../../reference-server/server.ts'
import { eventually, metric, post, rawConnection, started } from './started.ts'

let server: ReferenceServer

beforeAll(async () => {
  server = await started({ bodyBytes: 100_000 })
})
afterAll(() => server.close())

const values = Float32Array.of(1.5, -2)
const bytes = Buffer.from(values.buffer)
const pair = { name: 'x', datatype: 'FP32', shape: [2] }

interface Reply {
  outputs: { data: unknown }[]
}

const infer = (body: unknown, headers: Record<string, string> = {}) =>
  post(`${server.httpUrl}/v2/models/echo/infer`, body, headers)

describe('base64', () => {
  const input = { ...pair, data: { b64: bytes.toString('base64') } }

  test('goes in, and comes out where it is asked for', async () => {
    const plain = await infer({ inputs: [input] })
    expect(await plain.json()).toMatchObject({ outputs: [{ data: [1.5, -2] }] })
    for (const asked of [
      { parameters: { base64_data_output: true } },
      { outputs: [{ name: 'x', parameters: { base64_data: true } }] },
    ]) {
      const reply = (await (await infer({ inputs: [input], ...asked })).json()) as Reply
      expect(reply.outputs).toEqual([{ ...pair, data: { b64: bytes.toString('base64') } }])
    }
  })

  test('an output may be left as JSON among those in base64', async () => {
    const inputs = [input, { ...pair, name: 'y', data: [3, 4] }]
    const outputs = [{ name: 'x', parameters: { base64_data: false } }, { name: 'y' }]
    const body = { inputs, outputs, parameters: { base64_data_output: true } }
    const reply = (await (await infer(body)).json()) as Reply
    expect(reply.outputs.map(({ data }) => typeof (data as { b64?: string }).b64)).toEqual([
      'undefined',
      'string',
    ])
  })

  test.each([
    ['too short', bytes.subarray(0, 7).toString('base64')],
    ['too long', Buffer.concat([bytes, bytes]).toString('base64')],
    ['of other characters', '????????????'],
    [
      'with other characters inside',
      `${bytes.toString('base64').slice(0, 4)}\n\n\n\n${bytes.toString('base64').slice(4)}`,
    ],
    ['empty', ''],
  ])('that is %s is refused', async (_what, b64) => {
    const response = await infer({ inputs: [{ ...pair, data: { b64 } }] })
    expect(response.status).toBe(400)
    expect(await response.json()).toEqual({ error: expect.stringContaining('base64') })
  })

  test('an output cannot be binary as well', async () => {
    const parameters = { base64_data_output: true, binary_data_output: true }
    expect((await infer({ inputs: [input], parameters })).status).toBe(400)
  })
})

const announced = { ...pair, parameters: { binary_data_size: 8 } }
const request = { inputs: [announced] }

function form(parts: Record<string, unknown>): FormData {
  const made = new FormData()
  for (const [name, value] of Object.entries(parts)) {
    const isBytes = value instanceof Uint8Array
    const type = isBytes ? 'application/octet-stream' : 'application/json'
    made.append(name, new Blob([isBytes ? new Uint8Array(value) : JSON.stringify(value)], { type }))
  }
  return made
}

const send = (body: FormData) => fetch(`${server.httpUrl}/v2/models/echo/infer`, { method: 'POST', body })

describe('a form', () => {
  test('of Node’s own fetch is understood, in any order', async () => {
    for (const parts of [
      { request, x: bytes },
      { x: bytes, request },
    ]) {
      const response = await send(form(parts))
      expect(await response.json()).toMatchObject({ outputs: [{ name: 'x', data: [1.5, -2] }] })
    }
  })

  test('answers in binary where that is asked for, and may hold JSON tensors, too', async () => {
    const inputs = [announced, { ...pair, name: 'y', data: [3, 4] }]
    const asked = { inputs, parameters: { binary_data_output: true } }
    const response = await send(form({ request: asked, x: bytes }))
    const jsonBytes = Number(response.headers.get('inference-header-content-length'))
    const body = Buffer.from(await response.arrayBuffer())
    expect(body.subarray(jsonBytes, jsonBytes + 8)).toEqual(bytes)
    expect(body.length).toBe(jsonBytes + 16)
  })

  test.each([
    ['without its request', { x: bytes }, /no part named request/],
    ['without a tensor', { request }, /does not hold its 8 bytes/],
    ['with a tensor of another size', { request, x: bytes.subarray(4) }, /does not hold its 8 bytes/],
    ['with a part that nobody asks for', { request, x: bytes, y: bytes }, /has a part "y"/],
    ['whose request is no object', { request: [], x: bytes }, /must be an object/],
  ])('%s is refused', async (_what, parts, message) => {
    const response = await send(form(parts))
    expect(response.status).toBe(400)
    expect(((await response.json()) as { error: string }).error).toMatch(message)
  })

  test('over the limit is refused, whatever of it is what', async () => {
    const large = new Uint8Array(100_001)
    expect((await send(form({ request, x: large }))).status).toBe(413)
  })

  test('that never ends is given up with its connection', async () => {
    const before = await metric(server, 'infer_requests_total{interface="rest",status="499"}')
    const socket = rawConnection(server)
    const head = 'content-type: multipart/form-data; boundary=b\r\ncontent-length: 5000'
    socket.write(`POST /v2/models/echo/infer HTTP/1.1\r\nhost: x\r\n${head}\r\n\r\n--b\r\ncontent-dis`)
    socket.end()
    const left = 'infer_requests_total{interface="rest",status="499"}'
    await eventually(async () => (await metric(server, left)) > before)
  })
})

describe('the reader of forms', () => {
  const boundary = 'x-y'
  const part = (name: string, data: string) =>
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="name=z"\r\n\r\n${data}\r\n`
  // What looks like a boundary and is none; what ends with a line break; what is empty.
  const data = { one: `a\r\n--${boundary.slice(0, 2)}b\r\n--`, two: 'c\r\n', three: '' }
  const body = Buffer.from(
    `preamble\r\n${Object.entries(data)
      .map(([name, text]) => part(name, text))
      .join('')}--${boundary}--\r\nepilogue`,
  )

  function read(pieces: readonly Buffer[], name = boundary): Record<string, string> {
    const reader = new MultipartReader(name)
    for (const piece of pieces) reader.feed(piece)
    return Object.fromEntries(reader.end().map((one) => [one.name, one.data.toString()]))
  }

  test('finds the same parts wherever the body is cut', () => {
    for (let at = 0; at <= body.length; at++) {
      expect(read([body.subarray(0, at), body.subarray(at)]), `cut at ${at}`).toEqual(data)
    }
    expect(read(Array.from(body, (byte) => Buffer.of(byte)))).toEqual(data)
  })

  test('hands out bytes that can move to another thread', () => {
    const reader = new MultipartReader(boundary)
    reader.feed(body)
    for (const one of reader.end()) expect(one.data.buffer.byteLength).toBe(one.data.length)
  })

  const header = (text: string) => `--${boundary}\r\n${text}\r\n\r\n\r\n--${boundary}--`

  test.each([
    ['nothing', ''],
    ['no boundary', 'just text'],
    ['no end', part('one', '1')],
    ['no name', header('content-disposition: form-data')],
    ['an empty name', header('content-disposition: form-data; name=""')],
    ['no headers', header('').replace('\r\n\r\n\r\n', '\r\n\r\n')],
    ['another disposition', header('content-disposition: attachment; name="a"')],
    ['base64 parts', header('content-disposition: form-data; name="a"\r\ncontent-transfer-encoding: base64')],
    ['two parts of one name', `${part('one', '1')}${part('one', '2')}--${boundary}--`],
    ['something behind a boundary', `--${boundary}!\r\n`],
    ['headers without end', `--${boundary}\r\n${'a: b\r\n'.repeat(2000)}`],
    [
      'a header that is too long',
      header(`a: ${'b'.repeat(9000)}\r\ncontent-disposition: form-data; name="a"`),
    ],
    ['65 parts', Array.from({ length: 65 }, (_, index) => part(`p${index}`, '')).join('')],
  ])('refuses %s', (_what, text) => {
    expect(() => read([Buffer.from(text)])).toThrow(expect.objectContaining({ status: 400 }))
  })

  test.each([
    ['multipart/form-data; boundary=abc', 'abc'],
    ['Multipart/Form-Data; charset=utf-8; Boundary="a b"', 'a b'],
    ['application/json', null],
    [undefined, null],
  ])('knows the boundary of %s', (contentType, expected) => {
    expect(boundaryOf(contentType)).toBe(expected)
  })

  test.each(['multipart/form-data', `multipart/form-data; boundary=${'x'.repeat(71)}`])(
    'refuses %s',
    (contentType) => {
      expect(() => boundaryOf(contentType)).toThrow(expect.objectContaining({ status: 400 }))
    },
  )
})
