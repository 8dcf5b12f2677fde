/** The contract of dialects over gRPC: every one of the registry that has such a face passes it with every method. */

import { describe, expect, test } from 'vitest'
import { type Content, DecodeError, DialectError, newContent } from '../../src/dialects/dialect.ts'
import { messageType as kserveType } from '../../src/dialects/kserve-v2/messages.ts'
import { DIALECTS } from '../../src/dialects/registry.ts'
import { messageType as tfType } from '../../src/dialects/tf-serving/messages.ts'
import type { Payload } from '../../src/plan/plan.ts'
import { caseOf } from '../contract/play.ts'

const common = { encoding: 'json', batch: 1, seed: 7, label: '' } as const
const SIZE: Payload = { ...common, form: 'size', byteCount: 1024 }
const PROMPT: Payload = { ...common, form: 'tokens', promptTokens: 8, outputTokens: 4, ignoreEos: false }

interface Sample {
  payload: Payload
  /** Takes tensors, in both encodings. */
  tensors?: boolean
  /** Needs no model. */
  modelless?: boolean
  json: object
  /** A message that does not fit its type, what is said of it, and where. */
  misfits: [unknown, RegExp, (string | number)[]][]
  /** Messages of a reply, and what they hold. */
  replies: [Uint8Array, Partial<Content>][]
  garbage: Uint8Array[]
  wrong: Payload
}

const encoded = (type: ReturnType<typeof kserveType>, message: object) =>
  type.encode(type.fromObject(message)).finish()
const NO_MESSAGE = Buffer.from([0xff, 0xff, 0xff])

const kserveReply = (outputs: object[], raw: Uint8Array[] = []) => ({ outputs, raw_output_contents: raw })
const FP32 = { name: 'o', datatype: 'FP32', shape: [1, 2] }
const streamed = (message: object) => encoded(kserveType('ModelStreamInferResponse'), message)
const replied = (message: object) => encoded(kserveType('ModelInferResponse'), message)
const predicted = (message: object) => encoded(tfType('PredictResponse'), message)

const kserve = {
  json: { model_name: 'm', inputs: [{ name: 'i', datatype: 'FP32', shape: [1] }] },
  misfits: [
    ['text', /^this is no ModelInferRequest$/, ['json']],
    [{ model_nam: 'm' }, /^ModelInferRequest has no field `model_nam`$/, ['json', 'model_nam']],
    [{ inputs: {} }, /^this is no list$/, ['json', 'inputs']],
    [{ inputs: [{ shape: [1.5] }] }, /^this is no int64$/, ['json', 'inputs', 0, 'shape', 0]],
  ],
} satisfies Partial<Sample>

const SAMPLES: Record<string, Sample> = {
  'kserve-v2 ModelInfer': {
    ...kserve,
    payload: SIZE,
    tensors: true,
    replies: [
      [replied(kserveReply([{ ...FP32, contents: { fp32_contents: [1, 2] } }])), { payloadBytes: 8 }],
      [replied(kserveReply([FP32], [Buffer.alloc(8)])), { payloadBytes: 8 }],
      [new Uint8Array(0), { payloadBytes: 0, tokens: 0 }],
    ],
    garbage: [
      NO_MESSAGE,
      replied(kserveReply([{ ...FP32, datatype: 'FP8', contents: { int_contents: [1] } }])),
    ],
    wrong: { ...common, form: 'none' },
  },
  'kserve-v2 ModelStreamInfer': {
    ...kserve,
    payload: PROMPT,
    tensors: true,
    replies: [
      [
        streamed({
          infer_response: kserveReply([
            {
              name: 'text_output',
              datatype: 'BYTES',
              shape: [1],
              contents: { bytes_contents: [Buffer.from('hi')] },
            },
          ]),
        }),
        { payloadBytes: 2, tokens: 1 },
      ],
      [streamed({ infer_response: kserveReply([]) }), { payloadBytes: 0, tokens: 0 }],
    ],
    garbage: [NO_MESSAGE, streamed({ error_message: 'no' })],
    wrong: { ...common, form: 'none' },
  },
  'inferbench-generation Generate': {
    payload: PROMPT,
    json: { model: 'm', prompt: 'p' },
    misfits: [
      [{ max_tokens: -1 }, /^this is no uint32$/, ['json', 'max_tokens']],
      [{ maxTokens: 1 }, /^GenerateRequest has no field/, ['json', 'maxTokens']],
    ],
    replies: [
      [Buffer.from([0x0a, 2, 0xc3, 0xa9]), { payloadBytes: 2, tokens: 1, totalTokens: -1 }],
      [Buffer.from([0x12, 2, 0x18, 9]), { payloadBytes: 0, tokens: 0, totalTokens: 9 }],
      [new Uint8Array(0), { payloadBytes: 0, tokens: 0 }],
    ],
    garbage: [NO_MESSAGE],
    wrong: SIZE,
  },
  'inferbench-generation Collect': {
    payload: SIZE,
    modelless: true,
    json: { data: 'aGVsbG8=' },
    misfits: [[{ data: 'a b' }, /^this is no bytes$/, ['json', 'data']]],
    replies: [[Buffer.from([0x08, 1, 0x10, 2]), { payloadBytes: 0, tokens: 0 }]],
    garbage: [NO_MESSAGE],
    wrong: PROMPT,
  },
  'tf-serving Predict': {
    payload: SIZE,
    tensors: true,
    json: { model_spec: { name: 'm' }, inputs: { x: { dtype: 'DT_FLOAT', float_val: [1] } } },
    misfits: [
      [7, /^this is no PredictRequest$/, ['json']],
      [{ model_spec: { nam: 'm' } }, /^ModelSpec has no field `nam`$/, ['json', 'model_spec', 'nam']],
      [{ inputs: [] }, /^this is no mapping$/, ['json', 'inputs']],
      [{ inputs: { x: { dtype: 'DT_FLAOT' } } }, /^DataType has no value/, ['json', 'inputs', 'x', 'dtype']],
      [
        { inputs: { x: { tensor_content: '%' } } },
        /^this is no bytes$/,
        ['json', 'inputs', 'x', 'tensor_content'],
      ],
      [
        { model_spec: { version: { value: 1 }, version_label: 'a' } },
        /^either `version` or `version_label` is set$/,
        ['json', 'model_spec', 'version_label'],
      ],
    ],
    replies: [
      [predicted({ outputs: { o: { dtype: 1, float_val: [1, 2] } } }), { payloadBytes: 8 }],
      [predicted({ outputs: { o: { dtype: 1, tensor_content: Buffer.alloc(12) } } }), { payloadBytes: 12 }],
      [predicted({ outputs: { o: { dtype: 4, int_val: [1, 2] } } }), { payloadBytes: 2 }],
      [predicted({ outputs: { o: { dtype: 7, string_val: [Buffer.from('abc')] } } }), { payloadBytes: 3 }],
      [new Uint8Array(0), { payloadBytes: 0, tokens: 0 }],
    ],
    garbage: [NO_MESSAGE, predicted({ outputs: { o: { dtype: 77, float_val: [1] } } })],
    wrong: PROMPT,
  },
}

const METHODS = DIALECTS.flatMap(({ name: api, grpc }) =>
  Object.keys(grpc?.methods ?? {}).map((method) => [`${api} ${method}`, api, method, grpc!] as const),
)

describe.each(METHODS)('%s', (name, api, method, face) => {
  const sample = SAMPLES[name]!

  function codecFor(payload: Payload, model: string | null = 'mlp', file: Uint8Array | null = null) {
    const { target } = caseOf({ target: { interface: 'grpc', url: 'grpc://test/', api, model } })
    return face.codec({ target, payload, file }, method)
  }

  test('encodes the same message each time, and the same for the same seed', () => {
    const codec = codecFor(sample.payload)
    const first = Buffer.from(codec.encodeMessage())
    expect(Buffer.from(codec.encodeMessage()).equals(first)).toBe(true)
    expect(Buffer.from(codecFor(sample.payload).encodeMessage()).equals(first)).toBe(true)
    const other = codecFor({ ...sample.payload, seed: 8 })
    expect(Buffer.from(other.encodeMessage()).equals(first)).toBe(false)
    expect(codec.payloadBytes).toBeGreaterThan(0)
  })

  test.runIf(sample.tensors)('raw bytes and typed numbers take equal room', () => {
    const [json, binary] = (['json', 'binary'] as const).map((encoding) => {
      const { payloadBytes, encodeMessage } = codecFor({ ...SIZE, encoding } as Payload)
      expect(payloadBytes).toBe(1024)
      return encodeMessage().byteLength
    })
    expect(json).toBeGreaterThan(1024)
    expect(binary! - json!).toBeLessThan(16)
    expect(json! - binary!).toBeLessThan(16)
  })

  test('sends a message that the scenario wrote out, and a file as it is', () => {
    expect(
      codecFor({ ...common, form: 'json', json: sample.json }, null).encodeMessage().byteLength,
    ).toBeGreaterThan(5)
    const file = Buffer.from('encoded')
    expect(codecFor({ ...common, form: 'file', path: '/x' }, null, file).encodeMessage()).toBe(file)
  })

  test.each(sample.misfits)('refuses the message %j', (json, says, at) => {
    let refused: unknown
    try {
      codecFor({ ...common, form: 'json', json })
    } catch (error) {
      refused = error
    }
    expect(refused).toBeInstanceOf(DialectError)
    expect(refused).toMatchObject({ message: expect.stringMatching(says), at })
  })

  test.each(sample.replies)('reads a message (%#)', (bytes, expected) => {
    const content = newContent()
    codecFor(sample.payload).decodeMessage(bytes, content)
    expect(content).toMatchObject(expected)
  })

  test.each(sample.garbage)('refuses a reply (%#)', (bytes) => {
    expect(() => codecFor(sample.payload).decodeMessage(bytes, newContent())).toThrow(DecodeError)
  })

  test('refuses a payload that it cannot carry, before anything is sent', () => {
    expect(() => codecFor(sample.wrong)).toThrow(DialectError)
    if (!sample.modelless) expect(() => codecFor(sample.payload, null)).toThrow(/needs a model/)
  })
})
