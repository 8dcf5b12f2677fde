import { Buffer } from 'node:buffer'
import { type Content, DecodeError } from '../dialect.ts'
import { DATATYPE_BYTES } from '../tensors.ts'

/** An output as JSON has it: numbers in a list, or the announcement of so many bytes behind the JSON. */
interface Output {
  name?: string
  datatype?: string
  shape?: number[]
  data?: unknown[]
  parameters?: { binary_data_size?: number }
}

/** Counts what a reply's outputs hold. `binaryBytes`: what came behind its JSON. Throws `DecodeError`. */
export function readOutputs(reply: unknown, binaryBytes: number, into: Content): void {
  const outputs = (reply as { outputs?: Output[] } | null)?.outputs
  if (!Array.isArray(outputs)) throw new DecodeError('the reply has no outputs')
  let announcedBytes = 0
  for (const output of outputs) {
    const inBinary = output?.parameters?.binary_data_size
    if (inBinary !== undefined) announcedBytes += inBinary
    into.payloadBytes += inBinary ?? numberBytes(output)
  }
  if (announcedBytes !== binaryBytes) {
    throw new DecodeError(`the reply announces ${announcedBytes} bytes of tensors and has ${binaryBytes}`)
  }
}

function numberBytes(output: Output): number {
  const size = DATATYPE_BYTES[output?.datatype ?? '']
  if (!Array.isArray(output?.data)) throw new DecodeError('an output has no data')
  if (size === undefined) return Buffer.byteLength(JSON.stringify(output.data))
  const elements = (output.shape ?? [output.data.length]).reduce((product, extent) => product * extent, 1)
  return elements * size
}
