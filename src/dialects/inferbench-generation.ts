/**
 * `inferbench.v1.Generation`, a service of the bundled server: the two kinds of calls that the Open Inference Protocol
 * has no method for. `Generate` takes a prompt and streams a message per token, `Collect` takes an upload in pieces.
 */

import { Buffer } from 'node:buffer'
import protobuf from 'protobufjs/light.js'
import { type CodecOptions, type Dialect, DialectError } from './dialect.ts'
import type { GrpcCodec } from './grpc-face.ts'
import { promptOf } from './prompt.ts'
import { decodeMessage, messageFromJson } from './protobuf.ts'
import { randomBytes } from './raw-bytes.ts'

const field = (type: string, id: number) => ({ type, id })

const SCHEMA = {
  nested: {
    GenerateRequest: {
      fields: {
        model: field('string', 1),
        prompt: field('string', 2),
        max_tokens: field('uint32', 3),
        ignore_eos: field('bool', 4),
      },
    },
    GenerateReply: {
      oneofs: { content: { oneof: ['text', 'finish'] } },
      fields: { text: field('string', 1), finish: field('Finish', 2) },
    },
    Finish: {
      fields: {
        reason: field('string', 1),
        prompt_tokens: field('uint32', 2),
        output_tokens: field('uint32', 3),
      },
    },
    Chunk: { fields: { data: field('bytes', 1) } },
    Summary: { fields: { chunk_count: field('uint64', 1), byte_count: field('uint64', 2) } },
  },
}

interface GenerateReply {
  content?: 'text' | 'finish'
  text: string
  finish: { output_tokens: number } | null
}

let root: protobuf.Root | null = null

function messageType(name: keyof (typeof SCHEMA)['nested']): protobuf.Type {
  root ??= protobuf.Root.fromJSON(SCHEMA)
  return root.lookupType(name)
}

export const inferbenchGeneration: Dialect = {
  name: 'inferbench-generation',
  says: 'the bundled server’s own gRPC service: a message per token, or an upload in pieces',
  form: 'tokens',
  grpc: {
    service: 'inferbench.v1.Generation',
    methods: { Generate: { kind: 'server-stream' }, Collect: { kind: 'client-stream' } },
    codec: (options, method) => (method === 'Generate' ? generateCodec(options) : collectCodec(options)),
  },
}

function generateCodec(options: CodecOptions): GrpcCodec {
  const reply = messageType('GenerateReply')
  return {
    ...encoder(messageType('GenerateRequest'), options, ({ target, payload }) => {
      if (payload.form === 'size')
        throw new DialectError('a prompt is no tensor: give the payload prompt_tokens')
      if (target.model === null) {
        throw new DialectError('inferbench-generation needs a model: add e.g. model: gpt-tiny to the target')
      }
      const { prompt, outputTokens, ignoreEos } = promptOf(payload)
      const message = { model: target.model, prompt, max_tokens: outputTokens, ignore_eos: ignoreEos }
      return { message, payloadBytes: Buffer.byteLength(prompt) }
    }),
    decodeMessage: (bytes, into) => {
      const { content, text, finish } = decodeMessage<GenerateReply>(reply, bytes)
      if (content === 'text') {
        into.tokens = 1
        into.payloadBytes = Buffer.byteLength(text)
      } else if (finish) into.totalTokens = finish.output_tokens
    },
  }
}

function collectCodec(options: CodecOptions): GrpcCodec {
  const summary = messageType('Summary')
  return {
    ...encoder(messageType('Chunk'), options, ({ payload }) => {
      if (payload.form !== 'size') throw new DialectError('an upload is of bytes: give the payload a size')
      const data = randomBytes(payload.byteCount, payload.seed)
      return { message: { data }, payloadBytes: data.byteLength }
    }),
    decodeMessage: (bytes) => {
      decodeMessage(summary, bytes)
    },
  }
}

interface Made {
  message: object
  payloadBytes: number
}

/** Messages that the scenario wrote out or has encoded already, or those that `make` gives. */
function encoder(
  type: protobuf.Type,
  options: CodecOptions,
  make: (options: CodecOptions) => Made,
): Omit<GrpcCodec, 'decodeMessage'> {
  const { payload, file } = options
  if (payload.form === 'file') {
    const bytes = file ?? new Uint8Array(0)
    return { payloadBytes: bytes.byteLength, encodeMessage: () => bytes }
  }
  const { message, payloadBytes } =
    payload.form === 'json'
      ? {
          message: messageFromJson(type, payload.json, ['json']),
          payloadBytes: Buffer.byteLength(JSON.stringify(payload.json)),
        }
      : make(options)
  return { payloadBytes, encodeMessage: () => type.encode(message).finish() }
}
