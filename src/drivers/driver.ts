/**
 * The seam between load, which knows no protocol, and the drivers, which know no load shape.
 *
 * A driver never reads a clock: it tells a probe or a call slot what happened, and they stamp the time. It
 * retries nothing by itself: load owns pools, backoff and timeouts. Everything from `Session.start` to
 * `CallSlot.end` runs once per call at full speed, so it awaits nothing and allocates what it must and no more.
 */

import type { z } from 'zod'
import type { CodecOptions, Dialect } from '../dialects/dialect.ts'
import type { Target, Timeouts, TokenPlace } from '../plan/plan.ts'
import type { RetryAfter } from './retry-after.ts'
import type { SchemaSource } from './schema-source.ts'
import type { TraceIds } from './trace.ts'

/** Who sends how many messages in a call: one each, or a stream from the server, the client, or both. */
export type CallKind = 'unary' | 'server-stream' | 'client-stream' | 'bidi'

/** True where a reply of such a call comes in chunks. */
export function streamsReply(kind: CallKind): boolean {
  return kind === 'server-stream' || kind === 'bidi'
}

/** What must happen before the first call, in this order. `spawn` stands for the transport's where a command is the server; `setup` is the protocol's own. */
export type HandshakePhase = 'spawn' | 'dns' | 'tcp' | 'tls' | 'setup'

export const STAMPS = ['sent', 'encoded', 'written', 'firstByte', 'received', 'decoded', 'lastByte'] as const
export type Stamp = (typeof STAMPS)[number]

/** How a call or a connection ended. Errors are data: counted by class, one sample kept. */
export interface Outcome {
  ok: boolean
  /** Where it went wrong, e.g. `tcp`, `request`, `response`. Empty when ok. */
  phase: string
  /** E.g. `http.503`, `tcp.refused`, `timeout.first_byte`, `decode`. Empty when ok. */
  class: string
  /** The system's or the protocol's own code, e.g. `ECONNREFUSED`, `503`. */
  code: string
  /** What a person reads: one message, kept for the first of its class. */
  sample: string
  /** The server asked for a wait before the next call, or connection. Left out: it did not. */
  retryAfter?: RetryAfter
}

export const SUCCESS: Outcome = Object.freeze({ ok: true, phase: '', class: '', code: '', sample: '' })

/** Longer ones are cut. */
const MOST_CODE_CHARACTERS = 100
const MOST_SAMPLE_CHARACTERS = 1000

export function failure(phase: string, errorClass: string, code: string, sample: string): Outcome {
  // A server chooses some of it, and may choose a megabyte: a code is kept for each kind of error, a sample in results.
  return {
    ok: false,
    phase,
    class: errorClass.slice(0, MOST_CODE_CHARACTERS),
    code: code.slice(0, MOST_CODE_CHARACTERS),
    sample: sample.slice(0, MOST_SAMPLE_CHARACTERS),
  }
}

/** Bytes of the raw socket, below TLS, handshake included. */
export interface ByteCounts {
  read: number
  written: number
}

/** True where the client of such a call may send several messages. */
export function streamsRequest(kind: CallKind): boolean {
  return kind === 'client-stream' || kind === 'bidi'
}

/** All that the other stages know of a protocol. Cheap to import: its library comes with `driver`. */
export interface Protocol<Codec = unknown> {
  name: string
  /** What it is, in a few words. */
  says: string
  /** The schemes of its URLs; the first is the one to show. */
  schemes: readonly [string, ...string[]]
  /** Which of the reference server's addresses is for it: `http` of `${reference.http}`. */
  reference: string
  /** The kinds of calls that it can carry. */
  kinds: readonly CallKind[]
  /** What its requests can carry a token in. Left out: a header. */
  tokenPlaces?: readonly TokenPlace[]
  /** Keys of a target that have a meaning for this protocol, with their defaults; values are plain JSON. */
  options: Readonly<Record<string, z.ZodType>>
  /** What stands for an option in a case's name; the value alone may not say what it is of. */
  optionText(key: string, value: unknown): string
  /** What each stamp means here. Null: it cannot be observed, and what needs it is absent (never 0). */
  stamps: Record<Stamp, string | null>
  /** Whether the dialect is spoken over it. */
  speaks(dialect: Dialect): boolean
  /** Throws `DialectError` for a call that the dialect does not know. */
  kind(target: Target): CallKind
  /** Throws `DialectError` for a target whose sessions cannot stand without calls. Left out: those of any target can. */
  idle?(target: Target): void
  /** The path of a URL that has none. Throws `DialectError` where the target leaves out what it needs. */
  path(target: Target): string
  /** The dialect's work for this protocol. Throws `DialectError` for a payload that cannot be carried. */
  codec(options: CodecOptions): Codec
  /** Where calls are described that neither the API nor the scenario describes. Left out: there is no such thing. */
  schemas?: SchemaSource
  driver(options: DriverOptions<Codec>): Promise<Driver>
  /** A server of this protocol, in this thread, that does nothing but answer calls of its `idleCodec`. */
  idleServer(asked: IdleRequest): Promise<IdleServer>
  /** Sends what this codec sends, and takes what the idle server replies. Another API's replies it cannot read. */
  idleCodec(codec: Codec): Promise<Codec>
}

/** What a TLS server proves itself with. Both PEM. */
export interface Certificate {
  certificate: string
  key: string
}

/** What the do-nothing server stands in for. */
export interface IdleRequest {
  api: string
  /** Of the target's URL, colon included, e.g. `https:`. */
  scheme: string
  options: Target['options']
  kind: CallKind
  /** Null only where the scheme is none of TLS. */
  certificate: Certificate | null
}

export interface IdleServer {
  url: string
  /** Keys of the protocol's own that a target needs to call it, over those that were asked for. */
  options?: Readonly<Record<string, unknown>>
  /** Calls after which there is no more to be gained; left out: as many as for others. */
  calls?: number
  close(): void
}

/**
 * What proves who calls. A token may be renewed while the load runs: `version` then differs from the one that a driver
 * made its request from, which costs one comparison a call. A driver needs nothing else of `auth`.
 */
export interface Credentials {
  readonly version: number
  /** All headers of the target, those that prove who calls among them. */
  readonly headers: Readonly<Record<string, string>>
  /** The target's URL, with a token in its query where the scenario says so. */
  readonly url: string
  /** Subprotocols to offer beside the protocol's own, because they carry a token. */
  readonly subprotocols: readonly string[]
}

export interface DriverOptions<Codec> {
  /** With every `${env:NAME}` filled in. Of its `headers` and `url`, `credentials` has the whole. */
  target: Target
  credentials: Credentials
  codec: Codec
  timeouts: Timeouts
  /** Null where the server is told of no trace. */
  trace: TraceIds | null
}

export interface Driver {
  /** Resolves once calls can start. Rejects with `OpenError`; never later than `timeouts.connectMs`. */
  open(probe: SessionProbe, signal: AbortSignal): Promise<Session>
  /**
   * As `open`, for a session on which no call will start: it holds what a server keeps for a client that is there and
   * asks nothing, such as a stream on which nothing comes. Left out: that is what `open` opens.
   */
  hold?(probe: SessionProbe, signal: AbortSignal): Promise<StandingSession>
  close(): Promise<void>
}

/** Why a session could not be opened. */
export class OpenError extends Error {
  readonly outcome: Outcome

  constructor(outcome: Outcome) {
    super(outcome.sample)
    this.name = 'OpenError'
    this.outcome = outcome
  }
}

/** What a session is as long as no call is made. */
export interface StandingSession {
  /** Of all its connections so far. */
  wireBytes(into: ByteCounts): void
  /**
   * Asks the server whether it still knows the session, of which no call is open. A success, or why it does not. Left
   * out: the connection would have told. Never rejects.
   */
  check?(signal: AbortSignal): Promise<Outcome>
  close(): void
}

/** One connection, or a session that outlives its connections. */
export interface Session extends StandingSession {
  /** Calls it can take now: 1 or 0 on HTTP/1.1, many on HTTP/2, 0 after GOAWAY or loss. */
  capacity(): number
  /** A call whose client streams has sent its first message then, and goes on with `send` and `finish`. */
  start(call: CallSlot): void
  /**
   * `on`: reads no more of the call's reply, until it is called with false or the call ends. What the library has read
   * already may still be told. Where the calls of a connection are one stream, nothing of any of them is read.
   */
  pause(call: CallSlot, on: boolean): void
  /** Ends the call on the wire. The driver makes no further use of the slot, and does not call `end`. */
  cancel(call: CallSlot): void
}

/** A session that can go on over another connection with the calls that were open when its connection was lost. */
export interface ResumableSession extends Session {
  /**
   * Connects again, after `SessionProbe.broken`. Rejects with `OpenError`: load may try again, unless the probe was
   * told that the session is lost. A session that is lost meanwhile closes what comes of it.
   */
  reopen(signal: AbortSignal): Promise<void>
}

/** A session of calls whose client may send several messages: those of the kinds `client-stream` and `bidi`. */
export interface StreamingSession extends Session {
  /** Sends one more message. False: it is taken, and the next one waits for `call.writable()`. */
  send(call: CallSlot): boolean
  /** No further message follows. */
  finish(call: CallSlot): void
}

/** What a driver tells about a session. Each method is a stamp. */
export interface SessionProbe {
  /** The named phase, or a part of it, has just ended (the next one begins). `isResumed`: a TLS session was. */
  phase(name: HandshakePhase, isResumed?: boolean): void
  /** Room for calls came back other than by a call's end. */
  capacityChanged(): void
  /**
   * The session takes no more calls, and those that were open on it have ended by then. `ending` says how it was lost: a
   * success where nobody wants it any more. `isTold` where load need not tell of it: a server may close an idle
   * connection, and calls tell their own end.
   */
  lost(ending: Outcome, isTold: boolean): void
  /**
   * The connection is lost, and calls are open that can go on over another one: load is to `reopen` the session, but
   * not before `afterMs`, which the server wishes. Until then it has no room.
   */
  broken(afterMs: number): void
  /** The server goes on with the calls of a session that was reopened. */
  resumed(): void
  /** A ping of the protocol's own goes out; at most one is under way. */
  ping(): void
  /** The answer to it has come. */
  pong(): void
}

/** What a server said of its own time, in milliseconds. NaN: not told. */
export interface ServerTiming {
  queueMs: number
  computeMs: number
}

/**
 * One call. Pooled by load, handed to the driver from `start` to `end`; every method is a stamp. The driver
 * may keep what it needs in `state`.
 */
export interface CallSlot {
  state: unknown
  /** The trace that the server was told of, in `TraceIds`; 0 where it was told of none. Set by the driver in `start`. */
  traceNumber: number
  /**
   * The request, or a message of it, is encoded: `byteCount` as it goes out, `payloadBytes` of native tensors or UTF-8
   * text in it.
   */
  encoded(byteCount: number, payloadBytes: number): void
  /** Handed to the socket in full. */
  written(): void
  /** There is room for a message again. */
  writable(): void
  /** The reply's first byte, as early as the library shows it. */
  firstByte(): void
  /** A chunk has arrived and is not yet decoded. */
  received(): void
  /** `tokens` of output and `payloadBytes` of content were read from what was received last. No stamp: often called. */
  content(tokens: number, payloadBytes: number): void
  /** What was received last is decoded, all of it. */
  decoded(): void
  /** The server's own count of output tokens, which replaces the count of chunks. */
  tokens(total: number): void
  lastByte(): void
  server(timing: ServerTiming): void
  /** After decoding. The slot is no longer the driver's. */
  end(outcome: Outcome): void
}
