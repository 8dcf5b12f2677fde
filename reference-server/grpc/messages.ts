/**
 * The shapes of the messages, as protobufjs reads them (an unset field reads as its default) and as it takes them
 * for writing (a field may be left out).
 */

/** A 64-bit integer in two halves: none of its values is lost, and none costs a BigInt. */
export interface Int64 {
  low: number
  high: number
}

/** An {@link Int64} that was received. */
interface ReceivedInt64 extends Int64 {
  toNumber(): number
}

export interface InferParameter {
  /** The name of the one field that is set. */
  parameter_choice?: 'bool_param' | 'int64_param' | 'string_param' | 'double_param' | 'uint64_param'
  bool_param?: boolean
  int64_param?: ReceivedInt64
  uint64_param?: ReceivedInt64
  string_param?: string
}

/** Typed arrays will do for writing. */
export interface TensorContents<Integer = Int64> {
  bool_contents?: ArrayLike<boolean | number>
  int_contents?: ArrayLike<number>
  int64_contents?: ArrayLike<Integer>
  uint_contents?: ArrayLike<number>
  uint64_contents?: ArrayLike<Integer>
  fp32_contents?: ArrayLike<number>
  fp64_contents?: ArrayLike<number>
  bytes_contents?: Uint8Array[]
}

export interface InputTensor {
  name: string
  datatype: string
  shape: ReceivedInt64[]
  contents: TensorContents | null
}

export interface ModelInferRequest {
  model_name: string
  model_version: string
  id: string
  parameters: Record<string, InferParameter>
  inputs: InputTensor[]
  outputs: { name: string }[]
  raw_input_contents: Uint8Array[]
}

export interface OutputTensor {
  name: string
  datatype: string
  shape: number[]
  contents?: TensorContents
}

export interface ModelInferResponse {
  model_name: string
  model_version: string
  id: string
  parameters?: Record<string, { bool_param: boolean }>
  outputs?: OutputTensor[]
  raw_output_contents?: Uint8Array[]
}

export interface ModelStreamInferResponse {
  error_message?: string
  infer_response: ModelInferResponse
}

/** Of a model; an empty version stands for any. */
export interface ModelRequest {
  name: string
  version: string
}

export interface GenerateRequest {
  model: string
  prompt: string
  max_tokens: number
  ignore_eos: boolean
}

export interface GenerateReply {
  text?: string
  finish?: { reason: string; prompt_tokens: number; output_tokens: number }
}
