/** The contract of dialects: every one of the registry passes it over every interface that it names. */

import { describe, expect, test } from 'vitest'
import { type Content, DecodeError, DialectError, newContent } from '../../src/dialects/dialect.ts'
import { DIALECTS } from '../../src/dialects/registry.ts'
import type { Payload } from '../../src/plan/plan.ts'
import { caseOf } from '../contract/play.ts'

const common = { encoding: 'json', batch: 1, seed: 7, label: '' } as const
const SIZE: Payload = { ...common, form: 'size', byteCount: 1024 }
const PROMPT: Payload = { ...common, form: 'tokens', promptTokens: 8, outputTokens: 4, ignoreEos: false }
const noHeaders = { get: () => undefined }

interface Sample {
  payload: Payload
  /** Whole replies, and what they hold. */
  replies: [string, Partial<Content>][]
  /** Chunks of a stream, and what they hold. */
  chunks: [string, Partial<Content>][]
  garbage: string[]
}

const SAMPLES: Record<string, Sample> = {
  'kserve-v2': {
    payload: SIZE,
    replies: [
      ['{"outputs":[{"name":"o","datatype":"FP32","shape":[1,2],"data":[1,2]}]}', { payloadBytes: 8 }],
      ['{"outputs":[{"name":"o","datatype":"INT64","shape":[2],"data":[[1],[2]]}]}', { payloadBytes: 16 }],
      ['{"outputs":[]}', { payloadBytes: 0 }],
      [
        '{"outputs":[{"name":"o","datatype":"FP32","shape":[1,2],"data":{"b64":"AADAPwAAAMA="}}]}',
        { payloadBytes: 8 },
      ],
    ],
    chunks: [],
    garbage: [
      '',
      'null',
      '[]',
      '{"outputs":[null]}',
      '{"outputs":[{"datatype":"FP32"}]}',
      '{"error":"no"}',
      '{"outputs":[{"name":"o","datatype":"FP32","shape":[3],"data":[1,2]}]}',
      '{"outputs":[{"name":"o","datatype":"FP32","shape":[3],"data":{"b64":"AADAPwAAAMA="}}]}',
      '{"outputs":[{"name":"o","datatype":"FP32","shape":[2],"data":{"b64":7}}]}',
    ],
  },
  'openai-chat': {
    payload: PROMPT,
    replies: [
      [
        '{"choices":[{"message":{"content":"héllo"}}],"usage":{"completion_tokens":3}}',
        { payloadBytes: 6, totalTokens: 3 },
      ],
    ],
    chunks: [
      ['{"choices":[{"delta":{"role":"assistant"}}]}', { payloadBytes: 0, tokens: 0 }],
      ['{"choices":[{"delta":{"content":"hi"}}]}', { payloadBytes: 2, tokens: 1 }],
      ['{"choices":[{"delta":{"reasoning_content":"hm"}}]}', { payloadBytes: 2, tokens: 1 }],
      ['{"choices":[],"usage":{"completion_tokens":9}}', { payloadBytes: 0, tokens: 0, totalTokens: 9 }],
      ['[DONE]', { done: true }],
    ],
    garbage: ['', 'null', '7', '{"choices":7}', '{"error":{"message":"overloaded"}}', '{"choices":'],
  },
  'openai-completions': {
    payload: PROMPT,
    replies: [['{"choices":[{"text":"abc"}]}', { payloadBytes: 3, totalTokens: -1 }]],
    chunks: [
      ['{"choices":[{"text":"a"}]}', { payloadBytes: 1, tokens: 1 }],
      ['[DONE]', { done: true }],
    ],
    garbage: ['', '{}', '{"choices":null}'],
  },
  'openai-embeddings': {
    payload: PROMPT,
    replies: [
      ['{"data":[{"embedding":[1,2,3]},{"embedding":[4,5,6]}]}', { payloadBytes: 24 }],
      ['{"data":[{"embedding":"AACAPwAAAEA="}]}', { payloadBytes: 8 }],
    ],
    chunks: [],
    garbage: [
      '',
      '{}',
      '{"data":[null]}',
      '{"data":[{"embedding":["a"]}]}',
      '{"data":[{"embedding":"AAA="}]}',
    ],
  },
  'anthropic-messages': {
    payload: PROMPT,
    replies: [
      [
        '{"type":"message","content":[{"type":"text","text":"héllo"}],"usage":{"output_tokens":3}}',
        { payloadBytes: 6, tokens: 1, totalTokens: 3 },
      ],
      ['{"content":[{"type":"tool_use","input":{"a":1}}]}', { payloadBytes: 7, tokens: 1 }],
    ],
    chunks: [
      ['{"type":"message_start","message":{"usage":{"output_tokens":1}}}', { payloadBytes: 0, tokens: 0 }],
      ['{"type":"ping"}', { payloadBytes: 0, tokens: 0 }],
      ['{"type":"content_block_start","content_block":{"type":"text","text":""}}', { payloadBytes: 0 }],
      [
        '{"type":"content_block_delta","delta":{"type":"text_delta","text":"hi"}}',
        { payloadBytes: 2, tokens: 1 },
      ],
      [
        '{"type":"content_block_delta","delta":{"type":"thinking_delta","thinking":"hm"}}',
        { payloadBytes: 2 },
      ],
      [
        '{"type":"content_block_delta","delta":{"type":"input_json_delta","partial_json":"{"}}',
        { tokens: 1 },
      ],
      ['{"type":"one_that_comes_later"}', { payloadBytes: 0, tokens: 0, done: false }],
      ['{"type":"message_delta","usage":{"output_tokens":9}}', { totalTokens: 9, tokens: 0 }],
      ['{"type":"message_stop"}', { done: true }],
    ],
    garbage: ['', 'null', '7', '{}', '{"type":"error","error":{"type":"overloaded_error"}}', '{"type":'],
  },
  'tf-serving': {
    payload: SIZE,
    replies: [
      ['{"predictions":[[1,2],[3,4]]}', { payloadBytes: 16 }],
      ['{"outputs":{"a":[1],"b":["four",true]}}', { payloadBytes: 9 }],
      ['{"predictions":[{"a":1,"b":[2,3]}]}', { payloadBytes: 12 }],
    ],
    chunks: [],
    garbage: ['', 'null', '{}', '{"predictions":null}', '{"outputs":[null]}', '{"error":"no"}'],
  },
  raw: {
    payload: SIZE,
    replies: [['anything', { payloadBytes: 8 }]],
    chunks: [['anything', { payloadBytes: 8, tokens: 1 }]],
    garbage: [],
  },
}

const PAIRS = DIALECTS.flatMap(({ name: api, http }) =>
  (http?.interfaces ?? []).map((name) => [api, name, http!] as const),
)

describe.each(PAIRS)('%s over %s', (api, interfaceName, face) => {
  const sample = SAMPLES[api]!
  const streams = interfaceName === 'sse'

  function codecFor(payload: Payload) {
    const { target } = caseOf({
      target: { interface: interfaceName, url: 'http://test/', api, model: 'mlp' },
    })
    return face.codec({ target, payload, streaming: streams, file: null })
  }

  test('encodes the same request each time, and the same for the same seed', () => {
    const codec = codecFor(sample.payload)
    const first = Buffer.from(codec.encode!())
    expect(Buffer.from(codec.encode!()).equals(first)).toBe(true)
    expect(Buffer.from(codecFor(sample.payload).encode!()).equals(first)).toBe(true)
    const other = codecFor({ ...sample.payload, seed: 8 })
    expect(Buffer.from(other.encode!()).equals(first)).toBe(false)
    expect(codec.payloadBytes).toBeGreaterThan(0)
  })

  test.each(streams ? sample.chunks : sample.replies)('reads %s', (text, expected) => {
    const content = newContent()
    const codec = codecFor(sample.payload)
    if (streams) codec.chunk(text, undefined, content)
    else codec.reply(Buffer.from(text), noHeaders, content)
    expect(content).toMatchObject(expected)
  })

  test.each(sample.garbage)('refuses %j', (text) => {
    const codec = codecFor(sample.payload)
    const read = () =>
      streams
        ? codec.chunk(text, undefined, newContent())
        : codec.reply(Buffer.from(text), noHeaders, newContent())
    expect(read).toThrow(DecodeError)
  })

  test('prescribes a path', () => {
    expect(face.path('mlp', streams)).toMatch(/^\//)
  })

  test('refuses a payload that it cannot carry, before anything is sent', () => {
    const wrong = sample.payload.form === 'size' ? PROMPT : SIZE
    expect(() => codecFor(wrong)).toThrow(DialectError)
  })
})

describe('kserve-v2 in binary', () => {
  const { target } = caseOf({
    target: { interface: 'rest', url: 'http://test/', api: 'kserve-v2', model: 'mlp' },
  })
  const kserve = DIALECTS.find(({ name }) => name === 'kserve-v2')!.http!
  const codec = kserve.codec({
    target,
    payload: { ...SIZE, encoding: 'binary', form: 'size', byteCount: 1024 },
    streaming: false,
    file: null,
  })

  test('sends the numbers as they are, after the header whose length it tells', () => {
    const body = codec.encode!() as Buffer
    const headerLength = Number(codec.headers['inference-header-content-length'])
    expect(body.length - headerLength).toBe(1024)
    expect(JSON.parse(body.subarray(0, headerLength).toString())).toMatchObject({
      inputs: [{ datatype: 'FP32', shape: [1, 256], parameters: { binary_data_size: 1024 } }],
    })
  })

  test.each([
    ['fewer bytes than announced', 4],
    ['more bytes than announced', 12],
  ])('refuses %s', (_what, byteCount) => {
    const header =
      '{"outputs":[{"name":"o","datatype":"FP32","shape":[2],"parameters":{"binary_data_size":8}}]}'
    const body = Buffer.concat([Buffer.from(header), Buffer.alloc(byteCount)])
    const headers = { get: () => String(header.length) }
    expect(() => codec.reply(body, headers, newContent())).toThrow(DecodeError)
  })

  test('a payload that is no whole number of rows is refused with what would be', () => {
    const payload: Payload = { ...SIZE, form: 'size', byteCount: 1022 }
    expect(() => kserve.codec({ target, payload, streaming: false, file: null })).toThrow(/multiple of 4/)
  })
})
