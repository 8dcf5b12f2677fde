import { Graph } from './onnx.ts'
import { Weights } from './random.ts'
import { END_TOKEN, isReplyToken, VOCABULARY_SIZE } from './tokenizer.ts'

export interface GptShape {
  name: string
  layers: number
  width: number
  heads: number
  /** The most tokens that prompt and reply may have together. */
  contextTokens: number
  seed: number
  /** Added to the end token's logit; found by trial, so that replies are about 150 tokens long on average. */
  endBias: number
}

export const GPT_TINY: GptShape = {
  name: 'gpt-tiny',
  layers: 2,
  width: 128,
  heads: 4,
  contextTokens: 2048,
  seed: 0x67707431,
  endBias: 1.4,
}

export const GPT_SMALL: GptShape = {
  name: 'gpt-small',
  layers: 4,
  width: 256,
  heads: 8,
  contextTokens: 2048,
  seed: 0x67707432,
  endBias: 1.9,
}

/** How much the feed-forward part widens a layer. */
const FEED_FORWARD_FACTOR = 4
/** Low enough that no other token can win, high enough that FP32 still tells the winners apart. */
const FORBIDDEN = -1e4
/** The inputs and outputs of a decoder graph that carry the keys and values of earlier tokens. */
export function cacheNames(shape: GptShape): { past: string; present: string }[] {
  return Array.from({ length: shape.layers }, (_, layer) => [
    { past: `past_key_${layer}`, present: `present_key_${layer}` },
    { past: `past_value_${layer}`, present: `present_value_${layer}` },
  ]).flat()
}

/**
 * A pre-norm GPT decoder out of plain ONNX operators, for one sequence. Keys are kept transposed, so that a
 * step does not turn the whole cache around.
 *
 * Inputs: `tokens` and `positions` INT32 [new]; `mask` FP32 [new or 1, past + new or 1], added to the attention
 * scores; `past_key_i` FP32 [heads, head width, past] and `past_value_i` FP32 [heads, past, head width].
 * Outputs: `logits` FP32 [1, vocabulary] of the last token; `present_key_i`, `present_value_i`.
 */
export function gptGraph(shape: GptShape): Uint8Array {
  return new GptBuilder(shape).build()
}

class GptBuilder {
  private readonly shape: GptShape
  private readonly headWidth: number
  private readonly graph: Graph
  private readonly weights: Weights

  constructor(shape: GptShape) {
    this.shape = shape
    this.headWidth = shape.width / shape.heads
    this.graph = new Graph(shape.name)
    this.weights = new Weights(shape.seed)
  }

  build(): Uint8Array {
    const { graph, shape } = this
    const tokens = graph.input('tokens', 'INT32', ['new'])
    const positions = graph.input('positions', 'INT32', ['new'])
    graph.input('mask', 'FP32', ['mask_rows', 'mask_columns'])
    graph.constant('split_heads', [3], BigInt64Array.of(-1n, BigInt(shape.heads), BigInt(this.headWidth)))
    graph.constant('join_heads', [2], BigInt64Array.of(-1n, BigInt(shape.width)))

    // Positions weigh as much as tokens: an untrained model that saw only tokens would soon run in a circle.
    let stream = graph.node('Add', [
      graph.node('Gather', [this.matrix('token_embedding', VOCABULARY_SIZE, shape.width, 1), tokens]),
      graph.node('Gather', [
        this.matrix('position_embedding', shape.contextTokens, shape.width, 1),
        positions,
      ]),
    ])
    for (let layer = 0; layer < shape.layers; layer++) {
      stream = graph.node('Add', [stream, this.attention(layer, stream)])
      stream = graph.node('Add', [stream, this.feedForward(layer, stream)])
    }
    this.logits(stream)
    return graph.encode()
  }

  private attention(layer: number, stream: string): string {
    const { graph, shape, headWidth } = this
    const normal = this.normalized(`attention_norm_${layer}`, stream)
    // The queries' weights hold the scale 1 / sqrt(head width), times 2 for a sharper attention than chance gives.
    const query = this.heads(normal, `query_${layer}`, 2 / Math.sqrt(headWidth), [1, 0, 2])
    const key = this.heads(normal, `key_${layer}`, 1, [1, 2, 0])
    const value = this.heads(normal, `value_${layer}`, 1, [1, 0, 2])
    const keyShape = (length: string) => [shape.heads, headWidth, length]
    const valueShape = (length: string) => [shape.heads, length, headWidth]
    const pastKey = graph.input(`past_key_${layer}`, 'FP32', keyShape('past'))
    const pastValue = graph.input(`past_value_${layer}`, 'FP32', valueShape('past'))
    const keys = graph.node('Concat', [pastKey, key], { axis: { int: 2 } }, `present_key_${layer}`)
    const values = graph.node('Concat', [pastValue, value], { axis: { int: 1 } }, `present_value_${layer}`)
    graph.output(keys, 'FP32', keyShape('total'))
    graph.output(values, 'FP32', valueShape('total'))
    const scores = graph.node('Add', [graph.node('MatMul', [query, keys]), 'mask'])
    const mixed = graph.node('MatMul', [graph.node('Softmax', [scores], { axis: { int: 2 } }), values])
    const joined = graph.node('Reshape', [
      graph.node('Transpose', [mixed], { perm: { ints: [1, 0, 2] } }),
      'join_heads',
    ])
    return this.linear(joined, `attention_out_${layer}`, shape.width, shape.width, 1.5)
  }

  /** Projects the stream and splits it into heads; `order` arranges [new, heads, head width]. */
  private heads(stream: string, name: string, gain: number, order: number[]): string {
    const flat = this.linear(stream, name, this.shape.width, this.shape.width, gain)
    const split = this.graph.node('Reshape', [flat, 'split_heads'])
    return this.graph.node('Transpose', [split], { perm: { ints: order } })
  }

  private feedForward(layer: number, stream: string): string {
    const { width } = this.shape
    const normal = this.normalized(`feed_forward_norm_${layer}`, stream)
    const wide = this.linear(normal, `widen_${layer}`, width, width * FEED_FORWARD_FACTOR)
    return this.linear(
      this.graph.node('Relu', [wide]),
      `narrow_${layer}`,
      width * FEED_FORWARD_FACTOR,
      width,
      0.3,
    )
  }

  private logits(stream: string): void {
    const { graph, shape } = this
    graph.constant('last_from', [1], BigInt64Array.of(-1n))
    graph.constant('last_to', [1], BigInt64Array.of(2n ** 31n - 1n))
    graph.constant('token_axis', [1], BigInt64Array.of(0n))
    const last = graph.node('Slice', [stream, 'last_from', 'last_to', 'token_axis'])
    const scores = this.linear(
      this.normalized('final_norm', last),
      'unembed',
      shape.width,
      VOCABULARY_SIZE,
      4,
    )
    const bias = Float32Array.from({ length: VOCABULARY_SIZE }, (_, token) =>
      token === END_TOKEN ? shape.endBias : isReplyToken(token) ? 0 : FORBIDDEN,
    )
    const allowed = graph.constant('reply_bias', [VOCABULARY_SIZE], bias)
    graph.output(graph.node('Add', [scores, allowed], {}, 'logits'), 'FP32', [1, VOCABULARY_SIZE])
  }

  private linear(input: string, name: string, rows: number, columns: number, gain = 1): string {
    const product = this.graph.node('MatMul', [
      input,
      this.matrix(`${name}_matrix`, rows, columns, gain / Math.sqrt(rows)),
    ])
    const bias = this.graph.constant(`${name}_bias`, [columns], this.weights.draw(columns, 0.1 * gain))
    return this.graph.node('Add', [product, bias])
  }

  private matrix(name: string, rows: number, columns: number, deviation: number): string {
    return this.graph.constant(name, [rows, columns], this.weights.draw(rows * columns, deviation))
  }

  private normalized(name: string, input: string): string {
    const { width } = this.shape
    const scale = this.graph.constant(`${name}_scale`, [width], new Float32Array(width).fill(1))
    const shift = this.graph.constant(`${name}_shift`, [width], new Float32Array(width))
    return this.graph.node('LayerNormalization', [input, scale, shift], { axis: { int: -1 } })
  }
}
