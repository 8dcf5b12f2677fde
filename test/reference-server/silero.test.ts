import type { Client as GrpcClient } from '@grpc/grpc-js'
import ort from 'onnxruntime-node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { FRAME_SAMPLES, sileroFile } from '../../reference-server/models/silero.ts'
import type { ReferenceServer } from '../../reference-server/server.ts'
import { bidi, clientOf, parameters } from './grpc-client.ts'
import { post } from './started.ts'
import { Client, startedWebSocket, webSocketUrl } from './websocket-client.ts'

let server: ReferenceServer
let grpc: GrpcClient

beforeAll(async () => {
  server = await startedWebSocket()
  grpc = await clientOf(server.grpcUrl, 'inference.GRPCInferenceService')
})
afterAll(async () => {
  grpc.close()
  await server.close()
})

/** Silence, then something like a voice: a buzz with formants, swelling as syllables do. */
const frames = Array.from({ length: 24 }, (_, frame) =>
  Float32Array.from({ length: FRAME_SAMPLES }, (_, sample) => {
    if (frame < 6) return 0
    const s = (frame * FRAME_SAMPLES + sample) / 16_000
    let value = 0
    for (let harmonic = 1; harmonic < 24; harmonic++) {
      const hz = 120 * harmonic * (1 + 0.02 * Math.sin(2 * Math.PI * 5 * s))
      const formants = Math.exp(-(((hz - 700) / 300) ** 2)) + 0.5 * Math.exp(-(((hz - 1200) / 300) ** 2))
      value += formants * Math.sin(2 * Math.PI * hz * s)
    }
    return Math.fround(0.2 * value * (0.5 + 0.5 * Math.sin(2 * Math.PI * 4 * s)))
  }),
)

/** What ONNX Runtime itself says of the same frames, as Silero's own code feeds them. */
async function expected(signal: Float32Array[]): Promise<number[]> {
  const session = await ort.InferenceSession.create(sileroFile!)
  const sr = new ort.Tensor('int64', BigInt64Array.of(16_000n), [])
  let state = new ort.Tensor('float32', new Float32Array(256), [2, 1, 128])
  let context = new Float32Array(64)
  const probabilities: number[] = []
  for (const frame of signal) {
    const input = new ort.Tensor('float32', Float32Array.of(...context, ...frame), [1, 576])
    const { output, stateN } = await session.run({ input, state, sr })
    probabilities.push(Number(output!.data[0]))
    state = stateN as typeof state
    context = frame.slice(-64)
  }
  await session.release()
  return probabilities
}

function bytesOf(frame: Float32Array | Int16Array): Buffer {
  return Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength)
}

async function overWebSocket(
  signal: (Float32Array | Int16Array)[],
  sequence: object = {},
): Promise<number[]> {
  const client = await Client.open(webSocketUrl(server))
  for (const [index, frame] of signal.entries()) {
    const datatype = frame instanceof Int16Array ? 'INT16' : 'FP32'
    const input = { name: 'audio', datatype, shape: [1, FRAME_SAMPLES] }
    const inputs = [{ ...input, parameters: { binary_data_size: frame.byteLength } }]
    const header = { id: String(index), type: 'infer', model: 'silero-vad', inputs, parameters: sequence }
    client.sendBinary(header, bytesOf(frame))
  }
  const probabilities: number[] = []
  for (const index of signal.keys()) {
    const { bytes } = await client.take({ id: String(index), type: 'result' })
    probabilities.push(bytes!.readFloatLE(0))
  }
  client.ws.close(1000)
  return probabilities
}

async function overGrpc(signal: [Float32Array, string][]): Promise<number[]> {
  const stream = bidi(grpc, 'ModelStreamInfer')
  for (const [index, [frame, sequence]] of signal.entries()) {
    stream.write({
      model_name: 'silero-vad',
      id: String(index),
      parameters: parameters({ sequence_id: { string_param: sequence } }),
      inputs: [{ name: 'audio', datatype: 'FP32', shape: [FRAME_SAMPLES] }],
      raw_input_contents: [bytesOf(frame)],
    })
  }
  stream.end()
  const replies = await stream.toArray()
  return signal.map((_, index) => {
    const reply = replies.find(({ infer_response }) => infer_response.id === String(index))!
    expect(reply.error_message).toBeUndefined()
    return Buffer.from(reply.infer_response.raw_output_contents[0]).readFloatLE(0)
  })
}

test('a stream of frames has the probabilities that ONNX Runtime gives, on both faces alike', async () => {
  const truth = await expected(frames)
  // A signal of which the model thinks nothing would prove nothing.
  expect(Math.max(...truth) - Math.min(...truth)).toBeGreaterThan(0.1)
  const webSocket = await overWebSocket(frames)
  for (const [index, probability] of webSocket.entries()) expect(probability).toBeCloseTo(truth[index]!, 4)
  expect(await overGrpc(frames.map((frame) => [frame, 'a']))).toEqual(webSocket)
})

test('sequences of one stream do not hear one another, and a start forgets what was heard', async () => {
  const truth = await expected(frames)
  const woven = frames.flatMap((frame): [Float32Array, string][] => [
    [frame, 'a'],
    [new Float32Array(FRAME_SAMPLES).fill(0.01), 'b'],
  ])
  const heard = await overGrpc(woven)
  for (const [index, probability] of truth.entries()) expect(heard[2 * index]).toBeCloseTo(probability, 4)
  const loud = frames[12]!
  const [first, second] = await overWebSocket([loud, loud])
  expect(second).not.toBeCloseTo(first!, 4)
  const [again, once] = await overWebSocket([loud, loud], { sequence_start: true })
  expect([again, once]).toEqual([first, first])
})

test('16-bit samples are the same sound', async () => {
  const integers = frames.map((frame) => Int16Array.from(frame, (sample) => Math.round(sample * 32_767)))
  const truth = await expected(integers.map((frame) => Float32Array.from(frame, (sample) => sample / 32_768)))
  for (const [index, probability] of (await overWebSocket(integers)).entries()) {
    expect(probability).toBeCloseTo(truth[index]!, 4)
  }
})

test('a frame of another length is refused, and a single request brings its state itself', async () => {
  const client = await Client.open(webSocketUrl(server))
  const inputs = [{ name: 'audio', datatype: 'FP32', shape: [3], data: [0, 0, 0] }]
  client.send({ id: 'short', type: 'infer', model: 'silero-vad', inputs })
  expect(await client.take({ id: 'short' })).toMatchObject({
    type: 'error',
    code: 'invalid_request',
    message: expect.stringContaining('[512]'),
  })
  client.ws.close(1000)
  const tensor = (name: string, shape: number[], length: number) => {
    return { name, datatype: 'FP32', shape, data: Array<number>(length).fill(0) }
  }
  const url = `${server.httpUrl}/v2/models/silero-vad/infer`
  const response = await post(url, { inputs: [tensor('audio', [1, 512], 512), tensor('state', [320], 320)] })
  const { outputs } = (await response.json()) as { outputs: { name: string; data: number[] }[] }
  expect(outputs.map(({ name }) => name)).toEqual(['probability', 'state'])
  const [silence] = await expected([new Float32Array(FRAME_SAMPLES)])
  expect(outputs[0]!.data[0]).toBeCloseTo(silence!, 4)
})
