import type { ServerReadableStream, ServerWritableStream, UntypedServiceImplementation } from '@grpc/grpc-js'
import type { Service } from '../service.ts'
import type { GenerateReply, GenerateRequest } from './messages.ts'
import { ReplyStream } from './reply-stream.ts'
import { timingTrailer } from './status.ts'
import { defaultMaxTokens } from './text-request.ts'
import { type Answer, oneReply } from './unary.ts'

/** `inferbench.v1.Generation`. */
export function generation(service: Service): UntypedServiceImplementation {
  return {
    Generate: (call: ServerWritableStream<GenerateRequest, GenerateReply>) => void generate(service, call),
    Collect: oneReply(service, collect),
  }
}

const token = (text: string): GenerateReply => ({ text })

async function generate(
  service: Service,
  call: ServerWritableStream<GenerateRequest, GenerateReply>,
): Promise<void> {
  const stream = new ReplyStream(service, call)
  const { model, prompt, max_tokens, ignore_eos: ignoreEos } = call.request
  const request = { prompt, maxTokens: max_tokens || defaultMaxTokens, ignoreEos }
  try {
    const onToken = (text: string) => stream.send(token, text)
    const reply = await service.generate(model, request, onToken, stream.scope.signal)
    const { finishReason: reason, promptTokens: prompt_tokens, outputTokens: output_tokens } = reply
    stream.send(() => ({ finish: { reason, prompt_tokens, output_tokens } }), '')
    await stream.end(timingTrailer(reply.timing))
  } catch (error) {
    stream.fail(error)
  }
}

interface Summary {
  chunk_count: number
  byte_count: number
}

async function collect(call: ServerReadableStream<{ data: Uint8Array }, Summary>): Promise<Answer<Summary>> {
  const summary = { chunk_count: 0, byte_count: 0 }
  for await (const { data } of call) {
    summary.chunk_count += 1
    summary.byte_count += (data as Uint8Array).length
  }
  return { reply: summary }
}
