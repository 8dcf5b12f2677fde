import { Buffer } from 'node:buffer'
import { seededRandom } from '../random.ts'
import { type CodecOptions, DialectError } from './dialect.ts'

/** One message of a protocol that has no body of its own to fill: what the payload holds, as it is. */
export function bytesOf({ payload, file }: CodecOptions): Uint8Array {
  refuseTokens(payload)
  if (payload.form === 'size') return randomBytes(payload.byteCount, payload.seed)
  if (payload.form === 'text') return Buffer.from(payload.text)
  if (payload.form === 'json') return Buffer.from(JSON.stringify(payload.json))
  return file ?? Buffer.alloc(0)
}

/** Throws `DialectError`. */
export function refuseTokens({ form }: CodecOptions['payload']): void {
  if (form === 'tokens') {
    throw new DialectError('raw knows no tokens: give the payload a size, text, json or file')
  }
}

export function randomBytes(byteCount: number, seed: number): Buffer {
  const random = seededRandom(seed)
  const bytes = Buffer.alloc(byteCount)
  for (let index = 0; index < bytes.length; index++) bytes[index] = random() * 256
  return bytes
}
