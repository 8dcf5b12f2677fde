import zlib from 'node:zlib'

const MIB = 2 ** 20
/** Of zeros, of which a thousand compress to one byte. */
const MEMBER_BYTES = 64 * MIB

/** Compressed bytes of which at least so many come out. */
export function gzipBomb(byteCount: number): Buffer {
  const member = zlib.gzipSync(Buffer.alloc(MEMBER_BYTES))
  return Buffer.concat(Array.from({ length: Math.ceil(byteCount / MEMBER_BYTES) }, () => member))
}

/** A message as per-message deflate makes it (RFC 7692): raw, and without the tail that every message would have. */
export function deflateBomb(byteCount: number): Buffer {
  const whole = zlib.deflateRawSync(Buffer.alloc(byteCount), { finishFlush: zlib.constants.Z_SYNC_FLUSH })
  return whole.subarray(0, whole.length - 4)
}
