/** How much a server may send by the rules of HTTP/2 (RFC 9113, section 5.2), for floods that keep to them. */

import { FRAME, HEAD_BYTES, PREFACE_BYTES } from './frames.ts'
import type { Line } from './proxy.ts'

const FIRST_BYTES = 65_535
const INITIAL_WINDOW_SIZE = 4

export class Windows {
  readonly #rooms = new Map<number, number>([[0, FIRST_BYTES]])
  readonly #listeners = new Set<() => void>()
  #firstBytes = FIRST_BYTES
  #unread: Buffer
  /** Streams in the order in which they were opened. */
  readonly streams: number[] = []

  constructor({ socket, heard }: Line) {
    this.#unread = heard().subarray(PREFACE_BYTES)
    this.#read()
    socket.on('data', (piece: Buffer) => {
      this.#unread = Buffer.concat([this.#unread, piece])
      this.#read()
      for (const listener of [...this.#listeners]) listener()
    })
  }

  /** Takes so many bytes of the stream's and the connection's windows; calls back where there is no room now. */
  take(stream: number, byteCount: number, again: () => void): boolean {
    const rooms = [0, stream].map((one) => this.#room(one))
    if (Math.min(...rooms) < byteCount) {
      this.#listeners.add(again)
      return false
    }
    this.#listeners.delete(again)
    for (const one of [0, stream]) this.#rooms.set(one, this.#room(one) - byteCount)
    return true
  }

  #room(stream: number): number {
    return this.#rooms.get(stream) ?? this.#firstBytes
  }

  #read(): void {
    for (;;) {
      const bytes = this.#unread
      if (bytes.length < HEAD_BYTES) return
      const length = bytes.readUIntBE(0, 3)
      if (bytes.length < HEAD_BYTES + length) return
      const stream = bytes.readUInt32BE(5) & 0x7fffffff
      const payload = bytes.subarray(HEAD_BYTES, HEAD_BYTES + length)
      this.#unread = bytes.subarray(HEAD_BYTES + length)
      if (bytes[3] === FRAME.headers) this.streams.push(stream)
      if (bytes[3] === FRAME.windowUpdate) {
        this.#rooms.set(stream, this.#room(stream) + payload.readUInt32BE(0))
      }
      if (bytes[3] === FRAME.settings) this.#settings(payload)
    }
  }

  #settings(payload: Buffer): void {
    for (let at = 0; at + 6 <= payload.length; at += 6) {
      if (payload.readUInt16BE(at) === INITIAL_WINDOW_SIZE) this.#firstBytes = payload.readUInt32BE(at + 2)
    }
  }
}
