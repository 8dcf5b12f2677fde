/** From what the load threads recorded to what a result says of a case. */

import type { SessionMemory } from '../agent/session-memory.ts'
import type { Protocol } from '../drivers/driver.ts'
import { protocol } from '../drivers/registry.ts'
import type { Case } from '../plan/plan.ts'
import { isIdle } from '../plan/schedule.ts'
import { streams } from '../plan/streams.ts'
import { hasMetric } from '../plan/thresholds.ts'
import type { Histogram } from '../record/histogram.ts'
import { type CallMetric, type ChunkMetric, TIMING_METRICS } from '../record/metrics.ts'
import { type Counts, newCounts, type RoundRecord } from '../record/round-record.ts'
import type { CaseResult, Distribution, ErrorCount, RoundResult, Summary } from './document.ts'
import { evidenceOf } from './evidence.ts'
import { absentMemory, type IdleEvidence, type IdleSummary, idleSummary, idleVerdict } from './idle.ts'
import { distribution, mergeHistograms, storedDistribution } from './merge.ts'
import { timelineOf } from './timeline.ts'
import { tracesOf } from './traces.ts'
import { caseVerdict } from './verdict.ts'

/** Above this share of failed calls, bytes of broken replies would pass for overhead. */
const MOST_FAILED_SHARE = 0.01
/** Above this share of negative values `overhead_time` says nothing. */
const MOST_NEGATIVE_SHARE = 0.01
/** Above this share of calls without an answer to each message, chance may have paired those of the others. */
const MOST_UNPAIRED_SHARE = 0.01

/** One round as all workers together recorded it. */
export interface RoundEvidence {
  records: RoundRecord[]
  /** CPU time of the server over the round, warm-up included; null where it tells none. */
  serverCpuSeconds: number | null
  /** By how much its memory grew, at its peak; null where it tells none, or nobody asked. */
  serverMemoryGrowthBytes: number | null
  /** Of an idle load, where it was read. */
  sessionMemory?: SessionMemory | null
}

/** Throws where a record's histogram is damaged. */
export function assembleCase(planned: Case, rounds: readonly RoundEvidence[]): CaseResult {
  const everything = rounds.flatMap(({ records }) => records)
  const counts = sumCounts(rounds.map(({ records }) => roundCounts(records)))
  const openCount = openCalls(planned, counts)
  const metrics = trusted(distributions(everything, openCount, storedDistribution), counts)
  const assembled = rounds.map((round) => assembleRound(planned, round))
  const cpu = rounds.map(({ serverCpuSeconds }) => serverCpuSeconds)
  const growths = rounds.flatMap(({ serverMemoryGrowthBytes: bytes }) => bytes ?? [])
  const usage = {
    cpuSeconds: cpu.includes(null) ? null : sum(cpu as number[]),
    memoryGrowthBytes: growths.length > 0 ? Math.max(...growths) : null,
  }
  const idle = idleSummary(planned, rounds.map(idleEvidence))
  const traces = tracesOf(everything)
  return {
    name: planned.name,
    target: planned.target.name,
    interface: planned.target.interface,
    api: planned.target.api,
    kind: streams(planned) ? 'streaming' : 'unary',
    call_kind: protocol(planned.target.interface).kind(planned.target),
    labels: planned.labels,
    load: { ...planned.load },
    verdict: isIdle(planned)
      ? idleVerdict(idle, everything)
      : caseVerdict(evidenceOf(planned, counts, metrics, everything, assembled)),
    summary: { ...summary(planned, counts, usage), ...idle },
    metrics,
    absent: { ...absent(planned, metrics, counts), ...absentMemory(planned, idle) },
    rounds: assembled,
    errors: errors(everything),
    ...(traces && { traces }),
  }
}

export function assembleRound(planned: Case, evidence: RoundEvidence): RoundResult {
  const { records, serverCpuSeconds: cpuSeconds, serverMemoryGrowthBytes: memoryGrowthBytes } = evidence
  const counts = roundCounts(records)
  const metrics = distributions(records, openCalls(planned, counts), distribution)
  return {
    summary: {
      ...summary(planned, counts, { cpuSeconds, memoryGrowthBytes }),
      ...idleSummary(planned, [idleEvidence(evidence)]),
    },
    metrics: trusted(metrics, counts),
    timeline: timelineOf(records.map(({ timeline }) => timeline)),
  }
}

function idleEvidence({ records, sessionMemory = null }: RoundEvidence): IdleEvidence {
  return { counts: roundCounts(records), sessionMemory }
}

/** Calls that could still have been slower than all that ended. Drops that the scenario asked for are none. */
function openCalls({ load }: Case, { interrupted, dropped }: Counts): number {
  return interrupted + (load.overflow === 'queue' ? dropped : 0)
}

interface ServerUse {
  cpuSeconds: number | null
  memoryGrowthBytes: number | null
}

function summary(planned: Case, counts: Counts, server: ServerUse): Omit<Summary, keyof IdleSummary> {
  const seconds = counts.windowMs / 1000
  const rate = (count: number) => (seconds > 0 ? count / seconds : null)
  const due = counts.calls + counts.interrupted + counts.dropped
  const failedShare = counts.calls === 0 ? 1 : counts.errors / counts.calls
  const { load, slo } = planned
  return {
    calls: counts.calls,
    errors: counts.errors,
    interrupted: counts.interrupted,
    dropped: counts.dropped,
    missed: counts.missed,
    tainted: counts.tainted,
    throttled: counts.throttled,
    absurd_waits: counts.absurdWaits,
    duration_s: seconds,
    request_throughput: rate(counts.endedInWindow),
    output_token_throughput: counts.tokensInWindow > 0 ? rate(counts.tokensInWindow) : null,
    throughput_per_core:
      server.cpuSeconds !== null && server.cpuSeconds > 0 ? counts.allSuccesses / server.cpuSeconds : null,
    server_memory_growth: server.memoryGrowthBytes,
    goodput: slo.length > 0 && due > 0 ? counts.good / due : null,
    error_rate: counts.calls > 0 ? counts.errors / counts.calls : null,
    overhead_bytes:
      counts.payloadBytes > 0 && failedShare <= MOST_FAILED_SHARE
        ? counts.wireBytes / counts.payloadBytes - 1
        : null,
    requested_rate: 'ratePerSecond' in load ? load.ratePerSecond : null,
    connections: counts.connections,
    resumed: counts.resumed,
    handshake_bytes: counts.handshakeBytes > 0 ? counts.handshakeBytes / counts.connections : null,
    client_cpu_time:
      load.model === 'closed' && counts.cpuMs > 0 && counts.allEnded > 0
        ? counts.cpuMs / counts.allEnded
        : null,
  }
}

function roundCounts(records: readonly RoundRecord[]): Counts {
  const counts = sumCounts(records.map((record) => record.counts))
  // Workers share one window; their rates add up, so its length must not.
  counts.windowMs = Math.max(0, ...records.map((record) => record.counts.windowMs))
  return counts
}

function sumCounts(parts: readonly Counts[]): Counts {
  const total = newCounts()
  for (const part of parts) {
    for (const key of Object.keys(total) as (keyof Counts)[]) total[key] += part[key]
  }
  return total
}

function distributions(
  records: readonly RoundRecord[],
  openCount: number,
  tell: (histogram: Histogram, openCount: number) => Distribution | null,
): Record<string, Distribution> {
  const told: Record<string, Distribution> = {}
  for (const { name, scope } of TIMING_METRICS) {
    const parts = records.flatMap(({ histograms }) => histograms[name] ?? [])
    if (parts.length === 0) continue
    const distributionOf = mergeHistograms(parts, (histogram) =>
      tell(histogram, scope === 'call' ? openCount : 0),
    )
    if (distributionOf) told[name] = distributionOf
  }
  return told
}

/** Without what too many calls contradict. */
function trusted(metrics: Record<string, Distribution>, counts: Counts): Record<string, Distribution> {
  const contradicted = [
    ...(hasManyNegatives(counts, metrics.overhead_time?.count ?? 0) ? ['overhead_time'] : []),
    ...(hasManyUnpaired(counts) ? ['message_latency'] : []),
  ]
  return Object.fromEntries(Object.entries(metrics).filter(([name]) => !contradicted.includes(name)))
}

function hasManyUnpaired({ unpaired, calls, errors }: Counts): boolean {
  return unpaired > MOST_UNPAIRED_SHARE * (calls - errors)
}

function hasManyNegatives({ negativeOverheads }: Counts, positives: number): boolean {
  return negativeOverheads > MOST_NEGATIVE_SHARE * (negativeOverheads + positives)
}

/** Why a metric that this interface could have is not there. */
function absent(
  planned: Case,
  metrics: Record<string, Distribution>,
  counts: Counts,
): Record<string, string> {
  const reasons: Record<string, string> = {}
  const { stamps } = protocol(planned.target.interface)
  const succeeded = counts.calls > counts.errors
  for (const metric of TIMING_METRICS) {
    if (metric.name in metrics || !hasMetric(planned, metric.name)) continue
    if (metric.scope === 'generator') continue
    const isOfCall = metric.scope === 'call' || metric.scope === 'chunk'
    const hidden = isOfCall ? hiddenStamp(metric, stamps) : undefined
    if (hidden) reasons[metric.name] = `${planned.target.interface} does not show ${hidden}`
    else if (isOfCall && !succeeded) reasons[metric.name] = 'no call succeeded'
    else if (metric.name === 'overhead_time' && counts.negativeOverheads > 0) {
      reasons[metric.name] = 'the server tells more time than the calls took'
    } else reasons[metric.name] = metric.absent
  }
  return reasons
}

function hiddenStamp({ needs }: CallMetric | ChunkMetric, stamps: Protocol['stamps']): string | undefined {
  return needs.find((stamp) => stamps[stamp] === null)
}

function errors(records: readonly RoundRecord[]): ErrorCount[] {
  const kinds = new Map<string, { error: ErrorCount; times: string[] }>()
  for (const { outcome, count, timeToFailure } of records.flatMap((record) => record.errors)) {
    const { phase, class: errorClass, code, sample } = outcome
    const key = `${phase}\n${errorClass}\n${code}\n${timeToFailure === null}`
    let kind = kinds.get(key)
    if (!kind) {
      kind = { error: { phase, class: errorClass, code, count: 0, sample }, times: [] }
      kinds.set(key, kind)
    }
    kind.error.count += count
    if (timeToFailure !== null) kind.times.push(timeToFailure)
  }
  return [...kinds.values()]
    .map(({ error, times }) => {
      const timeToFailure =
        times.length > 0 ? mergeHistograms(times, (histogram) => storedDistribution(histogram)) : null
      return timeToFailure ? { ...error, time_to_failure: timeToFailure } : error
    })
    .sort((a, b) => b.count - a.count)
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
