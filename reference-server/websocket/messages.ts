import { type HttpError, invalid } from '../http/errors.ts'
import { type JsonObject, object, optionalBoolean, optionalInteger, parseObject, text } from '../http/json.ts'
import { type InferRequest, inferRequestOf, writeOutputs } from '../http/open-inference-tensors.ts'
import type { GenerateReply, GenerateRequest, InferReply, Timing } from '../runtime/runtime.ts'
import type { SequencePlace } from '../sequences.ts'

/** A message of the client, so far as its type does not matter. docs/websocket-protocol.md has the convention. */
export interface ClientMessage {
  fields: JsonObject
  /** The whole message, and where in it the tensors' bytes begin. */
  bytes: Buffer
  dataOffset: number
  isBinary: boolean
}

/** How a binary message begins: its JSON's length in bytes, little-endian. */
const lengthBytes = 4
/** An id comes back in every token, so its length is what a token costs. */
const maxIdCharacters = 256
/** What Triton's vLLM backend generates when it is not told how much. */
const defaultMaxTokens = 16

/** @throws HttpError 400 for what is not in the form of a message at all. */
export function readMessage(bytes: Buffer, isBinary: boolean): ClientMessage {
  if (!isBinary) {
    return { fields: parseObject(bytes, 'the message'), bytes, dataOffset: bytes.length, isBinary }
  }
  if (bytes.length < lengthBytes) throw invalid('a binary message begins with the 4 bytes of its JSON length')
  const dataOffset = lengthBytes + bytes.readUInt32LE(0)
  if (dataOffset > bytes.length) {
    throw invalid(
      `the JSON length ${dataOffset - lengthBytes} does not fit a message of ${bytes.length} bytes`,
    )
  }
  const fields = parseObject(bytes.subarray(lengthBytes, dataOffset), "the message's JSON")
  return { fields, bytes, dataOffset, isBinary }
}

/** The call that a message is about. @throws HttpError 400 when it has no proper id. */
export function idOf(fields: JsonObject): string {
  const id = text(fields.id, 'id')
  if (id.length > 0 && id.length <= maxIdCharacters) return id
  throw invalid(`id must have 1 to ${maxIdCharacters} characters`)
}

/** @throws HttpError 400 */
export function readInfer(message: ClientMessage): {
  model: string
  request: InferRequest
  place: SequencePlace
} {
  const { fields, bytes, dataOffset, isBinary } = message
  const model = text(fields.model, 'model')
  const place = placeOf(object(fields.parameters ?? {}, 'parameters'))
  if (!isBinary) return { model, request: inferRequestOf(fields, bytes, dataOffset), place }
  // The reply has the form of the request unless it is asked for otherwise.
  const parameters = { binary_data_output: true, ...object(fields.parameters ?? {}, 'parameters') }
  return { model, request: inferRequestOf({ ...fields, parameters }, bytes, dataOffset), place }
}

function placeOf(parameters: JsonObject): SequencePlace {
  const id = parameters.sequence_id ?? 0
  if (typeof id !== 'string' && !Number.isSafeInteger(id)) {
    throw invalid('sequence_id must be a string or an integer')
  }
  return {
    id: String(id),
    start: optionalBoolean(parameters, 'sequence_start') ?? false,
    end: optionalBoolean(parameters, 'sequence_end') ?? false,
  }
}

/** @throws HttpError 400 */
export function readGenerate(fields: JsonObject): { model: string; request: GenerateRequest } {
  const parameters = object(fields.parameters ?? {}, 'parameters')
  return {
    model: text(fields.model, 'model'),
    request: {
      prompt: text(fields.text_input, 'text_input'),
      maxTokens: optionalInteger(1, parameters, 'max_tokens') ?? defaultMaxTokens,
      ignoreEos: optionalBoolean(parameters, 'ignore_eos') ?? false,
    },
  }
}

/** What a client that came back has: every token up to this index, of one generation or of all. */
export interface Resume {
  /** Null for the session that the connection has already. */
  session: string | null
  /** Null for every generation of the session. */
  id: string | null
  /** -1 for none. */
  after: number
}

/** @throws HttpError 400 */
export function readResume(fields: JsonObject): Resume {
  return {
    session: fields.session === undefined ? null : text(fields.session, 'session'),
    id: fields.id === undefined ? null : idOf(fields),
    after: optionalInteger(-1, fields, 'after') ?? -1,
  }
}

/** @param generations Ids of what a resumed session has running or kept; null for a session that is new. */
export function helloMessage(session: string, resumeWindowMs: number, generations: string[] | null): string {
  const resumed = generations !== null
  const fields = { type: 'hello', session, resumed, resume_window_s: resumeWindowMs / 1000 }
  return JSON.stringify(resumed ? { ...fields, generations } : fields)
}

/**
 * The reply to an inference: binary when any output is, or when the request was.
 * @throws HttpError 400 for an output that the model does not have.
 */
export function resultMessage(
  id: string,
  model: string,
  request: InferRequest,
  reply: InferReply,
  isBinary: boolean,
): string | Buffer {
  const { outputs, blobs } = writeOutputs(request, reply)
  const head = `{"id":${JSON.stringify(id)},"type":"result","model_name":${JSON.stringify(model)}`
  const json = `${head},"outputs":${outputs},"timing":${timingJson(reply.timing)}}`
  if (!isBinary && blobs.length === 0) return json
  const jsonBytes = Buffer.byteLength(json)
  const byteCount = blobs.reduce((sum, blob) => sum + blob.byteLength, lengthBytes + jsonBytes)
  const message = Buffer.allocUnsafe(byteCount)
  message.writeUInt32LE(jsonBytes, 0)
  let offset = lengthBytes + message.write(json, lengthBytes)
  for (const blob of blobs) {
    message.set(blob, offset)
    offset += blob.byteLength
  }
  return message
}

/** What every token message of one generation begins with; `tokenMessage` adds the rest. */
export function tokenPrefix(id: string): string {
  return `{"id":${JSON.stringify(id)},"type":"token","index":`
}

export function tokenMessage(prefix: string, index: number, token: string): string {
  return `${prefix}${index},"text_output":${JSON.stringify(token)}}`
}

export function doneMessage(id: string, reply: GenerateReply): string {
  const { promptTokens, outputTokens, finishReason } = reply
  const usage = `{"prompt_tokens":${promptTokens},"completion_tokens":${outputTokens},"total_tokens":${promptTokens + outputTokens}}`
  const head = `{"id":${JSON.stringify(id)},"type":"done","usage":${usage}`
  return `${head},"finish_reason":"${finishReason}","timing":${timingJson(reply.timing)}}`
}

/** @param id Null when the message that it answers had none that could be read. */
export function errorMessage(id: string | null, error: HttpError): string {
  const { code, message, retryAfterMs } = error
  const wait = retryAfterMs !== null && { retry_after_ms: retryAfterMs }
  return JSON.stringify({ id, type: 'error', code, message, ...wait })
}

function timingJson({ queueMs, computeMs }: Timing): string {
  return `{"queue_ms":${queueMs.toFixed(3)},"compute_ms":${computeMs.toFixed(3)}}`
}
