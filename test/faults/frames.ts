/** Frames of HTTP/2 as a server sends them that keeps to no rule (RFC 9113, 7541). */

import type { Line } from './proxy.ts'

export const FRAME = {
  data: 0,
  headers: 1,
  resetStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const

export const END_STREAM = 0x1
export const END_HEADERS = 0x4

/** Connection preface of a client. */
export const PREFACE_BYTES = 24
export const HEAD_BYTES = 9
/** `:status: 200` of the static table. */
export const STATUS_200 = Buffer.from([0x88])

interface FrameOptions {
  flags?: number
  stream?: number
  /** What the frame says of its length, where that is not so. */
  length?: number
}

export function frameOf(
  type: keyof typeof FRAME,
  payload: Buffer | string = '',
  { flags = 0, stream = 0, length }: FrameOptions = {},
): Buffer {
  const bytes = Buffer.from(payload)
  const head = Buffer.alloc(HEAD_BYTES)
  head.writeUIntBE(length ?? bytes.length, 0, 3)
  head[3] = FRAME[type]
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, bytes])
}

/** Header fields, of which nobody has to remember anything: literals without indexing. */
export function fields(headers: Readonly<Record<string, string>>): Buffer {
  return Buffer.concat(
    Object.entries(headers).flatMap(([name, value]) => [
      Buffer.from([0x00, name.length]),
      Buffer.from(name),
      Buffer.from([value.length]),
      Buffer.from(value),
    ]),
  )
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value >>> 0)
  return bytes
}

/** The stream that the tool has opened last. */
export function latestStream(line: Line): number {
  const heard = line.heard()
  let latest = 0
  for (let at = PREFACE_BYTES; at + HEAD_BYTES <= heard.length; at += HEAD_BYTES + heard.readUIntBE(at, 3)) {
    if (heard[at + 3] === FRAME.headers) latest = heard.readUInt32BE(at + 5) & 0x7fffffff
  }
  return latest
}
