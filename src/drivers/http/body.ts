import { Buffer } from 'node:buffer'

/** So many pieces are kept as they came; a reply that comes in more may come byte by byte. */
const PIECES_KEPT = 16
/** A smaller piece costs more to keep than to copy. */
const SMALL_BYTES = 4096
const BLOCK_BYTES = 64 * 1024

/**
 * The bytes of a reply, as they come. A server may send each by itself, and to keep a piece costs the memory of a
 * hundred of them, so small ones are gathered in blocks.
 */
export class Body {
  byteCount = 0
  #pieces: Buffer[] = []
  #block: Buffer | null = null
  #used = 0

  add(piece: Buffer): void {
    this.byteCount += piece.length
    if (this.#block && this.#used + piece.length > BLOCK_BYTES) this.#endBlock()
    if (!this.#block && (piece.length >= SMALL_BYTES || this.#pieces.length < PIECES_KEPT)) {
      this.#pieces.push(piece)
      return
    }
    this.#block ??= Buffer.allocUnsafe(BLOCK_BYTES)
    this.#block.set(piece, this.#used)
    this.#used += piece.length
  }

  /** All of them, in one piece. */
  bytes(): Buffer {
    this.#endBlock()
    return this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces, this.byteCount)
  }

  clear(): void {
    this.byteCount = 0
    this.#block = null
    this.#used = 0
    if (this.#pieces.length > 0) this.#pieces = []
  }

  #endBlock(): void {
    if (!this.#block) return
    this.#pieces.push(this.#block.subarray(0, this.#used))
    this.#block = null
    this.#used = 0
  }
}
