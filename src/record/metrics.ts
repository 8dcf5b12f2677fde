/**
 * Every metric there is: one row each, with its name, unit, definition, direction, and how it is computed.
 * The recorder, the result, the thresholds, the reports and `docs/metrics.md` all read these rows; a new
 * metric is one more row.
 */

import type { HandshakePhase, Stamp } from '../drivers/driver.ts'

/** The times of one call, in milliseconds of the load thread's clock. NaN: not observed. */
export interface CallTimes {
  plannedMs: number
  takenMs: number
  sentMs: number
  encodedMs: number
  writtenMs: number
  firstByteMs: number
  /** When the first, and when the last, chunk with content had been received. */
  firstContentMs: number
  lastContentMs: number
  lastByteMs: number
  endMs: number
  /** Duration of all decoding. */
  decodeMs: number
  /** Output tokens; 0 where there are none. */
  outputTokens: number
  /** Told by the server. */
  serverQueueMs: number
  serverComputeMs: number
}

/** What a stream's chunks took, in milliseconds; of each list, the first values are this call's. */
export interface ChunkTimes {
  /** From one chunk with content to the next. */
  gapsMs: Float64Array
  gapCount: number
  /** From each message that the client sent to the chunk that answers it. None where they are not as many. */
  answersMs: Float64Array
  answerCount: number
}

/** The phases of one handshake, as durations in milliseconds. NaN: the phase did not happen. */
export type HandshakeTimes = Record<`${HandshakePhase}Ms` | 'totalMs', number>

type Direction = 'lower is better' | 'higher is better' | 'neither'

interface Row {
  name: string
  /** What a person reads in a table's head. */
  title: string
  definition: string
  direction: Direction
}

interface TimingRow extends Row {
  unit: 'ms'
  /** Why a result may be without it, where no stamp is hidden and calls succeeded. */
  absent: string
}

/** A duration of a call: an HDR histogram with one value a call. */
export interface CallMetric extends TimingRow {
  scope: 'call'
  /** Stamps it cannot do without, besides `planned`, `taken` and `end`, which load makes itself. */
  needs: readonly Stamp[]
  /** The calls that it has a meaning for. */
  calls: 'all' | 'unary' | 'streaming'
  /** In ms; NaN where this call does not show it. */
  value(call: CallTimes): number
}

/** A duration of a chunk, or of a gap between two: an HDR histogram with the values of all streams. */
export interface ChunkMetric extends TimingRow {
  scope: 'chunk'
  needs: readonly Stamp[]
  /** The calls that it has a meaning for; `bidi`: those whose client sends several messages and gets chunks. */
  calls: 'streaming' | 'bidi'
  times: 'gapsMs' | 'answersMs'
  count: 'gapCount' | 'answerCount'
}

/** A duration of a handshake: an HDR histogram with one value for each connection opened. */
export interface HandshakeMetric extends TimingRow {
  scope: 'handshake'
  value(handshake: HandshakeTimes): number
}

/** A duration in a connection's life: an HDR histogram with one value each time that it happens. */
interface ConnectionMetric extends TimingRow {
  scope: 'connection'
}

/** What kept a load thread from its work: an HDR histogram with one value each time that it was looked at, or happened. */
interface GeneratorMetric extends TimingRow {
  scope: 'generator'
}

/** What a refusal asks for: an HDR histogram with one value for each that does. */
interface RefusalMetric extends TimingRow {
  scope: 'refusal'
}

/** One number for a round: a rate, a share, a ratio or a mean. */
export interface RoundMetric extends Row {
  unit: 'per second' | 'share' | 'ratio' | 'ms' | 'bytes'
  scope: 'round'
  /** Of loads that make calls, or of those whose sessions stand idle. Left out: of both. */
  loads?: 'calling' | 'idle'
}

export type TimingMetric =
  | CallMetric
  | ChunkMetric
  | HandshakeMetric
  | ConnectionMetric
  | GeneratorMetric
  | RefusalMetric
export type Metric = TimingMetric | RoundMetric

const LOWER = 'lower is better'
const HIGHER = 'higher is better'

export const CALL_METRICS: readonly CallMetric[] = [
  {
    name: 'request_latency',
    title: 'request latency',
    unit: 'ms',
    absent: 'no call succeeded',
    scope: 'call',
    direction: LOWER,
    needs: [],
    calls: 'all',
    definition:
      'planned start -> end. The headline: it counts from the moment the call was due, so waiting behind a slow server is in it (no coordinated omission). A cold call’s includes its handshake.',
    value: (call) => call.endMs - call.plannedMs,
  },
  {
    name: 'service_time',
    title: 'service time',
    unit: 'ms',
    absent: 'no call succeeded',
    scope: 'call',
    direction: LOWER,
    needs: ['sent'],
    calls: 'all',
    definition: 'sent -> end: from the moment a connection had room, without the handshake.',
    value: (call) => call.endMs - call.sentMs,
  },
  {
    name: 'dispatch_delay',
    title: 'dispatch delay',
    unit: 'ms',
    absent: 'no call succeeded',
    scope: 'call',
    direction: LOWER,
    needs: [],
    calls: 'all',
    definition:
      'planned start -> the load thread turned to the call. The generator’s own lateness, and the only lateness that the verdict reads.',
    value: (call) => call.takenMs - call.plannedMs,
  },
  {
    name: 'connection_wait',
    title: 'connection wait',
    unit: 'ms',
    absent: 'no call succeeded',
    scope: 'call',
    direction: LOWER,
    needs: ['sent'],
    calls: 'all',
    definition:
      'taken -> sent: waiting for a connection with room. A slow server, or too few connections. On cold connections, the handshake. In an open loop with `retry_after: obey`, the waits that the server asked for, too.',
    value: (call) => call.sentMs - call.takenMs,
  },
  {
    name: 'serialize',
    title: 'serialize',
    unit: 'ms',
    absent: 'no call succeeded',
    scope: 'call',
    direction: LOWER,
    needs: ['sent', 'encoded'],
    calls: 'all',
    definition:
      'sent -> encoded: turning the payload into the request body, compression included; the first message of a call whose client streams.',
    value: (call) => call.encodedMs - call.sentMs,
  },
  {
    name: 'request_send',
    title: 'request send',
    unit: 'ms',
    absent: 'the server replied before it had the whole request',
    scope: 'call',
    direction: LOWER,
    needs: ['encoded', 'written'],
    calls: 'all',
    definition: 'encoded -> written: handing the request to the socket in full.',
    value: (call) => call.writtenMs - call.encodedMs,
  },
  {
    name: 'request_wait',
    title: 'request wait',
    unit: 'ms',
    absent: 'the server replied before it had the whole request',
    scope: 'call',
    direction: LOWER,
    needs: ['written', 'firstByte'],
    calls: 'all',
    definition: 'written -> first byte of the reply.',
    value: (call) => call.firstByteMs - call.writtenMs,
  },
  {
    name: 'response_receive',
    title: 'response receive',
    unit: 'ms',
    absent: 'no reply ended',
    scope: 'call',
    direction: LOWER,
    needs: ['firstByte', 'lastByte'],
    calls: 'all',
    definition: 'first byte -> last byte of the reply.',
    value: (call) => call.lastByteMs - call.firstByteMs,
  },
  {
    name: 'deserialize',
    title: 'deserialize',
    unit: 'ms',
    absent: 'no reply had a body',
    scope: 'call',
    direction: LOWER,
    needs: ['received', 'decoded'],
    calls: 'all',
    definition:
      'Decoding, summed over the call: the reply, or each piece of a stream from received to decoded.',
    value: (call) => call.decodeMs,
  },
  {
    name: 'time_to_first_token',
    title: 'time to first token',
    unit: 'ms',
    absent: 'no chunk had content',
    scope: 'call',
    direction: LOWER,
    needs: ['sent', 'received', 'decoded'],
    calls: 'streaming',
    definition: 'sent -> the first chunk with content was received.',
    value: (call) => call.firstContentMs - call.sentMs,
  },
  {
    name: 'inter_token_latency',
    title: 'inter-token latency',
    unit: 'ms',
    absent: 'no reply had two tokens',
    scope: 'call',
    direction: LOWER,
    needs: ['received', 'decoded', 'lastByte'],
    calls: 'streaming',
    definition: '(last byte - first token) / (tokens - 1), one value a call, as AIPerf defines it.',
    value: (call) =>
      call.outputTokens > 1 ? (call.lastByteMs - call.firstContentMs) / (call.outputTokens - 1) : Number.NaN,
  },
  {
    name: 'time_per_output_token',
    title: 'time per output token',
    unit: 'ms',
    absent: 'no reply had two tokens',
    scope: 'call',
    direction: LOWER,
    needs: ['received', 'decoded'],
    calls: 'streaming',
    definition: '(last token - first token) / (tokens - 1), one value a call, as vLLM defines it.',
    value: (call) =>
      call.outputTokens > 1
        ? (call.lastContentMs - call.firstContentMs) / (call.outputTokens - 1)
        : Number.NaN,
  },
  {
    name: 'server_queue',
    title: 'server queue',
    unit: 'ms',
    absent: 'the server tells no queueing time',
    scope: 'call',
    direction: LOWER,
    needs: [],
    calls: 'all',
    definition:
      'The queueing time the server told (`Server-Timing: queue;dur=`). Absent where it tells none.',
    value: (call) => call.serverQueueMs,
  },
  {
    name: 'server_compute',
    title: 'server compute',
    unit: 'ms',
    absent: 'the server tells no computing time',
    scope: 'call',
    direction: LOWER,
    needs: [],
    calls: 'all',
    definition:
      'The computing time the server told (`Server-Timing: compute;dur=`). Absent where it tells none.',
    value: (call) => call.serverComputeMs,
  },
  {
    name: 'overhead_time',
    title: 'overhead time',
    unit: 'ms',
    absent: 'the server does not tell its own time',
    scope: 'call',
    direction: LOWER,
    needs: ['sent'],
    calls: 'unary',
    definition:
      'service_time - server_queue - server_compute, per call: what the interface costs. Durations, so the clocks need not agree. Negative values are counted and left out; above 1% of them the metric is absent.',
    value: (call) => call.endMs - call.sentMs - call.serverQueueMs - call.serverComputeMs,
  },
]

export const CHUNK_METRICS: readonly ChunkMetric[] = [
  {
    name: 'inter_chunk_latency',
    title: 'inter-chunk latency',
    unit: 'ms',
    absent: 'no reply had two chunks with content',
    scope: 'chunk',
    direction: LOWER,
    needs: ['received'],
    calls: 'streaming',
    times: 'gapsMs',
    count: 'gapCount',
    definition:
      'Every gap between two chunks with content of a stream, pooled over all streams, from received to received. Zero is a legal value: two chunks can arrive in one packet.',
  },
  {
    name: 'message_latency',
    title: 'message latency',
    unit: 'ms',
    absent: 'replies had not as many chunks with content as there were messages',
    scope: 'chunk',
    direction: LOWER,
    needs: ['sent', 'received'],
    calls: 'bidi',
    times: 'answersMs',
    count: 'answerCount',
    definition:
      'The nth message of a call was sent (before it is encoded) -> the nth chunk with content of its reply was received: how long a server takes that answers each message with one. A message that had to wait for room on its connection counts from when it was due. Only where a call has `messages`, and only where its chunks are as many: calls of which that is not true are left out, and above 1% of them the metric is absent.',
  },
]

export const HANDSHAKE_METRICS: readonly HandshakeMetric[] = [
  {
    name: 'process_spawn',
    title: 'process spawn',
    unit: 'ms',
    absent: 'the target is no command',
    scope: 'handshake',
    direction: LOWER,
    definition:
      'Making the process of a target that is a command. How long the program then takes to begin is in `protocol_setup`.',
    value: (handshake) => handshake.spawnMs,
  },
  {
    name: 'dns_lookup',
    title: 'DNS lookup',
    unit: 'ms',
    absent: 'the URL names an IP address',
    scope: 'handshake',
    direction: LOWER,
    definition: 'Resolving the host name with the system’s resolver. Absent for an IP address.',
    value: (handshake) => handshake.dnsMs,
  },
  {
    name: 'tcp_connect',
    title: 'TCP connect',
    unit: 'ms',
    absent: 'no connection was opened, or the target is a command',
    scope: 'handshake',
    direction: LOWER,
    definition: 'From the first SYN until the connection is established: one round trip.',
    value: (handshake) => handshake.tcpMs,
  },
  {
    name: 'tls_handshake',
    title: 'TLS handshake',
    unit: 'ms',
    absent: 'the URL is in clear text',
    scope: 'handshake',
    direction: LOWER,
    definition: 'From the ClientHello until the session is secure and its certificate verified.',
    value: (handshake) => handshake.tlsMs,
  },
  {
    name: 'protocol_setup',
    title: 'protocol setup',
    unit: 'ms',
    absent: 'the protocol has no setup of its own',
    scope: 'handshake',
    direction: LOWER,
    definition: 'The protocol’s own setup after the transport’s. Absent where there is none.',
    value: (handshake) => handshake.setupMs,
  },
  {
    name: 'handshake',
    title: 'handshake',
    unit: 'ms',
    absent: 'no connection was opened',
    scope: 'handshake',
    direction: LOWER,
    definition: 'All of the phases together, from the decision to connect until calls can start.',
    value: (handshake) => handshake.totalMs,
  },
]

/** How load names what it measures of a connection. */
export type ConnectionMetricName = 'ping_rtt' | 'reconnect_time' | 'resume_time'

export const CONNECTION_METRICS: readonly (ConnectionMetric & { name: ConnectionMetricName })[] = [
  {
    name: 'ping_rtt',
    title: 'ping round trip',
    unit: 'ms',
    absent: 'no ping was sent',
    scope: 'connection',
    direction: LOWER,
    definition:
      'A ping of the protocol’s own was handed to the socket -> its answer came: what the way there and back costs without a call. Only where the target says `ping_interval`.',
  },
  {
    name: 'reconnect_time',
    title: 'reconnect',
    unit: 'ms',
    absent: 'no connection was lost',
    scope: 'connection',
    direction: LOWER,
    definition:
      'A connection was lost -> another one stands in its place, handshake and backoff included. A server that closes a connection after each call has one for each.',
  },
  {
    name: 'resume_time',
    title: 'resume',
    unit: 'ms',
    absent: 'no session was resumed',
    scope: 'connection',
    direction: LOWER,
    definition:
      'A connection was lost -> the server goes on, over another one, with the calls that were open on it. Only where the target says `resume`.',
  },
]

export const EVENT_LOOP_DELAY = 'event_loop_delay'
export const GC_PAUSE = 'gc_pause'

export const GENERATOR_METRICS: readonly GeneratorMetric[] = [
  {
    name: EVENT_LOOP_DELAY,
    title: 'event-loop delay',
    unit: 'ms',
    absent: 'the round was too short',
    scope: 'generator',
    direction: LOWER,
    definition:
      'How late a timer of the load thread fired that looks every 5 ms. Timers are up to a millisecond late by nature; a longer delay is time for which nothing could be sent or read.',
  },
  {
    name: GC_PAUSE,
    title: 'GC pause',
    unit: 'ms',
    absent: 'no garbage was collected',
    scope: 'generator',
    direction: LOWER,
    definition: 'A pause of the load thread for the garbage collector, as Node tells it.',
  },
]

export const REFUSAL_METRICS: readonly RefusalMetric[] = [
  {
    name: 'retry_after',
    title: 'asked to wait',
    unit: 'ms',
    absent: 'no refusal asked for a wait',
    scope: 'refusal',
    direction: LOWER,
    definition:
      'The wait that the server asked for when it refused a call or a connection: `Retry-After`, `grpc-retry-pushback-ms`, `google.rpc.RetryInfo`, or the API’s own field. It is what was asked for, whether or not it was kept (`retry_after`).',
  },
]

export const ROUND_METRICS: readonly RoundMetric[] = [
  {
    name: 'request_throughput',
    title: 'requests/s',
    unit: 'per second',
    scope: 'round',
    loads: 'calling',
    direction: HIGHER,
    definition:
      'Successful calls that ended inside the measured window, per second of it; those that began in the warm-up included, so that a window of long calls is not undercounted.',
  },
  {
    name: 'output_token_throughput',
    title: 'output tokens/s',
    unit: 'per second',
    scope: 'round',
    loads: 'calling',
    direction: HIGHER,
    definition: 'Output tokens of successful calls per second of the same time.',
  },
  {
    name: 'goodput',
    title: 'goodput',
    unit: 'share',
    scope: 'round',
    loads: 'calling',
    direction: HIGHER,
    definition:
      'Share of calls that met every `slo`; errors, interrupted and dropped calls are in the denominator.',
  },
  {
    name: 'error_rate',
    title: 'error rate',
    unit: 'share',
    scope: 'round',
    loads: 'calling',
    direction: LOWER,
    definition: 'Share of ended calls that failed.',
  },
  {
    name: 'overhead_bytes',
    title: 'overhead bytes',
    unit: 'ratio',
    scope: 'round',
    loads: 'calling',
    direction: LOWER,
    definition:
      'Raw socket bytes / payload bytes - 1, both directions, handshakes left out. The payload is native tensor bytes or UTF-8 text; the socket is read beneath TLS.',
  },
  {
    name: 'handshake_bytes',
    title: 'handshake bytes',
    unit: 'bytes',
    scope: 'round',
    direction: LOWER,
    definition:
      'Raw socket bytes of a handshake, both directions, mean over the connections opened: what resuming a TLS session saves. TLS 1.3 sends tickets after the handshake; they count where they come before the first call.',
  },
  {
    name: 'client_cpu_time',
    title: 'client CPU',
    unit: 'ms',
    scope: 'round',
    loads: 'calling',
    direction: LOWER,
    definition:
      'CPU time of the load threads per call, handshakes and warm-up included: what a call costs this client. Absent in an open loop, where a load thread also polls the clock, and where Node does not tell it (before 23.9).',
  },
  {
    name: 'throughput_per_core',
    title: 'requests/s per server core',
    unit: 'per second',
    scope: 'round',
    loads: 'calling',
    direction: HIGHER,
    definition:
      'Calls per CPU second that the server spent: the bundled one as it tells itself, its front end without its models; any other that runs on this machine as the system tells of the process that the target names (`pid`), with those that it has started, in steps of 10 ms each.',
  },
  {
    name: 'server_memory_growth',
    title: 'server memory growth',
    unit: 'bytes',
    scope: 'round',
    loads: 'calling',
    direction: LOWER,
    definition:
      'By how much the server’s resident memory (as the bundled one tells itself, or the system of the process that the target names with `pid`) lay above what it held before the round, at its peak. Of targets that a case reads slowly (`reader`): what a server keeps for such a reader is in it, and what its garbage collector has not taken yet. It is asked five times a second.',
  },
  {
    name: 'session_loss',
    title: 'sessions lost',
    unit: 'share',
    scope: 'round',
    loads: 'idle',
    direction: LOWER,
    definition: 'Share of an idle load’s sessions that did not stand at its end: refused, lost, or expired.',
  },
  {
    name: 'server_memory_per_session',
    title: 'server memory a session',
    unit: 'bytes',
    scope: 'round',
    loads: 'idle',
    direction: LOWER,
    definition:
      'Resident memory of the server with all sessions of an idle load standing, less what it was before, by their number; the median of several readings on either side. Absent where nobody tells it: the bundled server does, of any other one its process has to be named (`pid`). Memory that a server has and does not use hides what sessions take, and so does garbage that it has not collected; the bundled server is started anew for each round, and asked to collect its own first.',
  },
  {
    name: 'client_memory_per_session',
    title: 'client memory a session',
    unit: 'bytes',
    scope: 'round',
    loads: 'idle',
    direction: LOWER,
    definition:
      'The same of the processes in which the sessions’ other ends stand, which have done nothing else and collect their garbage first: what a client in JavaScript with the same library takes.',
  },
]

export const TIMING_METRICS: readonly TimingMetric[] = [
  ...CALL_METRICS,
  ...CHUNK_METRICS,
  ...HANDSHAKE_METRICS,
  ...CONNECTION_METRICS,
  ...GENERATOR_METRICS,
  ...REFUSAL_METRICS,
]
export const METRICS: readonly Metric[] = [...TIMING_METRICS, ...ROUND_METRICS]

/** What the calls of a case are, as far as metrics ask. */
export interface CallShape {
  /** Replies come in chunks. */
  streams: boolean
  /** And the client sends several messages for them. */
  converses: boolean
}

/** True where the metric has a meaning for such calls. */
export function concerns(metric: Metric, { streams, converses }: CallShape): boolean {
  if (!('calls' in metric) || metric.calls === 'all') return true
  if (metric.calls === 'bidi') return converses
  return (metric.calls === 'streaming') === streams
}

/** True where the metric has a meaning for such loads: those whose sessions stand idle make no calls. */
export function concernsLoad(metric: Metric, isIdle: boolean): boolean {
  if (metric.scope === 'round') return metric.loads === undefined || (metric.loads === 'idle') === isIdle
  return !isIdle || (metric.scope !== 'call' && metric.scope !== 'chunk')
}

/** The statistics that a timing metric has in results and thresholds. */
export const STATISTICS = [
  'min',
  'mean',
  'max',
  'stddev',
  'p50',
  'p75',
  'p90',
  'p95',
  'p99',
  'p99_9',
] as const
export type Statistic = (typeof STATISTICS)[number]

/** Percentile statistics and what they ask of a histogram. */
export const PERCENTILES: Readonly<Record<'p50' | 'p75' | 'p90' | 'p95' | 'p99' | 'p99_9', number>> = {
  p50: 50,
  p75: 75,
  p90: 90,
  p95: 95,
  p99: 99,
  p99_9: 99.9,
}

export function metricByName(name: string): Metric | undefined {
  return METRICS.find((metric) => metric.name === name)
}
