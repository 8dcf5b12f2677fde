/** Histograms as results store them, and what adding them up must not lose. */

import { deflateSync } from 'node:zlib'
import fc from 'fast-check'
import {
  add,
  decode,
  destroy,
  encode,
  HistogramError,
  initHistograms,
  newHistogram,
  recordMs,
} from '../../src/record/histogram.ts'
import { changedBytes, changedText } from './mutation.ts'
import { type Subject, subject } from './subject.ts'

const HOUR_MS = 3_600_000
const durations = fc.array(fc.double({ min: 0, max: HOUR_MS, noNaN: true }), { maxLength: 40 })

await initHistograms()

function encoded(...valuesMs: number[]): string {
  const histogram = newHistogram()
  for (const valueMs of valuesMs) recordMs(histogram, valueMs)
  const text = encode(histogram)
  destroy(histogram)
  return text
}

const GOOD = [encoded(), encoded(1), encoded(0, 0.001, 5, 5, 5, 1000, HOUR_MS)]

/** What is within the compressed bytes, as it was before it was compressed. */
function inflated(text: string): Buffer {
  const histogram = decode(text)
  const bytes = Buffer.from(histogram.encode())
  destroy(histogram)
  bytes.writeInt32BE(0, 8)
  bytes.writeDoubleBE(1, 32)
  return bytes
}

function packed(bytes: Uint8Array): string {
  const compressed = deflateSync(bytes)
  const head = Buffer.alloc(8)
  head.writeUInt32BE(0x1c849314, 0)
  head.writeUInt32BE(compressed.length, 4)
  return Buffer.concat([head, compressed]).toString('base64')
}

/** What can be read is stored again and read to the same. */
function expectReadable(text: string): void {
  let histogram: ReturnType<typeof decode>
  try {
    histogram = decode(text)
  } catch (error) {
    if (error instanceof HistogramError) return
    throw error
  }
  try {
    const { totalCount } = histogram
    if (!(totalCount >= 0 && totalCount < 2 ** 31)) throw new Error(`${totalCount} values`)
    if (totalCount === 0) return
    const again = encode(histogram)
    const back = decode(again)
    if (back.totalCount !== totalCount || encode(back) !== again) throw new Error('it is another one')
    destroy(back)
  } finally {
    destroy(histogram)
  }
}

/** Within the compression: lengths, counts and words that a checksum no longer guards. */
const BODIES = GOOD.map(inflated)
const withLength = (bytes: Buffer): Buffer => {
  if (bytes.length >= 8) bytes.writeUInt32BE(Math.max(0, bytes.length - 40), 4)
  return bytes
}

const text = subject<string>({
  name: 'a stored histogram, its text',
  inputs: changedText(...GOOD),
  holds: expectReadable,
})

const body = subject<Buffer>({
  name: 'a stored histogram, its counts',
  inputs: fc.oneof(changedBytes(...BODIES), changedBytes(...BODIES).map(withLength)),
  holds: (bytes) => expectReadable(packed(bytes)),
})

const bombs = subject<[byte: number, megabytes: number]>({
  name: 'a stored histogram that unpacks to megabytes',
  inputs: fc.tuple(fc.nat({ max: 255 }), fc.integer({ min: 1, max: 16 })),
  weight: 500,
  holds([byte, megabytes]) {
    const before = process.memoryUsage().arrayBuffers
    const bytes = packed(Buffer.alloc(megabytes * 2 ** 20, byte))
    expectReadable(bytes)
    if (process.memoryUsage().arrayBuffers - before > 64 * 2 ** 20) throw new Error('it was unpacked')
  },
})

const merged = subject<[number[], number[], number[]]>({
  name: 'histograms, added up in any order and by parts',
  inputs: fc.tuple(durations, durations, durations),
  cost: 10,
  holds(parts) {
    const [a, b, c] = parts.map((valuesMs) => encoded(...valuesMs))
    const sum = (...texts: string[]) => {
      const total = newHistogram()
      for (const one of texts) {
        const histogram = decode(one)
        add(total, histogram)
        destroy(histogram)
      }
      const told = encode(total)
      destroy(total)
      return told
    }
    const whole = encoded(...parts.flat())
    for (const other of [sum(a!, b!, c!), sum(sum(a!, b!), c!), sum(a!, sum(b!, c!)), sum(c!, b!, a!)]) {
      if (other !== whole) throw new Error('the sum is not what one recorder has')
    }
  },
})

export const histograms: Subject[] = [text, body, bombs, merged]
