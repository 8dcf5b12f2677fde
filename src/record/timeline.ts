import { add, decode, destroy, encode, type Histogram, newHistogram, recordMs } from './histogram.ts'

/** What happened to the calls that fell due within one slice of a round. */
interface Slice {
  calls: number
  errors: number
  /** `request_latency` of those that succeeded, encoded; null where none did. */
  latency: string | null
  /** Every gap between the chunks of those that succeeded, encoded; null where there is none. */
  gaps: string | null
}

/** A round in slices of equal length, from the end of its warm-up on. */
export interface Timeline {
  sliceMs: number
  slices: Slice[]
}

/** A round of known length has so many. */
const SLICES = 20
/** Of a round that ends after so many calls, slices of this length are the first guess; they double when it was too short. */
const SHORTEST_SLICE_MS = 25

interface OpenSlice {
  calls: number
  errors: number
  latency: Histogram | null
  gaps: Histogram | null
}

/** Records how latency went over a round, in pieces that are few enough to be kept with the result. */
export class TimelineRecorder {
  #slices: OpenSlice[] = []
  #fromMs = 0
  #sliceMs = SHORTEST_SLICE_MS

  /** `toMs` is infinite where nobody knows when the round will end. */
  window(fromMs: number, toMs: number): void {
    this.#fromMs = fromMs
    // A round that the user ends keeps the slices that it has.
    if (this.#slices.length === 0 && toMs < Number.POSITIVE_INFINITY && toMs > fromMs) {
      this.#sliceMs = (toMs - fromMs) / SLICES
    }
  }

  call(plannedMs: number, latencyMs: number, failed: boolean): void {
    const slice = this.#sliceOf(plannedMs)
    slice.calls++
    if (failed) {
      slice.errors++
      return
    }
    slice.latency ??= newHistogram()
    recordMs(slice.latency, latencyMs)
  }

  /** Of a stream that was told as a call that succeeded: the first `count` of the list, in ms. */
  gaps(plannedMs: number, gapsMs: Float64Array, count: number): void {
    if (count === 0) return
    const slice = this.#sliceOf(plannedMs)
    slice.gaps ??= newHistogram()
    for (let index = 0; index < count; index++) recordMs(slice.gaps, gapsMs[index]!)
  }

  /** Those of all slices. */
  addGapsTo(histogram: Histogram): void {
    for (const { gaps } of this.#slices) if (gaps) add(histogram, gaps)
  }

  #sliceOf(plannedMs: number): OpenSlice {
    let index = Math.floor((plannedMs - this.#fromMs) / this.#sliceMs)
    while (index >= 2 * SLICES) {
      this.#double()
      index = Math.floor((plannedMs - this.#fromMs) / this.#sliceMs)
    }
    for (let length = this.#slices.length; length <= index; length++) {
      this.#slices.push({ calls: 0, errors: 0, latency: null, gaps: null })
    }
    return this.#slices[index]!
  }

  /** Frees the histograms; the recorder is of no further use. */
  finish(): Timeline {
    const slices = this.#slices.map(({ calls, errors, latency, gaps }) => ({
      calls,
      errors,
      latency: taken(latency),
      gaps: taken(gaps),
    }))
    this.#slices = []
    return { sliceMs: this.#sliceMs, slices }
  }

  #double(): void {
    const pairs: OpenSlice[] = []
    for (let index = 0; index < this.#slices.length; index += 2) {
      const [first, second] = [this.#slices[index]!, this.#slices[index + 1]]
      pairs.push(second ? joined(first, second) : first)
    }
    this.#slices = pairs
    this.#sliceMs *= 2
  }
}

function taken(histogram: Histogram | null): string | null {
  if (histogram === null) return null
  const encoded = encode(histogram)
  destroy(histogram)
  return encoded
}

function joined(into: OpenSlice, from: OpenSlice): OpenSlice {
  into.calls += from.calls
  into.errors += from.errors
  into.latency = poured(into.latency, from.latency)
  into.gaps = poured(into.gaps, from.gaps)
  return into
}

function poured(into: Histogram | null, from: Histogram | null): Histogram | null {
  if (!into || !from) return into ?? from
  add(into, from)
  destroy(from)
  return into
}

/** What several workers recorded of one round, as if one had. Throws `HistogramError` for a part that is damaged. */
export function mergeTimelines(parts: readonly Timeline[]): Timeline {
  const sliceMs = Math.max(0, ...parts.map((part) => part.sliceMs))
  const merged: Slice[] = []
  for (const part of parts) {
    // Each began with the same length and doubled it.
    const each = Math.round(sliceMs / part.sliceMs)
    for (const [index, slice] of part.slices.entries()) {
      const place = Math.floor(index / each)
      merged[place] = merged[place] ? addSlice(merged[place], slice) : slice
    }
  }
  return {
    sliceMs,
    slices: Array.from(merged, (slice) => slice ?? { calls: 0, errors: 0, latency: null, gaps: null }),
  }
}

function addSlice(one: Slice, other: Slice): Slice {
  return {
    calls: one.calls + other.calls,
    errors: one.errors + other.errors,
    latency: addEncoded(one.latency, other.latency),
    gaps: addEncoded(one.gaps, other.gaps),
  }
}

function addEncoded(one: string | null, other: string | null): string | null {
  if (one === null || other === null) return one ?? other
  const into = decode(one)
  try {
    const from = decode(other)
    try {
      add(into, from)
    } finally {
      destroy(from)
    }
    return encode(into)
  } finally {
    destroy(into)
  }
}
