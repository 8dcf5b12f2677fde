import type { DataType } from '../runtime/runtime.ts'
import { Graph } from './onnx.ts'

/** A graph that hands back its input: `tensor` in, `output` out, of any shape. ONNX fixes the type, so one a type. */
export function echoGraph(datatype: DataType): Uint8Array {
  const graph = new Graph(`echo_${datatype.toLowerCase()}`)
  graph.input('tensor', datatype, ['elements'])
  graph.node('Identity', ['tensor'], {}, 'output')
  graph.output('output', datatype, ['elements'])
  return graph.encode()
}
