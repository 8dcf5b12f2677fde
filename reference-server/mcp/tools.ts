import { HttpError, invalid } from '../http/errors.ts'
import { type JsonObject, optionalBoolean, optionalInteger, text } from '../http/json.ts'
import { inferRequestOf, writeOutputs } from '../http/open-inference-tensors.ts'
import type { GenerateReply, Timing } from '../runtime/runtime.ts'
import type { Service } from '../service.ts'

const inferName = 'infer'
export const generateName = 'generate'
/** What Triton's vLLM backend generates when it is not told how much. */
export const defaultMaxTokens = 16
const defaultDecoder = 'gpt-tiny'

const tensorSchema: JsonObject = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    datatype: { type: 'string', description: 'FP32, INT64, BOOL, …' },
    shape: { type: 'array', items: { type: 'integer', minimum: 0 } },
    data: { type: 'array', description: 'Flat or nested, row-major' },
  },
  required: ['name', 'datatype', 'shape', 'data'],
}

/** What a transport gives a call of a tool. */
export interface ToolScope {
  readonly signal: AbortSignal
  /** The message that the call came in. */
  readonly bytes: Buffer
  /** Told of each token as soon as it exists. What it throws ends the generation. */
  onToken(text: string): void
}

/** A tool's result: its members as JSON, without the braces, and what of it goes into `_meta`. */
interface ToolReply {
  members: string
  meta: string
  timing: Timing | null
}

/** Why a generation ends whose tokens nobody reads. */
export function slowReader(): HttpError {
  return new HttpError(408, 'slow_reader', 'the tokens were read too slowly, and the generation was given up')
}

/** One tool. Its errors are told in its result, so that a model that called it can read them. */
export interface Tool {
  definition: JsonObject
  /** @throws RequestError, HttpError or OverloadError for what is the caller's to know. */
  run(service: Service, fields: JsonObject, scope: ToolScope): Promise<ToolReply>
}

const infer: Tool = {
  definition: {
    name: inferName,
    title: 'Infer',
    description:
      'Runs a tensor model (echo, mlp) once. Tensors are those of the Open Inference Protocol in JSON; the outputs come as structuredContent.',
    inputSchema: {
      type: 'object',
      properties: {
        model: { type: 'string', description: 'Name of a model, e.g. mlp' },
        inputs: { type: 'array', minItems: 1, items: tensorSchema },
        outputs: {
          type: 'array',
          description: 'The outputs that are wanted; all if left out',
          items: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
        },
      },
      required: ['model', 'inputs'],
    },
    annotations: { readOnlyHint: true, openWorldHint: false },
  },
  async run(service, fields, { signal, bytes }) {
    const model = text(fields.model, 'model')
    service.model(model)
    const request = inferRequestOf(fields, bytes, bytes.length)
    const reply = await service.runtime.infer(model, request.inputs, signal)
    const { outputs, blobs } = writeOutputs(request, reply)
    if (blobs.length > 0) throw invalid('a tool call has no binary data: outputs come as JSON')
    // The tensors stand in structuredContent alone: once more as text would double what is measured.
    const structured = `{"model_name":${JSON.stringify(model)},"model_version":"1","outputs":${outputs}}`
    return {
      members: `"content":[{"type":"text","text":"see structuredContent"}],"structuredContent":${structured}`,
      meta: timingMeta(reply.timing),
      timing: reply.timing,
    }
  },
}

const generate: Tool = {
  definition: {
    name: generateName,
    title: 'Generate',
    description:
      'Generates text (echo, gpt-tiny, gpt-small). With a progressToken, every token is told as a progress notification while it generates.',
    inputSchema: {
      type: 'object',
      properties: {
        prompt: { type: 'string' },
        model: { type: 'string', default: defaultDecoder },
        max_tokens: { type: 'integer', minimum: 1, default: defaultMaxTokens },
        ignore_eos: {
          type: 'boolean',
          default: false,
          description: 'Go on to max_tokens even if the model says that it has finished',
        },
      },
      required: ['prompt'],
    },
    annotations: { readOnlyHint: true, openWorldHint: false },
  },
  async run(service, fields, scope) {
    const model = fields.model === undefined ? defaultDecoder : text(fields.model, 'model')
    const pieces: string[] = []
    const reply = await service.generate(
      model,
      {
        prompt: text(fields.prompt, 'prompt'),
        maxTokens: optionalInteger(1, fields, 'max_tokens') ?? defaultMaxTokens,
        ignoreEos: optionalBoolean(fields, 'ignore_eos') ?? false,
      },
      (piece) => {
        pieces.push(piece)
        scope.onToken(piece)
      },
      scope.signal,
    )
    return {
      members: `"content":[{"type":"text","text":${JSON.stringify(pieces.join(''))}}]`,
      meta: generationMeta(reply),
      timing: reply.timing,
    }
  },
}

export const tools: ReadonlyMap<string, Tool> = new Map([
  [inferName, infer],
  [generateName, generate],
])

function timingMeta({ queueMs, computeMs }: Timing): string {
  return `"infer-bench/timing":{"queue_ms":${queueMs.toFixed(3)},"compute_ms":${computeMs.toFixed(3)}}`
}

function generationMeta({ promptTokens, outputTokens, finishReason, timing }: GenerateReply): string {
  const usage = `"prompt_tokens":${promptTokens},"completion_tokens":${outputTokens},"total_tokens":${promptTokens + outputTokens}`
  return `${timingMeta(timing)},"infer-bench/usage":{${usage}},"infer-bench/finish_reason":"${finishReason}"`
}
