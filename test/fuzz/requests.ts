/** What clients send to the bundled server: its own parsers, and the server as a whole. */

import fc from 'fast-check'
import { Agent, request } from 'undici'
import { type RawData, WebSocket } from 'ws'
import type { ModelInferRequest } from '../../reference-server/grpc/messages.ts'
import { readProto } from '../../reference-server/grpc/proto-file.ts'
import { inferenceProto } from '../../reference-server/grpc/protos/inference.ts'
import { StatusError } from '../../reference-server/grpc/status.ts'
import { readInputs } from '../../reference-server/grpc/tensors.ts'
import { isTextRequest, readPlace, readTextRequest } from '../../reference-server/grpc/text-request.ts'
import { HttpError } from '../../reference-server/http/errors.ts'
import { parseObject } from '../../reference-server/http/json.ts'
import { boundaryOf, MultipartReader, type Part } from '../../reference-server/http/multipart.ts'
import { inferRequestOfForm, readInferRequest } from '../../reference-server/http/open-inference-tensors.ts'
import { readPredictRequest } from '../../reference-server/http/tf-serving-tensors.ts'
import { RpcError, readMessage as readRpc } from '../../reference-server/mcp/rpc.ts'
import { RequestError, type Tensor } from '../../reference-server/runtime/runtime.ts'
import { type ReferenceServer, startServer } from '../../reference-server/server.ts'
import {
  idOf,
  readGenerate,
  readInfer,
  readResume,
  readMessage as readSocketMessage,
} from '../../reference-server/websocket/messages.ts'
import { changedBytes, changedJson, cuts, pieces } from './mutation.ts'
import { type Subject, subject } from './subject.ts'

/** Runs what may refuse its input in the way that it says it does. */
function refusing<T>(read: () => T): T | null {
  try {
    return read()
  } catch (error) {
    const isTyped = [HttpError, RequestError, RpcError, StatusError].some((type) => error instanceof type)
    if (isTyped && (error as Error).message.length < 5000) return null
    throw error
  }
}

/** No tensor is larger than what was sent of it, in the widest of its forms. */
function expectTensors(tensors: readonly Tensor[] | undefined, byteCount: number): void {
  for (const { data, shape } of tensors ?? []) {
    if (data.byteLength > 8 * byteCount) throw new Error(`${data.byteLength} bytes of ${byteCount}`)
    if (!Array.isArray(shape)) throw new Error('a shape is no list')
  }
}

const INFER = {
  id: '1',
  inputs: [
    { name: 'input', datatype: 'FP32', shape: [1, 4], data: [1, 2, 3, 4.5] },
    { name: 'b', datatype: 'INT64', shape: [2, 1], data: [[1], [-2]] },
    { name: 'c', datatype: 'FP32', shape: [1], data: { b64: 'AACAPw==' } },
  ],
  outputs: [{ name: 'output', parameters: { binary_data: true } }],
  parameters: { binary_data_output: true, sequence_id: 5 },
}
const BINARY = {
  inputs: [{ name: 'input', datatype: 'FP32', shape: [1, 2], parameters: { binary_data_size: 8 } }],
}

const infer = subject<[json: string, tail: Uint8Array, header: string | undefined]>({
  name: 'a request of the Open Inference Protocol',
  inputs: fc.tuple(
    changedJson(INFER, BINARY),
    fc.uint8Array({ maxLength: 10 }),
    fc.oneof(fc.constantFrom(undefined, 'json', '-1', '1e3', '', 'NaN'), fc.nat({ max: 400 }).map(String)),
  ),
  examples: [
    [
      `{"inputs":[{"name":"i","shape":[1],"datatype":${'['.repeat(50_000)}${']'.repeat(50_000)}}]}`,
      Buffer.alloc(0),
      undefined,
    ],
  ],
  holds([json, tail, header]) {
    const head = Buffer.from(json)
    const body = header === undefined ? head : Buffer.concat([head, tail])
    const read = refusing(() => readInferRequest(body, header === 'json' ? String(head.length) : header))
    expectTensors(read?.inputs, body.length)
  },
})

const FORM = Buffer.from(
  `--b\r\ncontent-disposition: form-data; name="request"\r\n\r\n${JSON.stringify(BINARY)}\r\n--b\r\ncontent-disposition: form-data; name="input"; filename="x"\r\n\r\n12345678\r\n--b--\r\n`,
)

const forms = subject<[body: Buffer, at: number[]]>({
  name: 'a form (multipart), in any pieces',
  inputs: fc.tuple(changedBytes(FORM), cuts),
  holds([body, at]) {
    const readIn = (parts: readonly Buffer[]): string => {
      const found = refusing((): Part[] => {
        const reader = new MultipartReader('b')
        for (const piece of parts) reader.feed(piece)
        return reader.end()
      })
      if (found) expectTensors(refusing(() => inferRequestOfForm(found))?.inputs, body.length)
      return JSON.stringify(found?.map(({ name, data }) => [name, data.toString('latin1')]) ?? null)
    }
    const whole = readIn([body])
    if (readIn(pieces(body, at)) !== whole) throw new Error('in pieces it is another form')
    refusing(() => boundaryOf(`multipart/form-data; boundary=${body.toString('latin1', 0, 60)}`))
  },
})

const MODEL = {
  name: 'm',
  kinds: ['tensor'],
  inputs: [{ name: 'input', datatype: 'FP32', shape: [-1, -1] }],
  outputs: [],
} as unknown as Parameters<typeof readPredictRequest>[1]

const predict = subject<string>({
  name: 'a request of TensorFlow Serving',
  inputs: changedJson(
    {
      signature_name: 'serving_default',
      instances: [
        [1, 2],
        [3, 4],
      ],
    },
    { inputs: { input: [[1, 2]] } },
    {
      instances: [
        { a: [1], b: 2 },
        { a: [3], b: 4 },
      ],
    },
  ),
  holds(json) {
    const body = Buffer.from(json)
    const read = refusing(() => readPredictRequest(parseObject(body), MODEL))
    expectTensors(read?.inputs, body.length)
  },
})

const socket = subject<[json: string, isBinary: boolean, jsonBytes: number, tail: Uint8Array]>({
  name: 'a message over WebSocket',
  inputs: fc.tuple(
    changedJson(
      { ...INFER, type: 'infer', model: 'mlp' },
      { id: '1', type: 'generate', model: 'echo', text_input: 'hé', parameters: { max_tokens: 4 } },
      { id: '1', type: 'resume', session: 's', after: 3 },
      { id: '1', type: 'infer', model: 'mlp', ...BINARY },
    ),
    fc.boolean(),
    fc.oneof(fc.constant(-1), fc.nat({ max: 400 }), fc.nat({ max: 2 ** 32 - 1 })),
    fc.uint8Array({ maxLength: 10 }),
  ),
  holds([json, isBinary, jsonBytes, tail]) {
    const text = Buffer.from(json)
    const length = Buffer.alloc(4)
    length.writeUInt32LE(jsonBytes < 0 ? text.length : jsonBytes)
    const bytes = isBinary ? Buffer.concat([length, text, tail]) : text
    const message = refusing(() => readSocketMessage(bytes, isBinary))
    if (!message) return
    refusing(() => idOf(message.fields))
    refusing(() => readGenerate(message.fields))
    refusing(() => readResume(message.fields))
    expectTensors(refusing(() => readInfer(message))?.request.inputs, bytes.length)
  },
})

const rpc = subject<string>({
  name: 'a message of JSON-RPC',
  inputs: changedJson(
    { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'infer', arguments: INFER } },
    { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } },
    [{ jsonrpc: '2.0', id: 1, result: {} }],
  ),
  holds(json) {
    refusing(() => readRpc(Buffer.from(json)))
  },
})

const { definition } = readProto(inferenceProto).services[0]!
const { requestDeserialize: deserialize, requestSerialize: serialize } = definition.ModelInfer!
const REQUESTS: Buffer[] = [
  {
    model_name: 'mlp',
    inputs: [{ name: 'input', datatype: 'FP32', shape: [1, 2], contents: { fp32_contents: [1, 2] } }],
  },
  {
    model_name: 'mlp',
    id: '1',
    parameters: { sequence_id: { int64_param: 5 }, sequence_start: { bool_param: true } },
    inputs: [{ name: 'input', datatype: 'INT16', shape: [4] }],
    raw_input_contents: [Buffer.alloc(8)],
  },
  {
    model_name: 'echo',
    parameters: { max_tokens: { int64_param: 4 } },
    inputs: [{ name: 'text_input', datatype: 'BYTES', shape: [1] }],
    raw_input_contents: [Buffer.from('\x02\0\0\0hi')],
  },
  { inputs: [{ name: 'n', datatype: 'UINT8', shape: [2], contents: { uint_contents: [1, 300] } }] },
].map((message) => Buffer.from(serialize(message)))

const grpc = subject<Buffer>({
  name: 'a message over gRPC',
  inputs: changedBytes(...REQUESTS),
  holds(bytes) {
    let message: ModelInferRequest
    try {
      message = deserialize(bytes) as ModelInferRequest
    } catch (error) {
      // grpc-js tells the client whatever it is that the decoder throws.
      if (error instanceof Error) return
      throw error
    }
    expectTensors(refusing(() => readInputs(message)) ?? undefined, bytes.length)
    refusing(() => readPlace(message))
    if (isTextRequest(message)) refusing(() => readTextRequest(message))
  },
})

/** A server of this test's own, which tells every bug that it finds in itself. */
let server: ReferenceServer
let agent: Agent
let client: WebSocket | undefined
let closed = (): void => {}
const bugs: unknown[] = []

async function startOwn(): Promise<void> {
  bugs.length = 0
  server = await startServer({
    providers: ['cpu'],
    workers: 1,
    batching: { size: 1, waitMs: 0 },
    tls: null,
    onBug: (bug) => bugs.push(bug),
    version: '1.2.3',
  })
  agent = new Agent({ connections: 4 })
}

async function stopOwn(): Promise<void> {
  client?.terminate()
  await agent.close()
  await server.close()
}

const CHAT = {
  model: 'gpt-tiny',
  messages: [{ role: 'user', content: [{ type: 'text', text: 'hé' }] }],
  max_tokens: 2,
  stream: true,
}
const ROUTES: [path: string, body: unknown][] = [
  ['/v2/models/mlp/infer', { ...INFER, inputs: INFER.inputs.slice(0, 1) }],
  ['/v2/models/echo/infer', INFER],
  ['/v2/models/gpt-tiny/generate', { text_input: 'hé', parameters: { max_tokens: 2 } }],
  ['/v1/chat/completions', CHAT],
  [
    '/v1/completions',
    { model: 'gpt-tiny', prompt: ['x'], max_tokens: 2, stream_options: { include_usage: true } },
  ],
  ['/v1/embeddings', { model: 'm', input: ['a', 'b'], encoding_format: 'base64' }],
  ['/v1/messages', { ...CHAT, stream: false, system: 'x' }],
  [
    '/v1/models/mlp:predict',
    {
      instances: [
        [1, 2],
        [3, 4],
      ],
    },
  ],
  [
    '/mcp',
    {
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'infer', arguments: { model: 'mlp', ...INFER } },
    },
  ],
  [
    '/mcp',
    {
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {} },
    },
  ],
]
const BATCH = 8

const routed = fc
  .constantFrom(...ROUTES)
  .chain(([path, body]) => changedJson(body).map((json): [string, string] => [path, json]))

function expectNoBug(): void {
  const bug = bugs.pop()
  if (bug !== undefined) throw new Error('the server found a bug in itself', { cause: bug })
}

const whole = subject<[path: string, json: string][]>({
  name: 'the bundled server over HTTP',
  inputs: fc.array(routed, { minLength: BATCH, maxLength: BATCH }),
  batch: BATCH,
  cost: 8,
  before: startOwn,
  after: stopOwn,
  async holds(all) {
    await Promise.all(
      all.map(async ([path, json]) => {
        const { statusCode, body } = await request(server.httpUrl + path, {
          method: 'POST',
          body: json,
          headers: {
            'content-type': 'application/json',
            accept: 'application/json, text/event-stream',
            'anthropic-version': '2023-06-01',
          },
          dispatcher: agent,
        })
        await body.text()
        if (statusCode >= 500 && statusCode !== 503) throw new Error(`${path}: ${statusCode}`)
      }),
    )
    expectNoBug()
  },
})

const sockets = subject<[message: string, isBinary: boolean][]>({
  name: 'the bundled server over WebSocket',
  inputs: fc.array(
    fc.tuple(
      changedJson(
        { id: '1', type: 'infer', model: 'mlp', inputs: INFER.inputs.slice(0, 1) },
        { id: '1', type: 'generate', model: 'gpt-tiny', text_input: 'x', parameters: { max_tokens: 2 } },
        { id: '1', type: 'cancel' },
        { id: '1', type: 'resume', after: 0 },
        { id: '1', type: 'ping' },
      ),
      fc.boolean(),
    ),
    { minLength: BATCH, maxLength: BATCH },
  ),
  batch: BATCH,
  cost: 8,
  before: startOwn,
  after: stopOwn,
  async holds(all) {
    let own = client
    if (own?.readyState !== WebSocket.OPEN) {
      own = client = new WebSocket(`${server.httpUrl.replace('http', 'ws')}/v2/ws`)
      own.on('error', () => {})
      own.on('close', () => closed())
      await new Promise((resolve) => own!.once('open', resolve))
    }
    for (const [message, isBinary] of all) own.send(Buffer.from(message), { binary: isBinary })
    // What it says last is about a message that has a name of its own.
    const mark = `mark-${Math.random()}`
    const marked = new Promise<void>((resolve) => {
      const hear = (data: RawData) => {
        if (!String(data).includes(mark)) return
        own.off('message', hear)
        resolve()
      }
      own.on('message', hear)
      closed = resolve
    })
    own.send(JSON.stringify({ id: mark, type: 'nothing' }))
    await marked
    expectNoBug()
  },
})

export const requests: Subject[] = [infer, forms, predict, socket, rpc, grpc, whole, sockets]
