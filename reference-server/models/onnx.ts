import { MessageWriter } from './protobuf.ts'

/** ONNX's numbers for element types (`TensorProto.DataType` in onnx.proto). */
const ELEMENT_TYPE = {
  FP32: 1,
  UINT8: 2,
  INT8: 3,
  UINT16: 4,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  BOOL: 9,
  FP64: 11,
  UINT32: 12,
  UINT64: 13,
} as const

type ElementType = keyof typeof ELEMENT_TYPE

/** Opset 17: the first with LayerNormalization, the last where ReduceMean takes its axes as an attribute. */
const OPSET_VERSION = 17
const IR_VERSION = 8

/** A dimension: an extent, or the name of one that each call chooses. */
type Dimension = number | string

/** An attribute's value; onnx.proto keeps one integer and a list of them apart. */
type Attribute = { int: number } | { ints: number[] }

/**
 * Builds one ONNX model and encodes it. Values are named by strings; `node` returns its output's name, so that
 * a graph reads like the formula that it computes. Field numbers are those of onnx.proto.
 */
export class Graph {
  private readonly body = new MessageWriter()
  private nodeCount = 0

  constructor(name: string) {
    this.body.text(2, name)
  }

  input(name: string, type: ElementType, shape: Dimension[]): string {
    this.body.message(11, valueInfo(name, type, shape))
    return name
  }

  /** Declares a value that exists already as an output of the model. */
  output(name: string, type: ElementType, shape: Dimension[] | null): void {
    this.body.message(12, valueInfo(name, type, shape))
  }

  /** A constant of the model: weights (FP32) or a shape (INT64). */
  constant(name: string, shape: number[], data: Float32Array | BigInt64Array | Int32Array): string {
    const tensor = new MessageWriter()
    for (const extent of shape) tensor.integer(1, extent)
    const type = data instanceof Float32Array ? 'FP32' : data instanceof Int32Array ? 'INT32' : 'INT64'
    tensor.integer(2, ELEMENT_TYPE[type]).text(8, name)
    // raw_data is little-endian by definition, as is every machine that ONNX Runtime's Node binding runs on.
    tensor.bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    this.body.message(5, tensor)
    return name
  }

  /** Adds an operator; `output` names its result where the name matters to a caller of the model. */
  node(
    operator: string,
    inputs: string[],
    attributes: Record<string, Attribute> = {},
    output?: string,
  ): string {
    this.nodeCount += 1
    const result = output ?? `${operator.toLowerCase()}_${this.nodeCount}`
    const node = new MessageWriter()
    for (const input of inputs) node.text(1, input)
    node.text(2, result).text(3, `${operator}_${this.nodeCount}`).text(4, operator)
    for (const [name, value] of Object.entries(attributes)) node.message(5, attribute(name, value))
    this.body.message(1, node)
    return result
  }

  /** The whole model as the bytes of an `.onnx` file. */
  encode(): Uint8Array {
    const opset = new MessageWriter().text(1, '').integer(2, OPSET_VERSION)
    return new MessageWriter()
      .integer(1, IR_VERSION)
      .text(2, 'infer-bench')
      .message(7, this.body)
      .message(8, opset)
      .finish()
  }
}

function attribute(name: string, value: Attribute): MessageWriter {
  const proto = new MessageWriter().text(1, name)
  if ('int' in value) return proto.integer(3, value.int).integer(20, 2)
  for (const int of value.ints) proto.integer(8, int)
  return proto.integer(20, 7)
}

function valueInfo(name: string, type: ElementType, shape: Dimension[] | null): MessageWriter {
  const tensorType = new MessageWriter().integer(1, ELEMENT_TYPE[type])
  if (shape !== null) {
    const dimensions = new MessageWriter()
    for (const extent of shape) {
      const dimension = new MessageWriter()
      if (typeof extent === 'number') dimension.integer(1, extent)
      else dimension.text(2, extent)
      dimensions.message(1, dimension)
    }
    tensorType.message(2, dimensions)
  }
  return new MessageWriter().text(1, name).message(2, new MessageWriter().message(1, tensorType))
}
