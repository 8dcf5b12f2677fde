import type { ModelInfo } from '../runtime/runtime.ts'
import { GPT_SMALL, GPT_TINY, type GptShape } from './gpt.ts'
import { OUTPUT_WIDTH } from './mlp.ts'
import { SILERO, sileroFile, sileroInfo, sileroIsMissing } from './silero.ts'

const decoder = (shape: GptShape): ModelInfo => ({
  name: shape.name,
  kinds: ['decoder'],
  inputs: [],
  outputs: [],
  contextTokens: shape.contextTokens,
})

/** The decoders that run on ONNX Runtime; `echo` generates too, but without it. */
export const DECODERS: readonly GptShape[] = [GPT_TINY, GPT_SMALL]

/** Every model that the reference server has, as its faces describe them to clients. */
export const CATALOGUE: ReadonlyMap<string, ModelInfo> = new Map(
  [
    {
      name: 'echo',
      kinds: ['tensor', 'decoder'],
      inputs: [{ name: 'tensor', datatype: null, shape: null }],
      outputs: [{ name: 'tensor', datatype: null, shape: null }],
      contextTokens: null,
    } satisfies ModelInfo,
    {
      name: 'mlp',
      kinds: ['tensor'],
      inputs: [{ name: 'input', datatype: 'FP32', shape: [-1, -1] }],
      outputs: [{ name: 'output', datatype: 'FP32', shape: [-1, OUTPUT_WIDTH] }],
      contextTokens: null,
    } satisfies ModelInfo,
    ...DECODERS.map(decoder),
    ...(sileroFile === null ? [] : [sileroInfo]),
  ].map((model) => [model.name, model]),
)

/** What a client is told that asks for a model which this server does not have. */
export function unknownModelMessage(name: string): string {
  if (name === SILERO) return sileroIsMissing
  return `no model named ${JSON.stringify(name)}; there are ${[...CATALOGUE.keys()].join(', ')}`
}
