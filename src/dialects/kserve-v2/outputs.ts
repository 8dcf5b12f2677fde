import { Buffer } from 'node:buffer'
import { elementBytes } from '../datatypes.ts'
import { type Content, DecodeError } from '../dialect.ts'
import { countOf, jsonText } from '../json.ts'

/**
 * An output as JSON has it: numbers in a list, bytes in base64, or the announcement of so many behind the JSON. None of
 * it is what it should be until it was looked at.
 */
interface Output {
  datatype?: unknown
  shape?: unknown
  data?: unknown
  parameters?: { binary_data_size?: unknown } | null
}

/** Counts what a reply's outputs hold. `binaryBytes`: what came behind its JSON. Throws `DecodeError`. */
export function readOutputs(reply: unknown, binaryBytes: number, into: Content): void {
  const outputs = (reply as { outputs?: (Output | null)[] } | null)?.outputs
  if (!Array.isArray(outputs)) throw new DecodeError('the reply has no outputs')
  let announcedBytes = 0
  for (const output of outputs) {
    const announced = output?.parameters?.binary_data_size
    if (announced === undefined) into.payloadBytes += dataBytes(output)
    else {
      const byteCount = countOf(announced)
      if (byteCount < 0) throw new DecodeError('a binary_data_size is no number of bytes')
      announcedBytes += byteCount
      into.payloadBytes += byteCount
    }
  }
  if (announcedBytes !== binaryBytes) {
    throw new DecodeError(`the reply announces ${announcedBytes} bytes of tensors and has ${binaryBytes}`)
  }
}

function dataBytes(output: Output | null): number {
  const { data, datatype, shape } = output ?? {}
  const size = typeof datatype === 'string' ? elementBytes(datatype) : undefined
  if (!Array.isArray(data)) {
    const { b64 } = (data ?? {}) as { b64?: unknown }
    if (typeof b64 !== 'string') throw new DecodeError('an output has no data')
    return base64Bytes(b64, elementsOf(shape), size)
  }
  if (size === undefined) return Buffer.byteLength(jsonText(data))
  const count = shape === undefined || shape === null ? data.length : elementsOf(shape)
  // Nested lists follow the shape, which says how deep they are.
  const found = Array.isArray(data[0]) ? leavesOf(data, Array.isArray(shape) ? shape.length : 1) : data.length
  if (found !== count) throw new DecodeError(`an output of ${count} elements has ${found}`)
  return count * size
}

/** Elements of lists within lists. It looks at each list, and not at the numbers in the innermost ones. */
function leavesOf(list: readonly unknown[], depth: number): number {
  if (depth <= 1 || !Array.isArray(list[0])) return list.length
  let count = 0
  for (const item of list) count += Array.isArray(item) ? leavesOf(item, depth - 1) : 1
  return count
}

function base64Bytes(text: string, count: number, size = 1): number {
  const { length } = Buffer.from(text, 'base64')
  if (length === count * size) return length
  throw new DecodeError(`an output of ${count} elements has ${length} bytes in base64`)
}

/** As many axes as a tensor can have, and more. */
const MOST_AXES = 64

function elementsOf(shape: unknown = []): number {
  const axes = Array.isArray(shape) ? shape : [null]
  const count = axes.reduce((product: number, extent) => product * countOf(extent), 1)
  if (axes.length <= MOST_AXES && axes.every((extent) => countOf(extent) >= 0)) return count
  throw new DecodeError('the shape of an output is no list of lengths')
}
