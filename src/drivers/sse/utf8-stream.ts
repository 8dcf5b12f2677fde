import { Buffer, isUtf8 } from 'node:buffer'

/**
 * Turns pieces of a UTF-8 stream into text. Nearly every piece is valid by itself, so that is checked first
 * (at memory speed); only a piece that ends within a character is cut, and its tail kept for the next one.
 */
export class Utf8Stream {
  #tail: Buffer | null = null

  reset(): void {
    this.#tail = null
  }

  /** Null where the bytes are not UTF-8. */
  decode(piece: Buffer): string | null {
    const bytes = this.#tail ? Buffer.concat([this.#tail, piece]) : piece
    this.#tail = null
    if (isUtf8(bytes)) return bytes.toString('utf8')
    const cut = incompleteFrom(bytes)
    const head = bytes.subarray(0, cut)
    if (cut === bytes.length || !isUtf8(head)) return null
    this.#tail = Buffer.from(bytes.subarray(cut))
    return head.toString('utf8')
  }
}

/** Where a character begins that the last bytes do not complete; the length where there is none. */
function incompleteFrom(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!
    if (byte >= 0xc0) {
      const need = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
      return need > back ? bytes.length - back : bytes.length
    }
    if (byte < 0x80) return bytes.length
  }
  return bytes.length
}
