import { Buffer } from 'node:buffer'
import { type Content, DecodeError } from '../dialect.ts'
import { DATATYPE_BYTES } from '../tensors.ts'

/** An output as JSON has it: numbers in a list, bytes in base64, or the announcement of so many behind the JSON. */
interface Output {
  name?: string
  datatype?: string
  shape?: number[]
  data?: unknown[] | { b64?: unknown }
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
    into.payloadBytes += inBinary ?? dataBytes(output)
  }
  if (announcedBytes !== binaryBytes) {
    throw new DecodeError(`the reply announces ${announcedBytes} bytes of tensors and has ${binaryBytes}`)
  }
}

function dataBytes(output: Output | null): number {
  const { data, datatype = '', shape } = output ?? {}
  const size = DATATYPE_BYTES[datatype]
  const isList = Array.isArray(data)
  if (!isList && typeof data?.b64 === 'string') return base64Bytes(data.b64, shape, size)
  if (!isList) throw new DecodeError('an output has no data')
  if (size === undefined) return Buffer.byteLength(JSON.stringify(data))
  const count = shape ? elementsOf(shape) : data.length
  // Nested lists follow the shape, which says how many numbers there are.
  if (!Array.isArray(data[0]) && data.length !== count) {
    throw new DecodeError(`an output of ${count} elements has ${data.length}`)
  }
  return count * size
}

function base64Bytes(text: string, shape: readonly number[] = [], size = 1): number {
  const { length } = Buffer.from(text, 'base64')
  if (length === elementsOf(shape) * size) return length
  throw new DecodeError(`an output of ${elementsOf(shape)} elements has ${length} bytes in base64`)
}

function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1)
}
