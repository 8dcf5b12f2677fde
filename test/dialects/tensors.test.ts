/** Tensors with a name, a type and a shape: what goes out is what the bundled server's own parsers read of it. */

import { describe, expect, test } from 'vitest'
import type { ModelInferRequest } from '../../reference-server/grpc/messages.ts'
import { readProto } from '../../reference-server/grpc/proto-file.ts'
import { inferenceProto } from '../../reference-server/grpc/protos/inference.ts'
import { readInputs } from '../../reference-server/grpc/tensors.ts'
import { MultipartReader } from '../../reference-server/http/multipart.ts'
import { inferRequestOfForm, readInferRequest } from '../../reference-server/http/open-inference-tensors.ts'
import type { Tensor as ServerTensor } from '../../reference-server/runtime/runtime.ts'
import { readInfer, readMessage } from '../../reference-server/websocket/messages.ts'
import { type Datatype, ELEMENTS, halfBits } from '../../src/dialects/datatypes.ts'
import { DialectError } from '../../src/dialects/dialect.ts'
import { dialect } from '../../src/dialects/registry.ts'
import { tensorOf } from '../../src/dialects/tensors.ts'
import { messageType } from '../../src/dialects/tf-serving/messages.ts'
import type { Payload, TensorEncoding } from '../../src/plan/plan.ts'
import { caseOf } from '../contract/play.ts'

const SHAPE = [2, 3, 4]
const COUNT = 24
const DATATYPES = Object.keys(ELEMENTS) as Datatype[]

type TensorPayload = Payload & { form: 'size' }

function payloadOf(datatype: Datatype, encoding: TensorEncoding = 'binary'): TensorPayload {
  const byteCount = COUNT * ELEMENTS[datatype].byteCount
  const common = { batch: 1, seed: 5, label: '' }
  return { ...common, encoding, form: 'size', byteCount, tensor: 'INPUT__0', datatype, shape: SHAPE }
}

function targetOf(interfaceName: string, api = 'kserve-v2') {
  return caseOf({ target: { interface: interfaceName, url: 'http://test/', api, model: 'echo' } }).target
}

/** Bytes as numbers, read by the language's own arrays. */
const READERS: Readonly<Record<Datatype, (bytes: ArrayBuffer) => Iterable<number | bigint>>> = {
  BOOL: (bytes) => new Uint8Array(bytes),
  UINT8: (bytes) => new Uint8Array(bytes),
  UINT16: (bytes) => new Uint16Array(bytes),
  UINT32: (bytes) => new Uint32Array(bytes),
  UINT64: (bytes) => new BigUint64Array(bytes),
  INT8: (bytes) => new Int8Array(bytes),
  INT16: (bytes) => new Int16Array(bytes),
  INT32: (bytes) => new Int32Array(bytes),
  INT64: (bytes) => new BigInt64Array(bytes),
  FP16: halves,
  FP32: (bytes) => new Float32Array(bytes),
  FP64: (bytes) => new Float64Array(bytes),
}

/** IEEE 754's 16 bits: sign, 5 of exponent, 10 of fraction; of normal numbers and 0. */
function halves(bytes: ArrayBuffer): number[] {
  return Array.from(new Uint16Array(bytes), (bits) => {
    if (bits === 0) return 0
    const size = (1 + (bits & 0x3ff) / 1024) * 2 ** (((bits >> 10) & 0x1f) - 15)
    return bits >> 15 === 1 ? -size : size
  })
}

describe('values', () => {
  test.each(DATATYPES)('%s: bytes and numbers are the same, and many', (datatype) => {
    const { bytes, values, shape } = tensorOf(payloadOf(datatype))
    const read = [...READERS[datatype](Uint8Array.from(bytes).buffer)].map(Number)
    expect(read).toEqual(values().map(Number))
    expect(shape).toEqual(SHAPE)
    expect(new Set(read).size).toBeGreaterThan(datatype === 'BOOL' ? 1 : COUNT / 2)
    expect(Buffer.compare(tensorOf({ ...payloadOf(datatype), seed: 6 }).bytes, bytes)).not.toBe(0)
  })

  test('every number of half precision that there can be has its bits', () => {
    for (let fraction = -1024; fraction < 1024; fraction++) {
      expect(halves(Uint16Array.of(halfBits(fraction / 1024)).buffer)).toEqual([fraction / 1024])
    }
  })

  test('samples of sound and pixels use all of their range, and indices stay small', () => {
    const large = (datatype: Datatype) =>
      tensorOf({
        ...payloadOf(datatype),
        byteCount: 4096 * ELEMENTS[datatype].byteCount,
      }).values() as number[]
    expect(Math.max(...large('INT16'))).toBeGreaterThan(32_000)
    expect(Math.min(...large('INT16'))).toBeLessThan(-32_000)
    expect(Math.max(...large('UINT8'))).toBe(255)
    expect(Math.max(...large('INT64'))).toBe(999)
    expect(Math.min(...large('INT64'))).toBe(0)
  })
})

const { definition } = readProto(inferenceProto).services[0]!
const { requestDeserialize: readRequest } = definition.ModelInfer!

/** What the bundled server reads of what the dialect sends. */
const WAYS: readonly (readonly [string, TensorEncoding, (payload: Payload) => ServerTensor[]])[] = [
  ...(['json', 'base64', 'binary', 'multipart'] as const).map(
    (encoding) => ['rest', encoding, overHttp] as const,
  ),
  ...(['json', 'binary'] as const).flatMap((encoding) => [
    ['grpc', encoding, overGrpc] as const,
    ['websocket', encoding, overWebSocket] as const,
  ]),
  ['mcp', 'json', overMcp],
]

function overHttp(payload: Payload): ServerTensor[] {
  const codec = dialect('kserve-v2').http!.codec({
    target: targetOf('rest'),
    payload,
    streaming: false,
    file: null,
  })
  const body = Buffer.from(codec.encode!())
  const boundary = /boundary=(.*)$/.exec(codec.headers['content-type']!)?.[1]
  if (boundary === undefined) {
    return readInferRequest(body, codec.headers['inference-header-content-length']).inputs
  }
  const reader = new MultipartReader(boundary)
  reader.feed(body)
  return inferRequestOfForm(reader.end()).inputs
}

function overGrpc(payload: Payload): ServerTensor[] {
  const codec = dialect('kserve-v2').grpc!.codec(
    { target: targetOf('grpc'), payload, file: null },
    'ModelInfer',
  )
  return readInputs(readRequest(Buffer.from(codec.encodeMessage())) as ModelInferRequest)
}

function overWebSocket(payload: Payload): ServerTensor[] {
  const options = { target: targetOf('websocket'), payload, file: null }
  const codec = dialect('kserve-v2').websocket!.codec(options, 'infer')
  return readInfer(readMessage(Buffer.from(codec.encode(1)), codec.isBinary)).request.inputs
}

function overMcp(payload: Payload): ServerTensor[] {
  const codec = dialect('kserve-v2').mcp!.codec({ target: targetOf('mcp'), payload, file: null }, 'infer')
  return readInferRequest(Buffer.from(JSON.stringify(codec.arguments)), undefined).inputs
}

describe.each(WAYS)('kserve-v2 over %s %s', (interfaceName, encoding, readBack) => {
  test.each(DATATYPES.filter((datatype) => datatype !== 'FP16'))('%s arrives as it is', (datatype) => {
    const payload = payloadOf(datatype, encoding)
    const [input, ...others] = readBack(payload)
    expect(others).toEqual([])
    expect(input).toMatchObject({ name: 'INPUT__0', datatype, shape: SHAPE })
    expect(Buffer.from(input!.data)).toEqual(tensorOf(payloadOf(datatype)).bytes)
  })

  test('FP16 is told to a server that has no such type, or cannot be written out', () => {
    // The bundled server refuses it after it has read all of the request.
    const cannot = interfaceName === 'grpc' && encoding === 'json'
    const expected = cannot ? /add encoding: binary/ : /datatype "FP16" is none of/
    expect(() => readBack(payloadOf('FP16', encoding))).toThrow(expected)
  })
})

test('a part of a form cannot be called what would break the form', () => {
  for (const tensor of ['request', 'a"b', 'a\r\nb']) {
    const payload = { ...payloadOf('FP32', 'multipart'), tensor }
    expect(() => overHttp(payload), tensor).toThrow(DialectError)
    expect(overHttp({ ...payload, encoding: 'binary' })[0]!.name).toBe(tensor)
  }
})

describe('tf-serving', () => {
  test('over REST, rows are as deep as the shape, and have the name where there is one', () => {
    const face = dialect('tf-serving').http!
    const encoded = (payload: TensorPayload) => {
      const codec = face.codec({
        target: targetOf('rest', 'tf-serving'),
        payload,
        streaming: false,
        file: null,
      })
      return (JSON.parse(String(codec.encode!())) as { instances: unknown[] }).instances
    }
    const payload = payloadOf('INT32', 'json')
    const values = tensorOf(payload).values()
    const row = (from: number) => [0, 4, 8].map((at) => values.slice(from + at, from + at + 4))
    expect(encoded(payload)).toEqual([{ INPUT__0: row(0) }, { INPUT__0: row(12) }])
    const { tensor: _tensor, shape: _shape, ...flat } = payload
    expect(encoded({ ...flat, batch: 2 })).toEqual([values.slice(0, 12), values.slice(12)])
    expect(encoded({ ...flat, shape: [24] })).toEqual(values)
  })

  test.each(DATATYPES)('over gRPC, %s stands in the list of its type, or as its bytes', (datatype) => {
    const encoded = (encoding: TensorEncoding) => {
      const options = {
        target: targetOf('grpc', 'tf-serving'),
        payload: payloadOf(datatype, encoding),
        file: null,
      }
      const bytes = dialect('tf-serving').grpc!.codec(options, 'Predict').encodeMessage()
      const type = messageType('PredictRequest')
      const { inputs } = type.toObject(type.decode(bytes), {
        enums: String,
        longs: Number,
        arrays: true,
      }) as {
        inputs: Record<string, Record<string, unknown>>
      }
      return inputs.INPUT__0!
    }
    const { bytes, values } = tensorOf(payloadOf(datatype))
    const raw = encoded('binary')
    expect(raw.tensor_content).toEqual(bytes)
    expect(raw.tensor_shape).toMatchObject({ dim: SHAPE.map((size) => ({ size })) })
    const typed = encoded('json')
    expect(typed.dtype).toBe(raw.dtype)
    const lists = Object.entries(typed).filter(
      ([key, list]) => key.endsWith('_val') && (list as []).length > 0,
    )
    expect(lists).toHaveLength(1)
    const expected = datatype === 'FP16' ? [...new Uint16Array(Uint8Array.from(bytes).buffer)] : values()
    expect(lists[0]![1]).toEqual(expected)
  })
})
