import { Graph } from './onnx.ts'
import { Weights } from './random.ts'

/** Numbers that one row of the graph's input holds; a request's width is padded with zeros to a multiple. */
export const PATCH_WIDTH = 64
export const HIDDEN_WIDTH = 128
export const OUTPUT_WIDTH = 16
const SEED = 0x4d4c50

export interface MlpWeights {
  /** [PATCH_WIDTH, HIDDEN_WIDTH] and [HIDDEN_WIDTH], and so on: matrices are row-major, applied from the right. */
  patchMatrix: Float32Array<ArrayBuffer>
  patchBias: Float32Array<ArrayBuffer>
  hiddenMatrix: Float32Array<ArrayBuffer>
  hiddenBias: Float32Array<ArrayBuffer>
  outputMatrix: Float32Array<ArrayBuffer>
  outputBias: Float32Array<ArrayBuffer>
}

export function mlpWeights(): MlpWeights {
  const weights = new Weights(SEED)
  const matrix = (rows: number, columns: number) => weights.draw(rows * columns, Math.sqrt(2 / rows))
  return {
    patchMatrix: matrix(PATCH_WIDTH, HIDDEN_WIDTH),
    patchBias: weights.draw(HIDDEN_WIDTH, 0.1),
    hiddenMatrix: matrix(HIDDEN_WIDTH, HIDDEN_WIDTH),
    hiddenBias: weights.draw(HIDDEN_WIDTH, 0.1),
    outputMatrix: matrix(HIDDEN_WIDTH, OUTPUT_WIDTH),
    outputBias: weights.draw(OUTPUT_WIDTH, 0.1),
  }
}

/**
 * A multi-layer perceptron for rows of any width, so that one model serves payloads from bytes to megabytes. A
 * row is cut into patches of 64 numbers; each patch passes one layer, their mean passes two more. The work
 * grows with the width, about 16 thousand multiplications a patch.
 *
 * Input `patches` FP32 [batch, patches, 64], output `output` FP32 [batch, 16].
 */
export function mlpGraph(): Uint8Array {
  const graph = new Graph('mlp')
  const weights = mlpWeights()
  const layer = (
    input: string,
    name: string,
    shape: [number, number],
    matrix: Float32Array,
    bias: Float32Array,
  ) => {
    const product = graph.node('MatMul', [input, graph.constant(`${name}_matrix`, shape, matrix)])
    return [product, graph.constant(`${name}_bias`, [shape[1]], bias)]
  }
  const patches = graph.input('patches', 'FP32', ['batch', 'patches', PATCH_WIDTH])
  const patch = graph.node(
    'Add',
    layer(patches, 'patch', [PATCH_WIDTH, HIDDEN_WIDTH], weights.patchMatrix, weights.patchBias),
  )
  const mean = graph.node('ReduceMean', [graph.node('Relu', [patch])], {
    axes: { ints: [1] },
    keepdims: { int: 0 },
  })
  const hidden = graph.node(
    'Add',
    layer(mean, 'hidden', [HIDDEN_WIDTH, HIDDEN_WIDTH], weights.hiddenMatrix, weights.hiddenBias),
  )
  const output = layer(
    graph.node('Relu', [hidden]),
    'output',
    [HIDDEN_WIDTH, OUTPUT_WIDTH],
    weights.outputMatrix,
    weights.outputBias,
  )
  graph.output(graph.node('Add', output, {}, 'output'), 'FP32', ['batch', OUTPUT_WIDTH])
  return graph.encode()
}
