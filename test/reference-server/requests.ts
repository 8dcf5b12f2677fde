import type {
  GenerateReply,
  GenerateRequest,
  Runtime,
  RuntimeOptions,
  Tensor,
} from '../../reference-server/runtime/runtime.ts'

/** The plainest runtime: one CPU worker, no batching. */
export const ONE_WORKER: RuntimeOptions = {
  providers: ['cpu'],
  workers: 1,
  batching: { size: 1, waitMs: 0 },
}

/** An input of `mlp`: the rows' numbers, seeded by the first, different from one another. */
export function mlpInput(batch: number, width: number, first = 0): Tensor {
  const values = Float32Array.from({ length: batch * width }, (_, index) => Math.sin(first + index))
  return { name: 'input', datatype: 'FP32', shape: [batch, width], data: new Uint8Array(values.buffer) }
}

/** The numbers of an FP32 tensor. */
export function numbersOf(tensor: Tensor): number[] {
  return [...new Float32Array(new Uint8Array(tensor.data).buffer)]
}

/** Generates to the end; unless told otherwise 24 tokens after "Hello world", come what may. */
export async function generate(
  runtime: Runtime,
  model: string,
  request: Partial<GenerateRequest>,
  signal?: AbortSignal,
): Promise<GenerateReply & { tokens: string[] }> {
  const tokens: string[] = []
  const full = { prompt: 'Hello world', maxTokens: 24, ignoreEos: true, ...request }
  const reply = await runtime.generate(model, full, (text) => tokens.push(text), signal)
  return { ...reply, tokens }
}
