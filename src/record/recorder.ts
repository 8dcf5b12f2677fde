import type { Outcome, Protocol } from '../drivers/driver.ts'
import type { GcPause } from '../load/loop-watch.ts'
import type { Slo } from '../plan/plan.ts'
import { destroy, encode, type Histogram, newHistogram, recordMs } from './histogram.ts'
import {
  CALL_METRICS,
  type CallMetric,
  type CallShape,
  type CallTimes,
  CHUNK_METRICS,
  type ChunkMetric,
  type ChunkTimes,
  CONNECTION_METRICS,
  type ConnectionMetricName,
  concerns,
  EVENT_LOOP_DELAY,
  GC_PAUSE,
  GENERATOR_METRICS,
  HANDSHAKE_METRICS,
  type HandshakeTimes,
  REFUSAL_METRICS,
} from './metrics.ts'
import { type Counts, newCounts, type RoundRecord, type Stalls } from './round-record.ts'
import { TaintedCalls } from './tainted-calls.ts'
import { TimelineRecorder } from './timeline.ts'
import { TracedCallRecorder, type Tracing } from './traced-calls.ts'

/** What the recorder reads of a call that ended: its times, and what is counted. */
export interface EndedCall extends CallTimes, ChunkTimes {
  outcome: Outcome
  measured: boolean
  traceNumber: number
  payloadBytes: number
}

/** What can be seen of the calls that are recorded. */
export interface Visible {
  stamps: Protocol['stamps']
  calls: CallShape
}

/** Where live progress is told; `agent/board.ts`. */
export interface LiveView {
  call(latencyMs: number, failed: boolean): void
}

interface Failures {
  outcome: Outcome
  count: number
  times: Histogram | null
}

/**
 * Distinct errors kept per round, each with a histogram; a server that invents a new one each time is summed up under its
 * class, and one that invents classes (a status, a code of JSON-RPC) under `other`.
 */
const MOST_ERROR_KINDS = 200

/** Turns the stamps of one round's calls into histograms and counts. */
export class Recorder {
  readonly counts: Counts = newCounts()
  readonly #callMetrics: { metric: CallMetric; histogram: Histogram }[]
  readonly #chunkMetrics: { metric: ChunkMetric; histogram: Histogram }[]
  readonly #converses: boolean
  readonly #handshakes = HANDSHAKE_METRICS.map((metric) => ({ metric, histogram: newHistogram() }))
  readonly #connections = new Map(CONNECTION_METRICS.map(({ name }) => [name, newHistogram()]))
  readonly #generator = new Map(GENERATOR_METRICS.map(({ name }) => [name, newHistogram()]))
  readonly #timeline = new TimelineRecorder()
  readonly #tainted = new TaintedCalls()
  readonly #stalls: Stalls = { count: 0, longestMs: 0, longestOwnMs: 0, openCalls: 0 }
  readonly #waits = newHistogram()
  readonly #failures = new Map<string, Failures>()
  readonly #objectives: { value(call: CallTimes): number; atMost: number }[]
  readonly #live: LiveView | null
  readonly #traced: TracedCallRecorder | null
  #fromMs = 0
  #toMs = Number.POSITIVE_INFINITY
  #lastEndMs = 0

  constructor({ stamps, calls }: Visible, slo: Slo[], live: LiveView | null, tracing: Tracing | null = null) {
    const isSeen = (metric: CallMetric | ChunkMetric) =>
      concerns(metric, calls) && metric.needs.every((stamp) => stamps[stamp] !== null)
    this.#callMetrics = CALL_METRICS.filter(isSeen).map((metric) => ({ metric, histogram: newHistogram() }))
    this.#chunkMetrics = CHUNK_METRICS.filter(isSeen).map((metric) => ({ metric, histogram: newHistogram() }))
    this.#converses = calls.converses
    this.#objectives = slo.map(({ metric: name, atMost }) => {
      const metric = CALL_METRICS.find((candidate) => candidate.name === name)
      if (!metric) throw new Error(`no call metric is named ${name}`)
      return { value: metric.value, atMost }
    })
    this.#live = live
    this.#traced = tracing && new TracedCallRecorder(tracing)
  }

  window(fromMs: number, toMs: number): void {
    this.#fromMs = fromMs
    this.#toMs = toMs
    this.#timeline.window(fromMs, toMs)
  }

  call(call: EndedCall): void {
    const { counts } = this
    const failed = !call.outcome.ok
    this.#live?.call(call.endMs - call.plannedMs, failed)
    counts.payloadBytes += call.payloadBytes
    counts.allEnded++
    if (!failed) {
      counts.allSuccesses++
      if (call.endMs >= this.#fromMs && call.endMs <= this.#toMs) {
        counts.endedInWindow++
        counts.tokensInWindow += call.outputTokens
      }
    }
    if (!call.measured) return
    counts.calls++
    if (call.endMs > this.#lastEndMs) this.#lastEndMs = call.endMs
    this.#timeline.call(call.plannedMs, call.endMs - call.plannedMs, failed)
    if (failed) {
      counts.errors++
      if (this.#traced !== null) {
        const { traceNumber, plannedMs, endMs, outcome } = call
        this.#traced.failed(traceNumber, plannedMs, endMs - plannedMs, outcome.class)
      }
      this.#fail(call.outcome, call.endMs - call.plannedMs)
      return
    }
    this.#tainted.ended(call.plannedMs, call.takenMs, call.endMs)
    if (this.#traced !== null) {
      this.#traced.succeeded(call.traceNumber, call.plannedMs, call.endMs - call.plannedMs)
    }
    this.#succeed(call)
  }

  handshake(times: HandshakeTimes): void {
    for (const { metric, histogram } of this.#handshakes) recordMs(histogram, metric.value(times))
  }

  connection(metric: ConnectionMetricName, durationMs: number): void {
    recordMs(this.#connections.get(metric)!, durationMs)
  }

  /** A connection failed that no call had to answer for. */
  connectionFailed(outcome: Outcome): void {
    this.#fail(outcome, null)
  }

  throttled(askedMs: number, isAbsurd: boolean): void {
    this.counts.throttled++
    if (isAbsurd) this.counts.absurdWaits++
    recordMs(this.#waits, askedMs)
  }

  /** A session of an idle load was refused so long after it was asked for, or did not stand for longer. */
  sessionFailed(outcome: Outcome, afterMs: number): void {
    this.#fail(outcome, afterMs)
  }

  interrupted(): void {
    this.counts.interrupted++
  }

  dropped(): void {
    this.counts.dropped++
  }

  missed(): void {
    this.counts.dropped++
    this.counts.missed++
  }

  loopDelay(atMs: number, delayMs: number): void {
    if (atMs >= this.#fromMs) recordMs(this.#generator.get(EVENT_LOOP_DELAY)!, delayMs)
  }

  stall(fromMs: number, toMs: number, cpuMs: number, openCalls: number): void {
    this.#tainted.stall(fromMs, toMs)
    if (toMs < this.#fromMs) return
    this.#stalls.count++
    this.#stalls.longestMs = Math.max(this.#stalls.longestMs, toMs - fromMs)
    this.#stalls.longestOwnMs = Math.max(this.#stalls.longestOwnMs, cpuMs)
    this.#stalls.openCalls += openCalls
  }

  gcPauses(pauses: readonly GcPause[]): void {
    for (const { atMs, durationMs } of pauses) {
      if (atMs >= this.#fromMs) recordMs(this.#generator.get(GC_PAUSE)!, durationMs)
    }
  }

  /** Encodes everything and frees the histograms; the recorder is of no further use. */
  finish(): Pick<RoundRecord, 'histograms' | 'errors' | 'timeline' | 'stalls' | 'traced'> {
    this.counts.tainted = this.#tainted.tainted
    this.counts.delayed = this.#tainted.delayed
    const endMs = Number.isFinite(this.#toMs) ? this.#toMs : this.#lastEndMs
    this.counts.windowMs = Math.max(0, endMs - this.#fromMs)
    const histograms: Record<string, string> = {}
    const take = (name: string, histogram: Histogram) => {
      if (histogram.totalCount > 0) histograms[name] = encode(histogram)
      destroy(histogram)
    }
    for (const { metric, histogram } of this.#callMetrics) take(metric.name, histogram)
    for (const { metric, histogram } of this.#chunkMetrics) {
      if (metric.times === 'gapsMs') this.#timeline.addGapsTo(histogram)
      take(metric.name, histogram)
    }
    for (const { metric, histogram } of this.#handshakes) take(metric.name, histogram)
    for (const [name, histogram] of [...this.#connections, ...this.#generator]) take(name, histogram)
    take(REFUSAL_METRICS[0]!.name, this.#waits)
    const errors = [...this.#failures.values()].map(({ outcome, count, times }) => {
      const timeToFailure = times && encode(times)
      if (times) destroy(times)
      return { outcome, count, timeToFailure }
    })
    const traced = this.#traced?.finish()
    return {
      histograms,
      errors,
      timeline: this.#timeline.finish(),
      stalls: this.#stalls,
      ...(traced && { traced }),
    }
  }

  #succeed(call: EndedCall): void {
    for (const { metric, histogram } of this.#callMetrics) {
      const valueMs = metric.value(call)
      if (!recordMs(histogram, valueMs) && metric.name === 'overhead_time' && valueMs < 0) {
        this.counts.negativeOverheads++
      }
    }
    for (const { metric, histogram } of this.#chunkMetrics) {
      // There are as many gaps as chunks, so each is recorded once: where it fell due, and added up in the end.
      if (metric.times === 'gapsMs') {
        this.#timeline.gaps(call.plannedMs, call.gapsMs, call.gapCount)
        continue
      }
      const [times, count] = [call[metric.times], call[metric.count]]
      for (let index = 0; index < count; index++) recordMs(histogram, times[index]!)
    }
    if (this.#converses && call.answerCount === 0) this.counts.unpaired++
    for (const { value, atMost } of this.#objectives) if (!(value(call) <= atMost)) return
    this.counts.good++
  }

  #fail(outcome: Outcome, afterMs: number | null): void {
    let key = `${outcome.phase} ${outcome.class} ${outcome.code} ${afterMs === null ? 'connection' : 'call'}`
    let told = outcome
    if (!this.#failures.has(key) && this.#failures.size >= MOST_ERROR_KINDS) key = outcome.class
    if (!this.#failures.has(key) && this.#failures.size >= 2 * MOST_ERROR_KINDS) {
      key = ''
      told = { ...outcome, class: 'other', code: '' }
    }
    let failures = this.#failures.get(key)
    if (!failures) {
      failures = { outcome: told, count: 0, times: afterMs === null ? null : newHistogram() }
      this.#failures.set(key, failures)
    }
    failures.count++
    if (failures.times && afterMs !== null) recordMs(failures.times, afterMs)
  }
}
