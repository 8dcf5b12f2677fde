/**
 * HDR histograms of durations: recorded in nanoseconds, told in milliseconds, 3 significant digits. The one
 * file that knows the histogram library. Its WebAssembly build records a value in about 20 ns, but it checks
 * little: a negative value aborts it, and so does a damaged encoding. Both are caught here.
 *
 * A histogram lives in WebAssembly memory, which the garbage collector does not see: `destroy` it.
 */

import { deflateSync, inflateSync } from 'node:zlib'
import hdr from 'hdr-histogram-js'
import { PERCENTILES } from './metrics.ts'

export type Histogram = InstanceType<typeof hdr.WasmHistogram>

export const NS_PER_MS = 1e6
const LOWEST_NS = 1
/** One hour. What took longer is recorded as one hour. */
const HIGHEST_NS = 3_600_000_000_000
const SIGNIFICANT_DIGITS = 3
const PRECISION = 10 ** -SIGNIFICANT_DIGITS
/** Buckets count in 32 bits, of which the library's decoder takes the first for a sign. */
const MAX_COUNT = 2 ** 31 - 1
/** Counts that a histogram of this precision has for each power of two, and for the range of this one, and once more. */
const HALF_LENGTH = 1024
const POWERS = 32
const COUNTS_LENGTH = (POWERS + 1) * HALF_LENGTH

/** The wire format: cookies of HdrHistogram V2 with variable-length words, and where its header ends. */
const COOKIE = 0x1c849313
const COMPRESSED_COOKIE = 0x1c849314
const HEADER_BYTES = 40
const OFFSET_FIELD = 8
const RATIO_FIELD = 32
const MAX_WORD_BYTES = 9
const MAX_ENCODED_BYTES = HEADER_BYTES + COUNTS_LENGTH * MAX_WORD_BYTES
/** Base64 is 4/3 of what it holds; deflate never grows it by more than a few bytes. */
const MAX_BASE64_LENGTH = Math.ceil(MAX_ENCODED_BYTES * 1.4)

/** A stored histogram that cannot be read, or two that cannot be added. */
export class HistogramError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'HistogramError'
  }
}

/** Loads the WebAssembly module; once for each thread, before anything else here. */
export async function initHistograms(): Promise<void> {
  await hdr.initWebAssembly()
}

export function newHistogram(): Histogram {
  // The full range from the start (about 130 KiB), so that recording never stops to grow it.
  return hdr.WasmHistogram.build({
    useWebAssembly: true,
    bitBucketSize: 32,
    autoResize: false,
    lowestDiscernibleValue: LOWEST_NS,
    highestTrackableValue: HIGHEST_NS,
    numberOfSignificantValueDigits: SIGNIFICANT_DIGITS,
  })
}

/** False where the duration is negative or NaN: it is not recorded then. */
export function recordMs(histogram: Histogram, durationMs: number): boolean {
  if (!(durationMs >= 0)) return false
  const durationNs = Math.round(durationMs * NS_PER_MS)
  histogram.recordValue(Math.min(durationNs, HIGHEST_NS))
  return true
}

/** In ms. 0 gives the minimum. The histogram must not be empty. */
export function percentileMs(histogram: Histogram, percentile: number): number {
  // A percentile is the upper end of its bucket, which can lie above the largest value recorded.
  return Math.min(histogram.getValueAtPercentile(percentile), histogram.maxValue) / NS_PER_MS
}

/**
 * The least that the percentile can have been, in ms, were `count` of the values wrong: what it would be, had they been
 * smaller than all the others. The histogram must not be empty.
 */
export function leastPercentileMs(histogram: Histogram, percentile: number, count: number): number {
  const total = histogram.totalCount
  const rank = Math.max(1, Math.ceil((percentile / 100) * total - 1e-9) - count)
  return percentileMs(histogram, ((rank - 0.5) / total) * 100)
}

/** In ms. The histogram must not be empty. */
export function momentsMs(histogram: Histogram): { meanMs: number; stddevMs: number; maxMs: number } {
  return {
    meanMs: histogram.mean / NS_PER_MS,
    stddevMs: histogram.stdDeviation / NS_PER_MS,
    maxMs: histogram.maxValue / NS_PER_MS,
  }
}

/**
 * The statistics that `openCount` calls without an end could move, were each of them slower than all that are
 * recorded, by more than the histogram's precision: they can only be given as "at least". Always the maximum
 * and the mean then, and the percentiles whose rank reaches another value.
 */
export function atLeast(histogram: Histogram, openCount: number): string[] {
  const count = histogram.totalCount
  if (openCount <= 0 || count === 0) return []
  // Half a rank below a whole one, so that no rounding of the division can reach the next.
  const valueAtRank = (rank: number) => histogram.getValueAtPercentile(((rank - 0.5) / count) * 100)
  const rankAmong = (total: number, percentile: number) =>
    Math.max(Math.ceil((percentile / 100) * total - 1e-9), 1)
  const moved = Object.entries(PERCENTILES)
    .filter(([, percentile]) => {
      const rank = rankAmong(count + openCount, percentile)
      if (rank > count) return true
      const now = valueAtRank(rankAmong(count, percentile))
      return valueAtRank(rank) - now > now * PRECISION
    })
    .map(([name]) => name)
  return ['mean', 'max', ...moved]
}

/** Throws `HistogramError` where the sum would hold more than 2^31 - 1 values. */
export function add(into: Histogram, from: Histogram): void {
  if (into.totalCount + from.totalCount > MAX_COUNT) {
    throw new HistogramError(`more than ${MAX_COUNT} values in one histogram`)
  }
  into.add(from)
}

export function destroy(histogram: Histogram): void {
  histogram.destroy()
}

/** HdrHistogram V2 compressed, base64: what the Java, Go, Rust and Python libraries read. */
export function encode(histogram: Histogram): string {
  const encoded = Buffer.from(histogram.encode())
  // The library writes an index offset of 1, and the integer 1 where the format has the double 1.0. Readers of
  // plain histograms get over it; nothing obliges them to.
  encoded.writeInt32BE(0, OFFSET_FIELD)
  encoded.writeDoubleBE(1, RATIO_FIELD)
  const compressed = deflateSync(encoded)
  const head = Buffer.alloc(8)
  head.writeUInt32BE(COMPRESSED_COOKIE, 0)
  head.writeUInt32BE(compressed.length, 4)
  return Buffer.concat([head, compressed]).toString('base64')
}

/**
 * Reads what `encode` wrote. Throws `HistogramError` for anything else: damaged, larger than a histogram of
 * this range can be, or of another range or precision.
 */
export function decode(text: string): Histogram {
  const encoded = decompress(text)
  checkHeader(encoded)
  checkCounts(encoded)
  return hdr.WasmHistogram.decode(encoded, 32) as Histogram
}

/** Values that a histogram does not tell apart. */
export interface Bucket {
  fromNs: number
  /** The largest of them. */
  toNs: number
  count: number
}

/**
 * What stands in a histogram that `encode` wrote, from the smallest values on. Needs no WebAssembly, so that a report can
 * be made of it without waiting for any. Throws `HistogramError`, as `decode` does.
 */
export function bucketsOf(text: string): Bucket[] {
  const encoded = decompress(text)
  checkHeader(encoded)
  const buckets: Bucket[] = []
  walkCounts(encoded, (index, count) => {
    // The first two halves count single nanoseconds; in each that follows, a bucket is twice as wide.
    const widthNs = 2 ** Math.max(0, Math.floor(index / HALF_LENGTH) - 1)
    const fromNs = (index < HALF_LENGTH ? index : HALF_LENGTH + (index % HALF_LENGTH)) * widthNs
    buckets.push({ fromNs, toNs: fromNs + widthNs - 1, count })
  })
  return buckets
}

function decompress(text: string): Buffer {
  if (text.length > MAX_BASE64_LENGTH) {
    throw new HistogramError(`the histogram is longer than ${MAX_BASE64_LENGTH} characters`)
  }
  // Buffer skips what is not base64, so damage has to be looked for.
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) throw new HistogramError('the histogram is not base64')
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length < 8 || bytes.readUInt32BE(0) !== COMPRESSED_COOKIE) {
    throw new HistogramError('not an HdrHistogram in V2 compressed encoding')
  }
  const compressed = bytes.subarray(8)
  if (compressed.length !== bytes.readUInt32BE(4)) throw new HistogramError('the histogram is cut short')
  try {
    return inflateSync(compressed, { maxOutputLength: MAX_ENCODED_BYTES })
  } catch (error) {
    throw new HistogramError(`the histogram does not decompress: ${(error as Error).message}`)
  }
}

function checkHeader(encoded: Buffer): void {
  if (encoded.length < HEADER_BYTES || encoded.readUInt32BE(0) !== COOKIE) {
    throw new HistogramError('no HdrHistogram V2 header inside the compressed data')
  }
  if (encoded.readUInt32BE(4) !== encoded.length - HEADER_BYTES) {
    throw new HistogramError('the histogram’s header tells another length than it has')
  }
  const digits = encoded.readInt32BE(12)
  const lowestNs = encoded.readBigInt64BE(16)
  const highestNs = encoded.readBigInt64BE(24)
  if (
    encoded.readInt32BE(OFFSET_FIELD) !== 0 ||
    digits !== SIGNIFICANT_DIGITS ||
    lowestNs !== BigInt(LOWEST_NS) ||
    highestNs !== BigInt(HIGHEST_NS)
  ) {
    throw new HistogramError(
      `a histogram of ${lowestNs}..${highestNs} with ${digits} digits; expected ${LOWEST_NS}..${HIGHEST_NS} ns with ${SIGNIFICANT_DIGITS}`,
    )
  }
}

/** Checks the counts as the library will walk them, because it does not look where it writes. */
function checkCounts(encoded: Buffer): void {
  walkCounts(encoded, () => {})
}

/** `visit` is told of each bucket that holds something, from the first on. Throws `HistogramError`. */
function walkCounts(encoded: Buffer, visit: (index: number, count: number) => void): void {
  let position = HEADER_BYTES
  let index = 0
  let totalCount = 0
  while (position < encoded.length) {
    let word = 0n
    for (let byteIndex = 0; ; byteIndex++) {
      const byte = encoded[position++]
      if (byte === undefined) throw new HistogramError('the histogram ends within a count')
      const isLast = byteIndex === MAX_WORD_BYTES - 1 || byte < 0x80
      const bits = byteIndex === MAX_WORD_BYTES - 1 ? byte : byte & 0x7f
      word |= BigInt(bits) << BigInt(7 * byteIndex)
      if (isLast) break
    }
    // ZigZag: even words are counts, odd ones tell how many empty buckets follow.
    const isCount = (word & 1n) === 0n
    const magnitude = Number(isCount ? word >> 1n : (word >> 1n) + 1n)
    if (isCount && magnitude > 0) visit(index, magnitude)
    index += isCount ? 1 : magnitude
    totalCount += isCount ? magnitude : 0
    if (index > COUNTS_LENGTH) throw new HistogramError('the histogram has counts beyond its range')
    if (totalCount > MAX_COUNT) throw new HistogramError(`the histogram holds more than ${MAX_COUNT} values`)
  }
}
