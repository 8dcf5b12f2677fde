/**
 * The messages of the Open Inference Protocol that calls are made of, by the names and numbers of its .proto file.
 * https://github.com/kserve/open-inference-protocol, https://github.com/triton-inference-server/common
 */

import protobuf from 'protobufjs/light.js'

const field = (type: string, id: number) => ({ type, id })
const list = (type: string, id: number) => ({ rule: 'repeated', type, id })
const parameters = (id: number) => ({ keyType: 'string', type: 'InferParameter', id })

const TENSOR = {
  fields: {
    name: field('string', 1),
    datatype: field('string', 2),
    shape: list('int64', 3),
    parameters: parameters(4),
    contents: field('InferTensorContents', 5),
  },
}

const SCHEMA = {
  nested: {
    InferParameter: {
      oneofs: {
        choice: { oneof: ['bool_param', 'int64_param', 'string_param', 'double_param', 'uint64_param'] },
      },
      fields: {
        bool_param: field('bool', 1),
        int64_param: field('int64', 2),
        string_param: field('string', 3),
        double_param: field('double', 4),
        uint64_param: field('uint64', 5),
      },
    },
    InferTensorContents: {
      fields: {
        bool_contents: list('bool', 1),
        int_contents: list('int32', 2),
        int64_contents: list('int64', 3),
        uint_contents: list('uint32', 4),
        uint64_contents: list('uint64', 5),
        fp32_contents: list('float', 6),
        fp64_contents: list('double', 7),
        bytes_contents: list('bytes', 8),
      },
    },
    ModelInferRequest: {
      fields: {
        model_name: field('string', 1),
        model_version: field('string', 2),
        id: field('string', 3),
        parameters: parameters(4),
        inputs: list('Tensor', 5),
        outputs: list('RequestedOutput', 6),
        raw_input_contents: list('bytes', 7),
      },
      nested: {
        Tensor: TENSOR,
        RequestedOutput: { fields: { name: field('string', 1), parameters: parameters(2) } },
      },
    },
    ModelInferResponse: {
      fields: {
        model_name: field('string', 1),
        model_version: field('string', 2),
        id: field('string', 3),
        parameters: parameters(4),
        outputs: list('Tensor', 5),
        raw_output_contents: list('bytes', 6),
      },
      nested: { Tensor: TENSOR },
    },
    ModelStreamInferResponse: {
      fields: { error_message: field('string', 1), infer_response: field('ModelInferResponse', 2) },
    },
  },
}

/** What a reply holds, as far as it is read. Fields of a message that was not sent are empty. */
export interface InferResponse {
  outputs: {
    datatype: string
    contents: Record<string, readonly unknown[]> | null
  }[]
  raw_output_contents: Uint8Array[]
}

export interface StreamInferResponse {
  error_message: string
  infer_response: InferResponse | null
}

let root: protobuf.Root | null = null

/** Made when first asked for: scenarios that do not speak gRPC need none. */
export function messageType(
  name: 'ModelInferRequest' | 'ModelInferResponse' | 'ModelStreamInferResponse',
): protobuf.Type {
  root ??= protobuf.Root.fromJSON(SCHEMA)
  return root.lookupType(name)
}
