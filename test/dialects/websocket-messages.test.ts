/** The contract of dialects over WebSocket: every one of the registry passes it with every method that it names. */

import { describe, expect, test } from 'vitest'
import { DecodeError, DialectError } from '../../src/dialects/dialect.ts'
import { DIALECTS } from '../../src/dialects/registry.ts'
import { newReply, type WebSocketReply } from '../../src/dialects/websocket-face.ts'
import type { Payload } from '../../src/plan/plan.ts'
import { caseOf } from '../contract/play.ts'

const common = { encoding: 'json', batch: 1, seed: 7, label: '' } as const
const SIZE: Payload = { ...common, form: 'size', byteCount: 64 }
const PROMPT: Payload = { ...common, form: 'tokens', promptTokens: 8, outputTokens: 4, ignoreEos: false }
const JSON_PAYLOAD: Payload = { ...common, form: 'json', json: { ask: 'x' } }

interface Sample {
  options?: Record<string, unknown>
  payload: Payload
  wrong: Payload
  /** Messages about call 305, and what they hold. */
  messages: [string, Partial<WebSocketReply>][]
  garbage: string[]
}

const OUTPUTS = '"outputs":[{"name":"o","datatype":"FP32","shape":[2],"data":[1,2]}]'

const SAMPLES: Record<string, Sample> = {
  'kserve-v2 infer': {
    payload: SIZE,
    wrong: PROMPT,
    messages: [
      [
        `{"id":"305","type":"result",${OUTPUTS},"timing":{"queue_ms":1,"compute_ms":2}}`,
        { payloadBytes: 8, done: true, queueMs: 1, computeMs: 2 },
      ],
      [`{"type":"result","id":"305",${OUTPUTS}}`, { payloadBytes: 8, done: true }],
      [
        '{"id":"305","type":"error","code":"overloaded","message":"later"}',
        { errorCode: 'overloaded', errorMessage: 'later', done: true },
      ],
    ],
    garbage: [
      '{"id":"305"}',
      '{"id":"305","type":"result"}',
      '{"id":"305","type":"token","text_output":"x"}',
    ],
  },
  'kserve-v2 generate': {
    payload: PROMPT,
    wrong: SIZE,
    messages: [
      [
        '{"id":"305","type":"token","index":7,"text_output":"é"}',
        { tokens: 1, payloadBytes: 2, index: 7, done: false },
      ],
      [
        '{"id":"305","type":"done","usage":{"completion_tokens":4},"finish_reason":"length"}',
        { payloadBytes: 0, totalTokens: 4, done: true },
      ],
      ['{"id":"305","type":"error"}', { errorCode: 'unknown', done: true }],
    ],
    garbage: ['{"id":"305","type":"token"}', '{"id":"305","type":"result"}'],
  },
  'raw by id': {
    options: { correlation: 'id' },
    payload: JSON_PAYLOAD,
    wrong: SIZE,
    messages: [
      ['{"id":"305","text":"x"}', { tokens: 1, done: false }],
      ['{"text":"x","id":305,"done":true}', { done: true, tokens: 1, payloadBytes: 33 }],
      ['{"id":"305","done":true}', { done: true, tokens: 0, payloadBytes: 0 }],
    ],
    garbage: [],
  },
  'raw by order': {
    payload: SIZE,
    wrong: PROMPT,
    messages: [
      ['anything', { tokens: 1, payloadBytes: 8, done: false }],
      ['[DONE]', { tokens: 0, payloadBytes: 0, done: true }],
    ],
    garbage: [],
  },
}

test('every method of every dialect has a sample', () => {
  const methods = DIALECTS.flatMap(({ name, websocket }) =>
    Object.keys(websocket?.methods ?? {}).map((method) => `${name} ${method}`),
  )
  expect(Object.keys(SAMPLES).filter((name) => !name.startsWith('raw '))).toEqual(methods)
})

describe.each(Object.entries(SAMPLES))('%s', (name, { options = {}, payload, wrong, messages, garbage }) => {
  const [api, method] = name.split(' ') as [string, string]
  const face = DIALECTS.find((dialect) => dialect.name === api)!.websocket!

  function codecFor(what: Payload) {
    const called = face.methods ? { method } : {}
    const target = {
      interface: 'websocket',
      url: 'ws://test/',
      api,
      model: 'm',
      options: { ...called, ...options },
    }
    return face.codec({ target: caseOf({ target }).target, payload: what, file: null }, method)
  }

  test('encodes the same message for the same id each time, and tells ids apart', () => {
    const codec = codecFor(payload)
    const first = Buffer.from(codec.encode(305))
    expect(Buffer.from(codec.encode(305)).equals(first)).toBe(true)
    expect(Buffer.from(codec.encode(306)).equals(first)).toBe(codec.callOf === null)
    expect(codec.payloadBytes).toBeGreaterThan(0)
  })

  test.each(messages)('finds the call of %s, and reads it', (text, expected) => {
    const codec = codecFor(payload)
    const message = Buffer.from(text)
    if (codec.callOf) expect(codec.callOf(message, false)).toBe(305)
    const reply = newReply()
    codec.read(message, false, reply)
    expect(reply).toMatchObject(expected)
  })

  test.each(garbage)('refuses %s', (text) => {
    expect(() => codecFor(payload).read(Buffer.from(text), false, newReply())).toThrow(DecodeError)
  })

  test('finds no call in a message that names none, and refuses one that is no JSON', () => {
    const { callOf } = codecFor(payload)
    if (callOf === null) return
    for (const text of ['{}', '{"id":null}', '{"id":"x"}', '{"id":"30x"}', '{"id":""}']) {
      expect(callOf(Buffer.from(text), false), text).toBe(-1)
    }
    for (const text of ['', 'null', '{"id":"30', '7']) {
      expect(() => callOf(Buffer.from(text), false), text).toThrow(DecodeError)
    }
  })

  test('refuses a payload that it cannot carry, before anything is sent', () => {
    expect(() => codecFor(wrong)).toThrow(DialectError)
  })
})

describe('kserve-v2 in binary', () => {
  const face = DIALECTS.find(({ name }) => name === 'kserve-v2')!.websocket!
  const { target } = caseOf({
    target: { interface: 'websocket', url: 'ws://test/', api: 'kserve-v2', model: 'm' },
  })
  const codec = face.codec({ target, payload: { ...SIZE, encoding: 'binary' }, file: null }, 'infer')

  function binary(json: string, byteCount: number, announced = Buffer.byteLength(json)): Buffer {
    const length = Buffer.alloc(4)
    length.writeUInt32LE(announced)
    return Buffer.concat([length, Buffer.from(json), Buffer.alloc(byteCount)])
  }

  const result =
    '{"id":"305","type":"result","outputs":[{"name":"o","datatype":"FP32","shape":[2],"parameters":{"binary_data_size":8}}]}'

  test('sends the numbers as they are, behind the JSON whose length comes first', () => {
    const message = Buffer.from(codec.encode(305))
    const end = 4 + message.readUInt32LE(0)
    expect(message.length - end).toBe(64)
    expect(JSON.parse(message.subarray(4, end).toString())).toMatchObject({
      id: '305',
      type: 'infer',
      inputs: [{ datatype: 'FP32', parameters: { binary_data_size: 64 } }],
    })
  })

  test('reads a result', () => {
    const reply = newReply()
    expect(codec.callOf!(binary(result, 8), true)).toBe(305)
    codec.read(binary(result, 8), true, reply)
    expect(reply).toMatchObject({ payloadBytes: 8, done: true })
  })

  test.each([
    ['fewer bytes than announced', binary(result, 4)],
    ['more bytes than announced', binary(result, 12)],
    ['JSON that is longer than the message', binary(result, 0, 10_000)],
    ['no length', Buffer.alloc(2)],
  ])('refuses %s', (_what, message) => {
    expect(() => codec.read(message, true, newReply())).toThrow(DecodeError)
  })
})
