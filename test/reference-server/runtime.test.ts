import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DATATYPES } from '../../reference-server/runtime/datatypes.ts'
import type { DataType, Runtime, Tensor } from '../../reference-server/runtime/runtime.ts'
import { startRuntime } from '../../reference-server/runtime/start.ts'
import { mlpInput, numbersOf, ONE_WORKER } from './requests.ts'

const WIDE = 2_621_440

describe('one worker', () => {
  let runtime: Runtime
  beforeAll(async () => {
    runtime = await startRuntime(ONE_WORKER)
  })
  afterAll(() => runtime.close())

  test('tells what it is', () => {
    expect(runtime.provider).toBe('cpu')
    expect(runtime.skipped).toEqual([])
    expect(runtime.version).toMatch(/^1\.\d+\.\d+$/)
    expect([...runtime.models.keys()]).toEqual(['echo', 'mlp', 'gpt-tiny', 'gpt-small', 'silero-vad'])
  })

  describe('echo', () => {
    test.each(Object.entries(DATATYPES))('hands back %s, bit by bit', async (datatype, { byteCount }) => {
      const shape = [3, 1, 7]
      const data = randomBytes(21 * byteCount)
      const sent: Tensor = { name: 'any', datatype: datatype as DataType, shape, data: Buffer.from(data) }
      const { outputs, timing } = await runtime.infer('echo', [sent])
      expect(outputs).toHaveLength(1)
      expect(outputs[0]).toMatchObject({ name: 'any', datatype, shape })
      expect(Buffer.from(outputs[0]!.data).equals(data)).toBe(true)
      expect(timing.queueMs).toBeGreaterThanOrEqual(0)
      expect(timing.computeMs).toBeGreaterThan(0)
    })

    test('takes several tensors, empty ones and numbers without a shape', async () => {
      const tensors: Tensor[] = [
        { name: 'empty', datatype: 'FP64', shape: [0, 5], data: new Uint8Array() },
        { name: 'number', datatype: 'INT16', shape: [], data: Uint8Array.of(1, 2) },
        { name: 'row', datatype: 'BOOL', shape: [3], data: Uint8Array.of(1, 0, 1) },
      ]
      const expected = structuredClone(tensors)
      expect((await runtime.infer('echo', tensors)).outputs).toEqual(expected)
    })

    test('leaves the rest of a shared buffer alone, and takes tensors that share theirs', async () => {
      const body = Uint8Array.from({ length: 64 }, (_, index) => index)
      const part: Tensor = { name: 'a', datatype: 'INT32', shape: [4], data: body.subarray(3, 19) }
      const [output] = (await runtime.infer('echo', [part])).outputs
      expect([...output!.data]).toEqual([...body.subarray(3, 19)])
      expect(body).toHaveLength(64)
      const whole: Tensor = { name: 'b', datatype: 'UINT8', shape: [64], data: body }
      const { outputs } = await runtime.infer('echo', [whole, { ...whole, name: 'c' }])
      expect(outputs.map(({ data }) => data[63])).toEqual([63, 63])
    })
  })

  describe('mlp', () => {
    test('takes any width: zeros up to the next whole patch change nothing', async () => {
      for (const width of [1, 63, 65, 200]) {
        const narrow = mlpInput(2, width)
        const padded = Math.ceil(width / 64) * 64
        const rows = numbersOf(narrow)
        const zeros = new Array<number>(padded - width).fill(0)
        const values = Float32Array.from([...rows.slice(0, width), ...zeros, ...rows.slice(width), ...zeros])
        const wide: Tensor = { ...narrow, shape: [2, padded], data: new Uint8Array(values.buffer) }
        const [first, second] = [await runtime.infer('mlp', [narrow]), await runtime.infer('mlp', [wide])]
        expect(first.outputs[0]).toMatchObject({ name: 'output', datatype: 'FP32', shape: [2, 16] })
        expect(numbersOf(first.outputs[0]!)).toEqual(numbersOf(second.outputs[0]!))
      }
    })

    test('tells rows apart', async () => {
      const both = mlpInput(2, 128)
      const alone: Tensor = { ...both, shape: [1, 128], data: both.data.slice(512) }
      const second = numbersOf((await runtime.infer('mlp', [both])).outputs[0]!).slice(16)
      const expected = numbersOf((await runtime.infer('mlp', [alone])).outputs[0]!)
      second.forEach((value, index) => {
        expect(value).toBeCloseTo(expected[index]!, 5)
      })
    })

    test('computes off the main thread, one after the other, and counts the wait and the CPU time', async () => {
      const cpuBefore = runtime.modelCpuSeconds()
      let turns = 0
      let done = false
      const turn = () => {
        turns += 1
        if (!done) setImmediate(turn)
      }
      turn()
      const inputs = [mlpInput(1, WIDE), mlpInput(1, WIDE)]
      const [first, second] = await Promise.all(inputs.map((input) => runtime.infer('mlp', [input])))
      done = true
      // The main thread went round hundreds of times in the meantime; a blocked one would have a handful.
      expect(turns).toBeGreaterThan(50)
      expect(second!.timing.queueMs).toBeGreaterThan(first!.timing.computeMs / 2)
      expect(runtime.modelCpuSeconds()).toBeGreaterThan(cpuBefore)
    })

    test('forgets an inference that is aborted', async () => {
      const reason = new Error('the client went away')
      const stop = new AbortController()
      const call = runtime.infer('mlp', [mlpInput(1, WIDE)], stop.signal)
      stop.abort(reason)
      await expect(call).rejects.toBe(reason)
      await expect(runtime.infer('mlp', [mlpInput(1, 64)], stop.signal)).rejects.toBe(reason)
      expect((await runtime.infer('mlp', [mlpInput(1, 64)])).outputs).toHaveLength(1)
    })
  })

  describe('refuses', () => {
    const good = mlpInput(2, 8)
    test.each<[string, string, Tensor[], string, RegExp]>([
      [
        'a model that is not there',
        'gpt-5',
        [good],
        'unknown_model',
        /no model named "gpt-5"; there are echo, mlp/,
      ],
      ['tensors for a text model', 'gpt-tiny', [good], 'invalid_input', /takes no tensors/],
      ['no tensor', 'echo', [], 'invalid_input', /needs an input tensor/],
      ['another name', 'mlp', [{ ...good, name: 'x' }], 'invalid_input', /takes exactly 'input', got 'x'/],
      [
        'two of one name',
        'mlp',
        [good, good],
        'invalid_input',
        /takes exactly 'input', got 'input', 'input'/,
      ],
      ['another rank', 'mlp', [{ ...good, shape: [16] }], 'invalid_input', /FP32 \[-1,-1\].*got FP32 \[16\]/],
      ['another type', 'mlp', [{ ...good, datatype: 'INT32' }], 'invalid_input', /got INT32 \[2,8\]/],
      [
        'nothing in a row',
        'mlp',
        [{ ...good, shape: [2, 0], data: new Uint8Array() }],
        'invalid_input',
        /from 1/,
      ],
      ['too few bytes', 'echo', [{ ...good, shape: [2, 9] }], 'invalid_input', /takes 72 bytes, but has 64/],
      ['a negative extent', 'echo', [{ ...good, shape: [-2, -8] }], 'invalid_input', /\[-2,-8\]/],
      ['an unknown type', 'echo', [{ ...good, datatype: 'BF16' as DataType }], 'invalid_input', /'BF16'/],
    ])('%s', async (_, model, inputs, code, message) => {
      const refusal = expect(runtime.infer(model, inputs)).rejects
      await refusal.toMatchObject({ name: 'RequestError', code, message: expect.stringMatching(message) })
    })
  })
})
