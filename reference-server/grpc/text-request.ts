import type { GenerateRequest } from '../runtime/runtime.ts'
import type { SequencePlace } from '../sequences.ts'
import type { InferParameter, ModelInferRequest, ModelInferResponse } from './messages.ts'
import { invalid } from './status.ts'
import { checkRawContents } from './tensors.ts'

/**
 * Text over the Open Inference Protocol, as Triton's decoder backends take it: a BYTES tensor `text_input` with one
 * element, and parameters of the request.
 */

/** What Triton's vLLM backend generates when it is not told how much. */
export const defaultMaxTokens = 16

/** The runtime's tensors hold no BYTES, so this alone tells a generation from an inference. */
export function isTextRequest({ inputs }: ModelInferRequest): boolean {
  return inputs.some(({ datatype }) => datatype === 'BYTES')
}

/** @throws StatusError INVALID_ARGUMENT */
export function readTextRequest(request: ModelInferRequest): GenerateRequest {
  const { inputs, raw_input_contents: raw, parameters } = request
  const [input] = inputs
  if (inputs.length !== 1 || input!.name !== 'text_input' || input!.datatype !== 'BYTES') {
    throw invalid('a generation takes exactly one input, the BYTES tensor text_input')
  }
  checkRawContents(inputs, raw)
  const elements = input!.shape.reduce((count, extent) => count * extent.toNumber(), 1)
  if (elements !== 1) throw invalid(`text_input must have one element, its shape has ${elements}`)
  return {
    prompt: raw.length > 0 ? textFromRaw(raw[0]!) : textFromContents(input!.contents?.bytes_contents ?? []),
    maxTokens: integer(parameters, 'max_tokens') ?? defaultMaxTokens,
    ignoreEos: boolean(parameters, 'ignore_eos') ?? false,
  }
}

/** Raw BYTES elements stand behind their length, in 4 little-endian bytes. */
function textFromRaw(raw: Uint8Array): string {
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength)
  if (bytes.length < 4 || bytes.readUInt32LE() !== bytes.length - 4) {
    throw invalid('text_input must be one element behind its length in 4 little-endian bytes')
  }
  return bytes.toString('utf8', 4)
}

function textFromContents(elements: Uint8Array[]): string {
  if (elements.length !== 1) throw invalid(`text_input must have one element, got ${elements.length}`)
  return Buffer.from(elements[0]!).toString('utf8')
}

function integer(parameters: Record<string, InferParameter>, name: string): number | undefined {
  const parameter = parameters[name]
  if (parameter === undefined) return undefined
  const { parameter_choice: choice, int64_param, uint64_param } = parameter
  if (choice === 'int64_param') return int64_param!.toNumber()
  if (choice === 'uint64_param') return uint64_param!.toNumber()
  throw invalid(`parameter ${name} must be an int64_param`)
}

/** Which sequence a tensor request belongs to; its id is a number, or a text. */
export function readPlace({ parameters }: ModelInferRequest): SequencePlace {
  const named = parameters.sequence_id
  const id =
    named?.parameter_choice === 'string_param'
      ? named.string_param!
      : (integer(parameters, 'sequence_id') ?? 0)
  return {
    id: String(id),
    start: boolean(parameters, 'sequence_start') ?? false,
    end: boolean(parameters, 'sequence_end') ?? false,
  }
}

export function boolean(parameters: Record<string, InferParameter>, name: string): boolean | undefined {
  const parameter = parameters[name]
  if (parameter === undefined || parameter.parameter_choice === 'bool_param') return parameter?.bool_param
  throw invalid(`parameter ${name} must be a bool_param`)
}

/** A reply that holds text: raw if the request was. */
export function writeText(request: ModelInferRequest, text: string, isFinal: boolean): ModelInferResponse {
  const output = { name: 'text_output', datatype: 'BYTES', shape: [1] }
  const response = finalMark(request, isFinal)
  const bytes = Buffer.from(text)
  if (request.raw_input_contents.length === 0) {
    return { ...response, outputs: [{ ...output, contents: { bytes_contents: [bytes] } }] }
  }
  const length = Buffer.alloc(4)
  length.writeUInt32LE(bytes.length)
  return { ...response, outputs: [output], raw_output_contents: [Buffer.concat([length, bytes])] }
}

/** A reply without outputs, which tells as Triton does whether it is its request's last. */
export function finalMark({ model_name, id }: ModelInferRequest, isFinal: boolean): ModelInferResponse {
  const parameters = { triton_final_response: { bool_param: isFinal } }
  return { model_name, model_version: '1', id, parameters }
}
