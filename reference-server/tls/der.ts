/** The few ASN.1 types that an X.509 certificate is made of, in their DER encoding (ITU-T X.690). */

function element(tag: number, content: Uint8Array): Buffer {
  const byteCount = content.length
  const length =
    byteCount < 0x80
      ? [byteCount]
      : byteCount < 0x100
        ? [0x81, byteCount]
        : [0x82, byteCount >> 8, byteCount & 0xff]
  return Buffer.concat([Uint8Array.of(tag, ...length), content])
}

export function sequence(...items: Uint8Array[]): Buffer {
  return element(0x30, Buffer.concat(items))
}

export function set(...items: Uint8Array[]): Buffer {
  return element(0x31, Buffer.concat(items))
}

/** A non-negative integer, big-endian. */
export function integer(bytes: Uint8Array): Buffer {
  // A leading one bit would make it negative.
  return element(0x02, bytes[0]! & 0x80 ? Buffer.concat([Uint8Array.of(0), bytes]) : bytes)
}

/** An object identifier in dotted form, such as 2.5.4.3. */
export function identifier(dotted: string): Buffer {
  const [first, second, ...rest] = dotted.split('.').map(Number)
  const bytes = [first! * 40 + second!]
  for (const arc of rest) {
    const groups = [arc & 0x7f]
    for (let left = arc >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80)
    bytes.push(...groups)
  }
  return element(0x06, Uint8Array.from(bytes))
}

export function utf8(text: string): Buffer {
  return element(0x0c, Buffer.from(text))
}

/** A time in this century's first half, to the second. */
export function utcTime(time: Date): Buffer {
  const digits = time.toISOString().replace(/[-:T]/g, '')
  return element(0x17, Buffer.from(`${digits.slice(2, 14)}Z`))
}

export function yes(): Buffer {
  return element(0x01, Uint8Array.of(0xff))
}

/** @param unusedBits How many low bits of the last byte do not count. */
export function bits(content: Uint8Array, unusedBits = 0): Buffer {
  return element(0x03, Buffer.concat([Uint8Array.of(unusedBits), content]))
}

export function octets(content: Uint8Array): Buffer {
  return element(0x04, content)
}

/** A context-specific tag around another element. */
export function explicit(tag: number, content: Uint8Array): Buffer {
  return element(0xa0 | tag, content)
}

/** A context-specific tag in place of a primitive element's own. */
export function implicit(tag: number, content: Uint8Array): Buffer {
  return element(0x80 | tag, content)
}
