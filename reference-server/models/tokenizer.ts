/**
 * The decoders' tokenizer: one token a byte of UTF-8, and one token that ends a reply (and, as in GPT-2, begins
 * a text). Replies use printable ASCII alone, so a reply's token is one character, one byte and one chunk.
 */
export const END_TOKEN = 256
export const VOCABULARY_SIZE = 257

const FIRST_PRINTABLE = 0x20
const LAST_PRINTABLE = 0x7e

export function isReplyToken(token: number): boolean {
  return token >= FIRST_PRINTABLE && token <= LAST_PRINTABLE
}

export function tokenize(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

export function tokenText(token: number): string {
  return String.fromCharCode(token)
}
