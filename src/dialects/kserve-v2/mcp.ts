/**
 * The Open Inference Protocol as tools of MCP: `infer` takes tensors in the protocol's own JSON and answers with
 * structured content, `generate` takes a prompt and tells each token as progress.
 */

import { Buffer } from 'node:buffer'
import type { Payload } from '../../plan/plan.ts'
import { type CodecOptions, type Content, DialectError } from '../dialect.ts'
import { countOf } from '../json.ts'
import type { McpCodec, McpFace, McpResult } from '../mcp-face.ts'
import { promptOf } from '../prompt.ts'
import { tensorOf } from '../tensors.ts'
import { literalArguments, readProgress, textBytes } from '../tool-text.ts'
import { described } from './input.ts'
import { readOutputs } from './outputs.ts'

export const kserveMcp: McpFace = {
  tools: { infer: { kind: 'unary' }, generate: { kind: 'server-stream' } },
  codec(options, tool) {
    const { payload, target } = options
    const reader =
      tool === 'generate'
        ? { progress: readProgress, result: readText }
        : { progress() {}, result: readTensors }
    if (payload.form === 'json' || payload.form === 'file') return { ...literalArguments(options), ...reader }
    return {
      ...(tool === 'generate' ? promptArguments(options) : tensorArguments(payload, target.model)),
      ...reader,
    }
  },
}

type Arguments = Pick<McpCodec, 'arguments' | 'payloadBytes'>

function tensorArguments(payload: Payload, model: string | null): Arguments {
  if (model === null) throw new DialectError('kserve-v2 needs a model: add e.g. model: mlp to the target')
  if (payload.form === 'tokens' || payload.form === 'text') {
    throw new DialectError(
      'the tool infer takes a tensor: add tool: generate to the target, or give the payload a size',
    )
  }
  if (payload.encoding !== 'json') {
    throw new DialectError(
      `tools take tensors as JSON, not as ${payload.encoding}: remove encoding from the payload`,
    )
  }
  const tensor = tensorOf(payload)
  const input = { ...described(tensor), data: tensor.values() }
  return { arguments: { model, inputs: [input] }, payloadBytes: tensor.bytes.length }
}

function promptArguments({ payload, target: { model } }: CodecOptions): Arguments {
  const { prompt, outputTokens, ignoreEos } = promptOf(payload)
  return {
    arguments: {
      ...(model === null ? {} : { model }),
      prompt,
      max_tokens: outputTokens,
      ...(ignoreEos ? { ignore_eos: true } : {}),
    },
    payloadBytes: Buffer.byteLength(prompt),
  }
}

function readTensors({ structuredContent }: McpResult, _hadContent: boolean, into: Content): void {
  readOutputs(structuredContent, 0, into)
}

/** The whole text; it repeats what progress has told. */
function readText(result: McpResult, hadContent: boolean, into: Content): void {
  if (!hadContent) {
    into.payloadBytes = textBytes(result)
    if (into.payloadBytes > 0) into.tokens = 1
  }
  const usage = result._meta?.['infer-bench/usage'] as { completion_tokens?: unknown } | null | undefined
  const total = countOf(usage?.completion_tokens)
  if (total >= 0) into.totalTokens = total
}
