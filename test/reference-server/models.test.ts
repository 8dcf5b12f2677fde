import { createHash } from 'node:crypto'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { GPT_SMALL, GPT_TINY, type GptShape, gptGraph } from '../../reference-server/models/gpt.ts'
import {
  HIDDEN_WIDTH,
  type MlpWeights,
  mlpGraph,
  mlpWeights,
  OUTPUT_WIDTH,
  PATCH_WIDTH,
} from '../../reference-server/models/mlp.ts'
import { MessageWriter } from '../../reference-server/models/protobuf.ts'
import { Weights } from '../../reference-server/models/random.ts'
import { END_TOKEN, isReplyToken, VOCABULARY_SIZE } from '../../reference-server/models/tokenizer.ts'
import { Decoder } from '../../reference-server/runtime/decoder.ts'
import { loadOnnxRuntime, sessionOptions } from '../../reference-server/runtime/session.ts'

const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex').slice(0, 16)

describe('protobuf', () => {
  // The first, second and third are the examples of the format's own documentation (150, "testing", nested 150).
  test.each([
    ['an integer', new MessageWriter().integer(1, 150), '089601'],
    ['a text', new MessageWriter().text(2, 'testing'), '120774657374696e67'],
    ['a message', new MessageWriter().message(3, new MessageWriter().integer(1, 150)), '1a03089601'],
    ['a negative integer', new MessageWriter().integer(1, -1), '08ffffffffffffffffff01'],
    ['a field number above 15', new MessageWriter().integer(20, 7), 'a00107'],
  ])('%s', (_, message, hex) => {
    expect(Buffer.from(message.finish()).toString('hex')).toBe(hex)
  })
})

describe('weights', () => {
  test('have the mean and the deviation that was asked for', () => {
    const values = new Weights(1).draw(100_000, 0.5)
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    const variance = values.reduce((sum, value) => sum + value * value, 0) / values.length
    expect(mean).toBeCloseTo(0, 2)
    expect(Math.sqrt(variance)).toBeCloseTo(0.5, 2)
  })

  test('are the same models everywhere and in every version', () => {
    expect([mlpGraph(), gptGraph(GPT_TINY), gptGraph(GPT_SMALL)].map(hash)).toMatchInlineSnapshot(`
      [
        "410f43436a616d12",
        "8b6d9d4e01b2c544",
        "da3fb76b8060f219",
      ]
    `)
  })
})

/** The perceptron in plain JavaScript and double precision. */
function mlpInPlainJs(row: Float32Array, weights: MlpWeights): number[] {
  const layer = (input: ArrayLike<number>, matrix: Float32Array, bias: Float32Array) =>
    Array.from(bias, (shift, column) => {
      let sum = shift
      for (let i = 0; i < input.length; i++) sum += input[i]! * matrix[i * bias.length + column]!
      return sum
    })
  const relu = (values: number[]) => values.map((value) => Math.max(0, value))
  const mean = new Array<number>(HIDDEN_WIDTH).fill(0)
  const patchCount = row.length / PATCH_WIDTH
  for (let from = 0; from < row.length; from += PATCH_WIDTH) {
    const patch = row.subarray(from, from + PATCH_WIDTH)
    const hidden = relu(layer(patch, weights.patchMatrix, weights.patchBias))
    hidden.forEach((value, index) => {
      mean[index]! += value / patchCount
    })
  }
  return layer(
    relu(layer(mean, weights.hiddenMatrix, weights.hiddenBias)),
    weights.outputMatrix,
    weights.outputBias,
  )
}

describe('mlp', () => {
  test.each([
    { batch: 1, patches: 1 },
    { batch: 3, patches: 4 },
    { batch: 2, patches: 160 },
  ])(
    'computes what plain JavaScript computes: $batch rows of $patches patches',
    async ({ batch, patches }) => {
      const session = await InferenceSession.create(mlpGraph(), sessionOptions('cpu'))
      const width = patches * PATCH_WIDTH
      const values = new Weights(patches).draw(batch * width, 1)
      const { output } = await session.run({
        patches: new Tensor('float32', values, [batch, patches, PATCH_WIDTH]),
      })
      await session.release()

      expect(output!.dims).toEqual([batch, OUTPUT_WIDTH])
      const weights = mlpWeights()
      const expected = Array.from({ length: batch }, (_, row) =>
        mlpInPlainJs(values.subarray(row * width, (row + 1) * width), weights),
      ).flat()
      const distance = expected.map((value, index) => Math.abs(value - (output!.data[index] as number)))
      expect(Math.max(...distance)).toBeLessThan(1e-5)
      expect(Math.max(...expected) - Math.min(...expected)).toBeGreaterThan(0.5)
    },
  )
})

describe.each([GPT_TINY, GPT_SMALL])('$name', (shape: GptShape) => {
  let decoder: Decoder
  beforeAll(async () => {
    decoder = await Decoder.open(await loadOnnxRuntime(), shape, 'cpu')
  })
  afterAll(() => decoder.release())

  const text = [END_TOKEN, ...Buffer.from('How long does a handshake take?')]

  /** The scores after the text, fed in portions of the given lengths. */
  async function scores(portions: number[], tokens = text): Promise<Float32Array> {
    const sequence = decoder.begin()
    let from = 0
    let logits = new Float32Array()
    for (const count of portions) {
      const step = await decoder.advance(sequence, Int32Array.from(tokens.slice(from, from + count)))
      logits = Float32Array.from(step.logits)
      from += count
    }
    expect(from).toBe(tokens.length)
    return logits
  }

  test('says the same with its cache as without', async () => {
    const whole = await scores([text.length])
    for (const portions of [new Array<number>(text.length).fill(1), [7, 1, 20, text.length - 28]]) {
      const cached = await scores(portions)
      const distance = whole.map((score, token) => Math.abs(score - cached[token]!))
      // Forbidden tokens stand at -1e4, where FP32 itself is only good to 1e-3.
      expect(Math.max(...distance.filter((_, token) => isReplyToken(token)))).toBeLessThan(1e-4)
    }
  })

  test('writes printable ASCII or ends, whatever it has read', async () => {
    const everyByte = [END_TOKEN, ...Array.from({ length: 256 }, (_, byte) => byte)]
    const logits = await scores([everyByte.length], everyByte)
    expect(logits).toHaveLength(VOCABULARY_SIZE)
    const allowed = logits.filter((_, token) => isReplyToken(token) || token === END_TOKEN)
    const others = logits.filter((_, token) => !isReplyToken(token) && token !== END_TOKEN)
    expect(allowed).toHaveLength(96)
    expect(Math.min(...allowed)).toBeGreaterThan(Math.max(...others) + 1000)
  })

  test('reads the whole of its text: another first letter changes the scores', async () => {
    const other = [...text]
    other[1] = 'N'.charCodeAt(0)
    const [first, second] = [await scores([text.length]), await scores([text.length], other)]
    const distance = first.map((score, token) => Math.abs(score - second[token]!))
    expect(Math.max(...distance)).toBeGreaterThan(0.1)
  })
})
