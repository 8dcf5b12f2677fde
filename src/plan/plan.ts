/**
 * A plan is a scenario with everything resolved: defaults applied, `vary` expanded, seeds fixed.
 * It is plain JSON, so that it crosses threads and machines and stands in the result as it ran.
 *
 * Free texts (`url`, headers, credentials, payload texts) keep their `${env:NAME}` templates; the agent
 * fills them in from its own environment (`scenario/environment.ts`) just before it opens connections.
 * So no secret is ever part of a plan, and none can reach a result.
 */

import type { Datatype } from '../dialects/datatypes.ts'

/** A name in `drivers/registry.ts`. */
export type InterfaceName = string
/** A name in `dialects/registry.ts`. */
export type Api = string

export type TlsVersion = '1.2' | '1.3'

interface TlsOptions {
  /** PEM file, absolute. */
  ca: string | null
  cert: string | null
  key: string | null
  servername: string | null
  /** Left out: what Node allows, TLS 1.2 and 1.3. */
  minVersion?: TlsVersion
  maxVersion?: TlsVersion
  /** False only where the scenario turns verification off; the tables then say so. */
  verify: boolean
}

/** Where a token is to be had by OAuth 2.0's client credentials (RFC 6749, section 4.4). Texts may hold `${env:NAME}`. */
export interface OAuth2 {
  tokenUrl: string
  clientId: string
  clientSecret: string
  scope: string | null
  audience: string | null
  /** How the client proves itself to the token endpoint: HTTP Basic, or in the form that it sends. */
  clientAuth: 'basic' | 'body'
}

/** What a protocol's requests can carry a token in. */
export type TokenPlace = 'header' | 'query' | 'subprotocol'

/** What proves who calls, where it is not one of the headers as it stands. */
export interface Token {
  /** The token, which may hold `${env:NAME}`, or where it is to be had. */
  source: string | OAuth2
  in: TokenPlace
  /** The parameter's name in the query, or what the token is preceded by elsewhere: `Bearer `. */
  as: string
}

export interface Target {
  name: string
  interface: InterfaceName
  api: Api
  /** Absolute, with the dialect's own path where the scenario gave none. May hold `${env:NAME}`. */
  url: string
  model: string | null
  /** Lower-case names; auth included, but for `token`. Values may hold `${env:NAME}`. */
  headers: Record<string, string>
  /** Left out where nothing proves who calls, or `headers` do. */
  token?: Token
  tls: TlsOptions
  /**
   * `reused`: connections stay open for the round; `cold`: a new one for each call; `resumed`: a new one for each call,
   * with its TLS session resumed.
   */
  connection: 'reused' | 'cold' | 'resumed'
  /** Which of its name's addresses are used. Left out: all, in the order in which the system tells them. */
  family?: 4 | 6
  /** Of the server, where it is a process of this machine and the scenario says so: what it uses is read from the system. */
  pid?: number
  /** What has a meaning for this interface alone, as `Protocol.options` describes it; plain JSON. */
  options: Readonly<Record<string, unknown>>
}

export type TensorEncoding = 'json' | 'base64' | 'binary' | 'multipart'

interface PayloadSettings {
  encoding: TensorEncoding
  batch: number
  seed: number
  label: string
  /** How many messages a call sends whose client streams, and how far apart. Left out: one. */
  messages?: number
  messageIntervalMs?: number
}

/** What is sent. Exactly one of the forms; made from `seed`. */
export type Payload = PayloadSettings &
  /** What a tensor of it is called and made of, where the scenario says so; `shape` has the place of rows. */
  (
    | { form: 'size'; byteCount: number; tensor?: string; datatype?: Datatype; shape?: number[] }
    /** `ignoreEos`: the server is to go on to `outputTokens` even if the model has finished (vLLM's `ignore_eos`). */
    | { form: 'tokens'; promptTokens: number; outputTokens: number; ignoreEos: boolean }
    | { form: 'text'; text: string; outputTokens: number; ignoreEos: boolean }
    | { form: 'json'; json: unknown }
    /** Absolute path; read by the agent. */
    | { form: 'file'; path: string }
    | { form: 'none' }
  )

export interface Stage {
  /** Arrivals per second reached, linearly, at the end of the stage. */
  ratePerSecond: number
  durationMs: number
}

type Arrivals =
  | { model: 'closed'; concurrency: number }
  | { model: 'constant'; ratePerSecond: number }
  | { model: 'poisson'; ratePerSecond: number; seed: number }
  | { model: 'ramp'; startRatePerSecond: number; stages: Stage[] }

/** The highest rate at which a statistic stays at or below a limit: looked for first, then measured. */
interface Objective {
  /** A timing metric, in ms. */
  metric: string
  statistic: string
  below: number
}

interface SearchArrivals {
  model: 'search'
  objective: Objective
  startRatePerSecond: number
  /** Null: as far as server and generator go. */
  maxRatePerSecond: number | null
  /** The search ends when the lowest rate that is too high is at most this share above the one that holds. */
  precision: number
}

/** Sessions that are opened, stand for the length of the window without a call, and are closed. */
interface Idle {
  model: 'idle'
  sessions: number
  /** Handshakes that are under way at once. */
  concurrency: number
}

/** What happens to an arrival that finds no session with room. */
export type Overflow = 'queue' | 'drop' | 'abort'

export type Load = (Arrivals | SearchArrivals | Idle) & LoadSettings

interface LoadSettings {
  /** Left out of the measurement; told by planned start. Of an idle load: how long it settles before memory is read. */
  warmupMs: number
  /** Length of the measured window. Null where `calls` ends it. */
  durationMs: number | null
  /** Measured calls of a round, over all workers. Null where `durationMs` ends it. */
  calls: number | null
  overflow: Overflow
  /** Sessions at most. Null: as many as the concurrency needs; in an open loop, grown on demand to 256. */
  connections: number | null
}

/** In milliseconds; null: none of its own (`total` bounds everything). */
export interface Timeouts {
  connectMs: number
  firstByteMs: number | null
  idleMs: number | null
  totalMs: number
}

/** A service level objective: a call that meets all of them counts as goodput. */
export interface Slo {
  metric: string
  /** In the metric's own unit (ms). */
  atMost: number
}

/** A slow consumer, on purpose: after so many chunks of a stream it reads nothing of it for so long. */
export interface Reader {
  every: number
  pauseMs: number
}

export interface Case {
  /** Unique within the plan, short enough for a table's first column. */
  name: string
  target: Target
  /** What tells this case from its siblings: scenario key to its text, e.g. `payload.size: 1KiB`. */
  labels: Record<string, string | number>
  payload: Payload
  load: Load
  rounds: number
  timeouts: Timeouts
  slo: Slo[]
  /** What is done about a server that asks for a wait. Left out: it is counted, and the load goes on. */
  retryAfter?: 'obey'
  /** Left out: what comes is read as it comes. */
  reader?: Reader
  /** Whether its floor is measured. Left out: where that costs little. */
  floor?: 'on' | 'off'
}

export interface Threshold {
  /** As the user wrote it, e.g. `rest: request_latency.p99 < 50ms`. */
  says: string
  /** Case names it applies to (never empty). */
  cases: string[]
  /** `metric.statistic` for timing metrics, else a metric name of the summary. */
  metric: string
  statistic: string | null
  operator: '<' | '<=' | '>' | '>='
  /** In the metric's unit (ms, per second, share); of one that is held against a baseline, how much more (or less) than it. */
  limit: number
  /** What `limit` is added to: the baseline's value, or, as a share of it, that. Left out: nothing. */
  beside?: 'baseline' | 'share'
  /** The run ends with the first round after which it does not hold. */
  abortOnFail?: true
}

/** What somebody says of numbers, to be held against those that are measured. It never fails a run. */
export type Claim = {
  says: string
  /** Where it is said, e.g. the section of a document. */
  place?: string
  /** What is most likely the cause where it does not hold. */
  because?: string
} & (ClaimedNumber | { cannot: string })

export interface ClaimedNumber {
  metric: string
  statistic: string | null
  /** As the scenario has it. */
  expect: string
  /** In the metric's unit, or as a ratio of two cases; null: no bound on this side. */
  low: number | null
  high: number | null
  /** The cases that it is about; with `over`, it is about the ratio of the two. */
  pairs: { of: string; over: string | null }[]
}

export type ReportView = 'cases' | 'matrix' | 'advice'

/** Two targets whose cases are run in turns and held against each other. */
export interface SideBySide {
  baseline: string
  candidate: string
  /** E.g. `request_latency.p99`, with the smallest change that matters. Empty: what is compared by default. */
  metrics: { name: string; smallest: number }[]
  minRounds: number
}

export interface Plan {
  name: string
  description: string | null
  seed: number
  server: 'reference' | null
  /** What `run` prints: the tables of its cases, or the performance matrix. */
  report: ReportView
  /** Left out: nothing is compared. */
  compare?: SideBySide
  cases: Case[]
  thresholds: Threshold[]
  /** Left out: nothing is claimed. */
  claims?: Claim[]
}
