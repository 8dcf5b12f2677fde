import { tokenize } from '../models/tokenizer.ts'
import { DATATYPES } from './datatypes.ts'
import { type GenerateRequest, type ModelInfo, RequestError, type Tensor } from './runtime.ts'

/** Refuses inputs that the model cannot take, and tensors whose bytes and shape disagree. */
export function checkInputs(model: ModelInfo, inputs: Tensor[]): void {
  if (!model.kinds.includes('tensor')) {
    throw invalid(`model '${model.name}' generates text and takes no tensors`)
  }
  if (inputs.length === 0) throw invalid(`model '${model.name}' needs an input tensor`)
  for (const tensor of inputs) checkTensor(tensor)
  if (model.name === 'echo') return
  for (const spec of model.inputs) {
    const [tensor, second] = inputs.filter((input) => input.name === spec.name)
    if (tensor === undefined || second !== undefined || inputs.length !== model.inputs.length) {
      const wanted = model.inputs.map(({ name }) => `'${name}'`).join(', ')
      const got = inputs.map(({ name }) => `'${name}'`).join(', ')
      throw invalid(`model '${model.name}' takes exactly ${wanted}, got ${got}`)
    }
    const shape = spec.shape ?? tensor.shape
    const fits =
      shape.length === tensor.shape.length &&
      shape.every((extent, axis) => (extent === -1 ? tensor.shape[axis]! > 0 : extent === tensor.shape[axis]))
    if (tensor.datatype !== spec.datatype || !fits) {
      throw invalid(
        `input '${spec.name}' of model '${model.name}' is ${spec.datatype} [${shape}] (-1: any extent from 1), ` +
          `got ${tensor.datatype} [${tensor.shape}]`,
      )
    }
  }
}

function checkTensor({ name, datatype, shape, data }: Tensor): void {
  const kind = DATATYPES[datatype]
  if (kind === undefined) throw invalid(`tensor '${name}' has the unknown datatype '${datatype}'`)
  if (!shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0)) {
    throw invalid(`tensor '${name}' has the shape [${shape}]; extents are whole numbers from 0`)
  }
  const byteCount = shape.reduce((count, extent) => count * extent, kind.byteCount)
  if (byteCount !== data.byteLength) {
    throw invalid(
      `tensor '${name}' is ${datatype} [${shape}], which takes ${byteCount} bytes, but has ${data.byteLength}`,
    )
  }
}

/** A prompt's length, as the model counts it. */
export function countPromptTokens({ name }: ModelInfo, prompt: string): number {
  return name === 'echo' ? [...prompt].length : tokenize(prompt).length
}

/** Refuses a generation that the model cannot do in full; answers the prompt's length in tokens. */
export function checkGeneration(model: ModelInfo, request: GenerateRequest): number {
  const { prompt, maxTokens } = request
  if (!model.kinds.includes('decoder')) {
    throw invalid(`model '${model.name}' takes tensors and generates no text`)
  }
  if (!Number.isSafeInteger(maxTokens) || maxTokens < 1) {
    throw invalid(`the number of tokens to generate must be a whole number from 1, got ${maxTokens}`)
  }
  if (model.name === 'echo' && prompt === '') {
    throw invalid(`model 'echo' repeats its prompt, which must not be empty`)
  }
  const promptTokens = countPromptTokens(model, prompt)
  const { contextTokens } = model
  if (contextTokens !== null && promptTokens + maxTokens > contextTokens) {
    throw invalid(
      `model '${model.name}' has room for ${contextTokens} tokens, ` +
        `but the prompt has ${promptTokens} and ${maxTokens} more are asked for`,
    )
  }
  return promptTokens
}

function invalid(message: string): RequestError {
  return new RequestError('invalid_input', message)
}
