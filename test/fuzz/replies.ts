/** What servers reply, as each dialect reads it: bodies, chunks of streams, messages. */

import fc from 'fast-check'
import type protobuf from 'protobufjs/light.js'
import { type CodecOptions, type Content, DecodeError, newContent } from '../../src/dialects/dialect.ts'
import { messageType as inferType } from '../../src/dialects/kserve-v2/messages.ts'
import { DIALECTS, dialect } from '../../src/dialects/registry.ts'
import { messageType as predictType } from '../../src/dialects/tf-serving/messages.ts'
import { newReply } from '../../src/dialects/websocket-face.ts'
import type { Payload } from '../../src/plan/plan.ts'
import { caseOf } from '../contract/play.ts'
import { changedBytes, changedJson, changedTree } from './mutation.ts'
import { type Subject, subject } from './subject.ts'

const common = { encoding: 'json', batch: 1, seed: 7, label: '' } as const
const SIZE: Payload = { ...common, form: 'size', byteCount: 64 }
const PROMPT: Payload = { ...common, form: 'tokens', promptTokens: 8, outputTokens: 4, ignoreEos: false }
const LITERAL: Payload = { ...common, form: 'json', json: {} }

function optionsFor(api: string, interfaceName: string, payload: Payload, options = {}): CodecOptions {
  const target = { interface: interfaceName, api, url: 'http://h', model: 'm', options } as const
  return { ...caseOf({ target, payload }), file: null }
}

/** Elements of a byte each may be numbers of 8; nothing else makes more of a reply than there is of it. */
const MOST_PER_BYTE = 8

/** What was read can be counted, or is refused as the dialects refuse. */
function expectContent(read: (into: Content) => void, byteCount: number, into: Content = newContent()): void {
  try {
    read(into)
  } catch (error) {
    if (error instanceof DecodeError && error.message !== '') return
    throw error
  }
  const { tokens, payloadBytes, totalTokens } = into
  const counts = [tokens, payloadBytes, totalTokens + 1]
  if (!counts.every((count) => Number.isSafeInteger(count) && count >= 0)) throw new Error(`counts ${counts}`)
  if (payloadBytes > MOST_PER_BYTE * byteCount) throw new Error(`${payloadBytes} bytes in ${byteCount}`)
}

const OUTPUTS = [
  { name: 'o', datatype: 'FP32', shape: [1, 2], data: [1, 2.5] },
  { name: 'p', datatype: 'INT64', shape: [2, 1], data: [[1], [2]] },
  { name: 't', datatype: 'BYTES', shape: [1], data: ['text'] },
  { name: 'b', datatype: 'FP32', shape: [1], data: { b64: 'AACAPw==' } },
]
const BINARY = { outputs: [{ name: 'o', datatype: 'FP32', shape: [2], parameters: { binary_data_size: 8 } }] }
const ERROR = { error: { message: 'overloaded', code: 429 } }
const USAGE = { usage: { completion_tokens: 3 } }

/** Whole replies that each dialect understands, and chunks of its streams. */
const HTTP: Record<string, { payload: Payload; replies: unknown[]; chunks?: unknown[] }> = {
  'kserve-v2': { payload: SIZE, replies: [{ outputs: OUTPUTS }, BINARY, ERROR] },
  'openai-chat': {
    payload: PROMPT,
    replies: [
      { choices: [{ message: { content: 'héllo', reasoning_content: 'hm' } }, { text: 'x' }], ...USAGE },
      ERROR,
    ],
    chunks: [{ choices: [{ delta: { content: 'hi' } }] }, { choices: [], ...USAGE }, ERROR],
  },
  'openai-completions': {
    payload: PROMPT,
    replies: [{ choices: [{ text: 'abc' }], ...USAGE }],
    chunks: [{ choices: [{ text: 'a' }] }],
  },
  'openai-embeddings': {
    payload: PROMPT,
    replies: [{ data: [{ embedding: [1, 2, 3] }, { embedding: 'AACAPwAAAEA=' }] }],
  },
  'anthropic-messages': {
    payload: PROMPT,
    replies: [
      {
        type: 'message',
        content: [{ type: 'text', text: 'hé' }, { input: { a: 1 } }],
        usage: { output_tokens: 3 },
      },
      { type: 'error', ...ERROR },
    ],
    chunks: [
      { type: 'content_block_delta', delta: { type: 'text_delta', text: 'hi' } },
      { type: 'content_block_delta', delta: { partial_json: '{"a"' } },
      { type: 'message_delta', usage: { output_tokens: 9 } },
      { type: 'message_stop' },
    ],
  },
  'tf-serving': {
    payload: SIZE,
    replies: [
      {
        predictions: [
          [1, 2],
          [3, 4],
        ],
      },
      { outputs: { a: [true], b: 'text' } },
      ERROR,
    ],
  },
  raw: { payload: LITERAL, replies: [{ any: 'thing' }], chunks: [{ any: 'thing' }] },
}

type Body = [json: string, tail: Uint8Array, header: string | undefined]
const body = (json: string): Body => [json, Buffer.alloc(0), undefined]

const KSERVE_FOUND: Body[] = [
  '{"outputs":[{"datatype":"constructor","shape":[1],"data":[1]}]}',
  '{"outputs":[{"datatype":"FP32","shape":5,"data":[1]}]}',
  '{"outputs":[{"datatype":"FP32","shape":[1e6,1e6],"data":[[1]]}]}',
  '{"outputs":[{"datatype":"FP32","shape":[-1],"data":{"b64":""}}]}',
  '{"outputs":[{"parameters":{"binary_data_size":"5"}}]}',
  '{"outputs":[{"parameters":{"binary_data_size":-5}},{"parameters":{"binary_data_size":5}}]}',
  `{"outputs":[{"datatype":"BYTES","data":${'['.repeat(20_000)}${']'.repeat(20_000)}}]}`,
].map(body)
const TF_FOUND: Body[] = [body(`{"predictions":${'['.repeat(20_000)}${']'.repeat(20_000)}}`)]

/** Headers that tell where the JSON ends, or lie about it. */
const headerLength = fc.oneof(
  fc.constantFrom(undefined, '', '-1', '1e3', '0x10', 'NaN', '99999999999', ' 5 '),
  fc.nat({ max: 300 }).map(String),
  fc.constant('json'),
)

const bodies = Object.entries(HTTP).map(([api, { payload, replies }]) => {
  const codec = dialect(api).http!.codec({ ...optionsFor(api, 'rest', payload), streaming: false })
  return subject<Body>({
    name: `a reply of ${api}`,
    inputs: fc.tuple(changedJson(...replies), fc.uint8Array({ maxLength: 9 }), headerLength),
    examples: api === 'kserve-v2' ? KSERVE_FOUND : api === 'tf-serving' ? TF_FOUND : [],
    holds([json, tail, header]) {
      const head = Buffer.from(json)
      const told = header === 'json' ? String(head.length) : header
      const body = told === undefined ? head : Buffer.concat([head, tail])
      const headers = { get: (name: string) => (name.startsWith('inference') ? told : undefined) }
      expectContent((into) => codec.reply(body, headers, into), body.length)
    },
  })
})

const chunks = Object.entries(HTTP).flatMap(([api, { payload, chunks: good }]) => {
  if (!good) return []
  const codec = dialect(api).http!.codec({ ...optionsFor(api, 'sse', payload), streaming: true })
  return subject<string>({
    name: `a chunk of ${api}`,
    inputs: fc.oneof(
      { arbitrary: changedJson(...good), weight: 50 },
      { arbitrary: fc.constant('[DONE]'), weight: 1 },
    ),
    examples: [
      '{"choices":[{"delta":{"content":{"toString":1}}}]}',
      '{"choices":[{"text":5}]}',
      '{"choices":[],"usage":{"completion_tokens":1e308}}',
      '{"type":"content_block_delta","delta":{"text":5}}',
    ],
    holds: (data) => expectContent((into) => codec.chunk(data, undefined, into), Buffer.byteLength(data)),
  })
})

const tensor = { name: 'o', datatype: 'FP32', shape: [2], contents: { fp32_contents: [1, 2] } }
const infer = inferType('ModelInferResponse')
const streamed = inferType('ModelStreamInferResponse')
const predict = predictType('PredictResponse')
const bytesOf = (type: protobuf.Type, message: object) => type.encode(type.fromObject(message)).finish()

const inferBytes = [
  bytesOf(infer, { model_name: 'm', outputs: [tensor] }),
  bytesOf(infer, {
    outputs: [
      { ...tensor, contents: undefined },
      { name: 't', datatype: 'BYTES', shape: [1] },
    ],
    raw_output_contents: [Buffer.alloc(8), Buffer.from('\x04\0\0\0text')],
    parameters: { triton_final_response: { bool_param: true } },
  }),
]
const streamedBytes = [
  bytesOf(streamed, { infer_response: { outputs: [tensor] } }),
  bytesOf(streamed, { error_message: 'no' }),
]
const predictBytes = [
  bytesOf(predict, {
    outputs: {
      a: { dtype: 1, tensor_shape: { dim: [{ size: 2 }] }, float_val: [1, 2] },
      b: { dtype: 7, string_val: [Buffer.from('text')] },
      c: { dtype: 9, int64_val: [1, -1], tensor_content: Buffer.alloc(4) },
    },
    model_spec: { name: 'm', version: { value: 1 } },
  }),
]

/** A message that holds itself, a map, a group of enums: what a schema from anywhere may have. */
const LEARNED = {
  kind: 'unary',
  request: 'p.Node',
  reply: 'p.Node',
  types: {
    'p.Node': {
      fields: {
        next: { type: '.p.Node', id: 1 },
        named: { keyType: 'string', type: '.p.Node', id: 2 },
        numbers: { rule: 'repeated', type: 'sint64', id: 3 },
        kind: { type: '.p.Kind', id: 4 },
      },
    },
    'p.Kind': { values: { NONE: 0, SOME: 1 } },
  },
}

/** A message within itself, so many times: `next` is field 1. */
function within(levels: number): Buffer {
  const heads: Buffer[] = []
  let byteCount = 0
  for (let level = 0; level < levels; level++) {
    const length: number[] = []
    for (let rest = byteCount; ; rest >>>= 7) {
      length.push(rest < 0x80 ? rest : (rest & 0x7f) | 0x80)
      if (rest < 0x80) break
    }
    heads.push(Buffer.from([0x0a, ...length]))
    byteCount += 1 + length.length
  }
  return Buffer.concat(heads.reverse())
}

const nodes = [Buffer.from('120a0a016112050a0012001a0102', 'hex'), Buffer.from('1a03010203200a0012', 'hex')]
const deep = fc.integer({ min: 1, max: 20_000 }).map(within)
/** Groups that begin within groups: wire type 3, which a reader has to skip. */
const groups = fc.integer({ min: 1, max: 50_000 }).map((count) => Buffer.alloc(count, 0x2b))

const GRPC: [title: string, options: CodecOptions, method: string, good: Uint8Array[]][] = [
  ['kserve-v2', optionsFor('kserve-v2', 'grpc', SIZE), 'ModelInfer', inferBytes],
  ['kserve-v2, streamed', optionsFor('kserve-v2', 'grpc', SIZE), 'ModelStreamInfer', streamedBytes],
  ['tf-serving', optionsFor('tf-serving', 'grpc', SIZE), 'Predict', predictBytes],
  [
    'inferbench-generation',
    optionsFor('inferbench-generation', 'grpc', PROMPT),
    'Generate',
    [Buffer.from('0a0468c3a978', 'hex'), Buffer.from('12080a0373746f70100518', 'hex')],
  ],
  ['raw, of a learned schema', optionsFor('raw', 'grpc', LITERAL, { learned: LEARNED }), 'Any', nodes],
]

const messages = GRPC.map(([title, options, method, good]) => {
  const codec = dialect(options.target.api).grpc!.codec(options, method)
  return subject<Buffer>({
    name: `a message of ${title}`,
    inputs: fc.oneof(
      { arbitrary: changedBytes(...good), weight: 200 },
      { arbitrary: deep, weight: 1 },
      { arbitrary: groups, weight: 1 },
    ),
    holds: (bytes) => expectContent((into) => codec.decodeMessage(bytes, into), bytes.length),
  })
})

const SOCKET: [title: string, options: CodecOptions, method: string, good: unknown[]][] = [
  [
    'kserve-v2 infer',
    optionsFor('kserve-v2', 'websocket', SIZE),
    'infer',
    [
      { id: '305', type: 'result', outputs: OUTPUTS, timing: { queue_ms: 1, compute_ms: 2 } },
      { id: '305', type: 'error', code: 'overloaded', message: 'later' },
      { id: '305', type: 'result', ...BINARY },
    ],
  ],
  [
    'kserve-v2 generate',
    optionsFor('kserve-v2', 'websocket', PROMPT),
    'generate',
    [
      { id: '305', type: 'token', index: 4, text_output: 'x' },
      { id: '305', type: 'done', usage: { completion_tokens: 3 }, timing: { queue_ms: 1 } },
      { type: 'hello', session: 's', resumed: false },
    ],
  ],
  [
    'raw by id',
    optionsFor('raw', 'websocket', LITERAL, { correlation: 'id' }),
    '',
    [{ id: '7', done: true }],
  ],
  ['raw by order', optionsFor('raw', 'websocket', LITERAL), '', [{ id: 7, text: 'x' }]],
]

const socketMessages = SOCKET.map(([title, options, method, good]) => {
  const codec = dialect(options.target.api).websocket!.codec(options, method)
  return subject<[json: string, isBinary: boolean, jsonBytes: number, tail: Uint8Array]>({
    name: `a WebSocket message of ${title}`,
    inputs: fc.tuple(
      changedJson(...good),
      fc.boolean(),
      fc.oneof(fc.constant(-1), fc.nat({ max: 200 }), fc.nat({ max: 2 ** 32 - 1 })),
      fc.uint8Array({ maxLength: 9 }),
    ),
    examples: [
      ['{"id":{"toString":1}}', false, -1, Buffer.alloc(0)],
      ['{"id":"305","type":{"toString":1}}', false, -1, Buffer.alloc(0)],
      ['{"id":"305","type":"error","code":{"toString":1}}', false, -1, Buffer.alloc(0)],
    ],
    holds([json, isBinary, jsonBytes, tail]) {
      const text = Buffer.from(json)
      const length = Buffer.alloc(4)
      length.writeUInt32LE(jsonBytes < 0 ? text.length : jsonBytes)
      const message = isBinary ? Buffer.concat([length, text, tail]) : text
      const readWith = (read: (into: ReturnType<typeof newReply>) => void) => {
        const into = newReply()
        expectContent(() => read(into), message.length, into)
        const { errorCode, errorMessage, session, index } = into
        const texts = [errorCode, errorMessage, session]
        if (!texts.every((one) => typeof one === 'string')) throw new Error(`${texts}`)
        if (!(Number.isSafeInteger(index) && index >= -1)) throw new Error(`index ${index}`)
        for (const told of [into.queueMs, into.computeMs]) {
          if (!(Number.isNaN(told) || (told >= 0 && told <= Number.MAX_VALUE))) throw new Error(`${told} ms`)
        }
      }
      readWith(() => {
        const id = codec.callOf?.(message, isBinary) ?? 0
        if (!(Number.isSafeInteger(id) && id >= -1)) throw new Error(`call ${id}`)
      })
      readWith((into) => codec.read(message, isBinary, into))
      readWith((into) => codec.aside?.(message, isBinary, into))
    },
  })
})

/** As the SDKs have checked it, and as they have not. */
const RESULT = {
  content: [
    { type: 'text', text: 'hé' },
    { type: 'image', data: 'AAAA', mimeType: 'image/png' },
  ],
  structuredContent: { outputs: OUTPUTS },
  _meta: { 'infer-bench/usage': { completion_tokens: 3 }, 'infer-bench/timing': { queue_ms: 1 } },
}
const PROGRESS = { progressToken: 1, progress: 1, total: 4, message: 'tok' }

const toolReplies = [
  ['kserve-v2', 'infer', SIZE],
  ['kserve-v2', 'generate', PROMPT],
  ['raw', 'echo', LITERAL],
].map(([api, tool, payload]) => {
  const codec = dialect(api as string).mcp!.codec(
    optionsFor(api as string, 'mcp', payload as Payload),
    tool as string,
  )
  return subject<[result: unknown, progress: unknown, hadContent: boolean]>({
    name: `a tool’s reply of ${api} ${tool}`,
    inputs: fc.tuple(changedTree(RESULT), changedTree(PROGRESS), fc.boolean()),
    holds([result, progress, hadContent]) {
      const byteCount = JSON.stringify([result, progress])?.length ?? 0
      const object = (value: unknown) => (value !== null && typeof value === 'object' ? value : {}) as never
      expectContent((into) => codec.result(object(result), hadContent, into), byteCount)
      expectContent((into) => codec.progress(object(progress), into), byteCount)
    },
  })
})

export const replies: Subject[] = [...bodies, ...chunks, ...messages, ...socketMessages, ...toolReplies]

const left = DIALECTS.filter(({ name, http }) => http && !(name in HTTP))
if (left.length > 0) throw new Error(`no replies are known of ${left.map(({ name }) => name)}`)
