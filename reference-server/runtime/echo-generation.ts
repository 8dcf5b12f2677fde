import type { GenerateReply, GenerateRequest } from './runtime.ts'

/**
 * A generation without a model: the prompt's characters over and over. It measures what a stream costs by
 * itself. One character a turn of the event loop, so that streams progress together and each is sent by itself.
 */
export function generateEcho(
  request: GenerateRequest,
  onToken: (text: string) => void,
  signal?: AbortSignal,
): Promise<GenerateReply> {
  const characters = [...request.prompt]
  let outputTokens = 0
  return new Promise((resolve, reject) => {
    const finish = (finishReason: GenerateReply['finishReason']) =>
      resolve({
        promptTokens: characters.length,
        outputTokens,
        finishReason,
        timing: { queueMs: 0, computeMs: 0 },
      })
    const turn = () => {
      if (signal?.aborted) return finish('cancelled')
      try {
        onToken(characters[outputTokens % characters.length]!)
      } catch (error) {
        return reject(error)
      }
      outputTokens += 1
      if (outputTokens === request.maxTokens) finish('length')
      else setImmediate(turn)
    }
    turn()
  })
}
