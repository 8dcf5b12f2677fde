/**
 * The part of the Protocol Buffers wire format that an ONNX file needs: varints and length-delimited fields.
 * A message is built as a list of byte runs and joined once, so that large weights are copied once a level.
 */
export class MessageWriter {
  private readonly parts: Uint8Array[] = []
  private byteCount = 0

  /** A field of wire type 0. Negative numbers take ten bytes, as the format wants for int64. */
  integer(field: number, value: number | bigint): this {
    return this.push(varint(BigInt(field) << 3n)).push(varint(BigInt.asUintN(64, BigInt(value))))
  }

  /** A field of wire type 2 that holds bytes as they are. */
  bytes(field: number, value: Uint8Array): this {
    return this.push(varint((BigInt(field) << 3n) | 2n))
      .push(varint(BigInt(value.byteLength)))
      .push(value)
  }

  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value))
  }

  message(field: number, value: MessageWriter): this {
    return this.bytes(field, value.finish())
  }

  finish(): Uint8Array {
    const joined = new Uint8Array(this.byteCount)
    let offset = 0
    for (const part of this.parts) {
      joined.set(part, offset)
      offset += part.byteLength
    }
    return joined
  }

  private push(part: Uint8Array): this {
    this.parts.push(part)
    this.byteCount += part.byteLength
    return this
  }
}

function varint(value: bigint): Uint8Array {
  const bytes: number[] = []
  let rest = value
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  bytes.push(Number(rest))
  return Uint8Array.from(bytes)
}
