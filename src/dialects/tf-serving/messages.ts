/**
 * The messages of TensorFlow Serving's Predict, by the names and numbers of its .proto files.
 * https://github.com/tensorflow/serving, https://github.com/tensorflow/tensorflow
 */

import protobuf from 'protobufjs/light.js'

const field = (type: string, id: number) => ({ type, id })
const list = (type: string, id: number) => ({ rule: 'repeated', type, id })
const tensors = (id: number) => ({ keyType: 'string', type: 'tensorflow.TensorProto', id })

/** Name in TensorFlow to its number in `DataType`, and bytes of one element; 0: no fixed size. */
const DATA_TYPES = {
  DT_INVALID: [0, 0],
  DT_FLOAT: [1, 4],
  DT_DOUBLE: [2, 8],
  DT_INT32: [3, 4],
  DT_UINT8: [4, 1],
  DT_INT16: [5, 2],
  DT_INT8: [6, 1],
  DT_STRING: [7, 0],
  DT_INT64: [9, 8],
  DT_BOOL: [10, 1],
  DT_BFLOAT16: [14, 2],
  DT_UINT16: [17, 2],
  DT_HALF: [19, 2],
  DT_UINT32: [22, 4],
  DT_UINT64: [23, 8],
} as const

export type DataType = keyof typeof DATA_TYPES

export function numberOf(dataType: DataType): number {
  return DATA_TYPES[dataType][0]
}

const ELEMENT_BYTES: ReadonlyMap<number, number> = new Map(Object.values(DATA_TYPES))

/** Bytes of one element; undefined for a type that is not known here. */
export function elementBytes(dataType: number): number | undefined {
  return ELEMENT_BYTES.get(dataType)
}

const SCHEMA = {
  nested: {
    tensorflow: {
      nested: {
        DataType: {
          values: Object.fromEntries(Object.entries(DATA_TYPES).map(([name, [number]]) => [name, number])),
        },
        TensorShapeProto: {
          fields: { dim: list('Dim', 2), unknown_rank: field('bool', 3) },
          nested: { Dim: { fields: { size: field('int64', 1), name: field('string', 2) } } },
        },
        TensorProto: {
          fields: {
            dtype: field('DataType', 1),
            tensor_shape: field('TensorShapeProto', 2),
            version_number: field('int32', 3),
            tensor_content: field('bytes', 4),
            float_val: list('float', 5),
            double_val: list('double', 6),
            int_val: list('int32', 7),
            string_val: list('bytes', 8),
            int64_val: list('int64', 10),
            bool_val: list('bool', 11),
            half_val: list('int32', 13),
            uint32_val: list('uint32', 16),
            uint64_val: list('uint64', 17),
          },
        },
        serving: {
          nested: {
            Int64Value: { fields: { value: field('int64', 1) } },
            ModelSpec: {
              oneofs: { version_choice: { oneof: ['version', 'version_label'] } },
              fields: {
                name: field('string', 1),
                version: field('Int64Value', 2),
                signature_name: field('string', 3),
                version_label: field('string', 4),
              },
            },
            PredictRequest: {
              fields: {
                model_spec: field('ModelSpec', 1),
                inputs: tensors(2),
                output_filter: list('string', 3),
              },
            },
            PredictResponse: { fields: { outputs: tensors(1), model_spec: field('ModelSpec', 2) } },
          },
        },
      },
    },
  },
}

/** A tensor of a reply. Lists that were not sent are empty. */
export interface TensorProto {
  dtype: number
  tensor_content: Uint8Array
  string_val: readonly Uint8Array[]
  float_val: readonly number[]
  double_val: readonly number[]
  int_val: readonly number[]
  int64_val: readonly unknown[]
  bool_val: readonly boolean[]
  half_val: readonly number[]
  uint32_val: readonly number[]
  uint64_val: readonly unknown[]
}

export interface PredictResponse {
  outputs: Readonly<Record<string, TensorProto>>
}

let root: protobuf.Root | null = null

/** Made when first asked for: scenarios that do not speak gRPC need none. */
export function messageType(name: 'PredictRequest' | 'PredictResponse'): protobuf.Type {
  root ??= protobuf.Root.fromJSON(SCHEMA)
  return root.lookupType(`tensorflow.serving.${name}`)
}
