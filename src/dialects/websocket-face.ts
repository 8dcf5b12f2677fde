import type { CallKind } from '../drivers/driver.ts'
import type { CodecOptions, Content } from './dialect.ts'

/** A dialect over WebSocket: messages of many calls on one session. */
export interface WebSocketFace {
  /** The path that the convention prescribes, for a URL that has none. */
  path: string
  /** By name; the first is the one that is called where the target names none. Null: the target says the kind. */
  methods: Readonly<Record<string, { kind: CallKind }>> | null
  /** How a session goes on over another connection. Null: it ends with its connection. */
  resume: WebSocketResume | null
  /** Throws `DialectError` for a payload that the method cannot carry. */
  codec(options: CodecOptions, method: string): WebSocketCodec
}

interface WebSocketResume {
  /** What a URL's query has in it to ask for the session. */
  query(session: string): Readonly<Record<string, string>>
  /** Asks for what follows in a stream. `last`: the index of the last message that has come of it, -1 for none. */
  message(id: number, last: number): Uint8Array
}

/** Work that every message repeats, so what it costs is what the interface costs: nothing is cached here. */
export interface WebSocketCodec {
  /** Native tensor bytes or UTF-8 text bytes in each message that is sent. */
  payloadBytes: number
  /** True where messages go out in binary frames. */
  isBinary: boolean
  /** One message of the call, which is named by a number that no other call on the connection has. */
  encode(id: number): Uint8Array
  /**
   * The call that a message is about, or -1 for a message about none. Throws `DecodeError`. Null: messages name no
   * call, and belong to calls in the order in which these were sent.
   */
  callOf: ((message: Buffer, isBinary: boolean) => number) | null
  /** Reads a message about a call. Throws `DecodeError`. */
  read(message: Buffer, isBinary: boolean, into: WebSocketReply): void
  /**
   * Reads a message about no call that it names: what it tells of the session, or an error of some call's. Null: such
   * messages are ignored.
   */
  aside: ((message: Buffer, isBinary: boolean, into: WebSocketReply) => void) | null
  /** What tells the server that no further message of the call follows. Null: nothing does. */
  finish: ((id: number) => Uint8Array) | null
  /** What tells the server that the rest of a reply is not wanted. Null: nothing does. */
  cancel: ((id: number) => Uint8Array) | null
}

/** What a message held. One object is reused for all messages; `clearReply` resets it. */
export interface WebSocketReply extends Content {
  /** The server's code for why the call failed; empty where it did not. */
  errorCode: string
  errorMessage: string
  /** How long the server asks to be left alone, in ms; NaN where that cannot be read, null where it does not ask. */
  retryAfterMs: number | null
  /** What the server tells of its own time, in ms; NaN where it told none. */
  queueMs: number
  computeMs: number
  /** Which message of its stream it is; -1 where that is not told. */
  index: number
  /** What the session is asked for with later; empty where it is not told. */
  session: string
  /** It is a session that has gone on. */
  isResumed: boolean
}

export function newReply(): WebSocketReply {
  return {
    tokens: 0,
    payloadBytes: 0,
    totalTokens: -1,
    done: false,
    errorCode: '',
    errorMessage: '',
    retryAfterMs: null,
    queueMs: Number.NaN,
    computeMs: Number.NaN,
    index: -1,
    session: '',
    isResumed: false,
  }
}

export function clearReply(reply: WebSocketReply): void {
  reply.tokens = 0
  reply.payloadBytes = 0
  reply.totalTokens = -1
  reply.done = false
  reply.errorCode = ''
  reply.errorMessage = ''
  reply.retryAfterMs = null
  reply.queueMs = Number.NaN
  reply.computeMs = Number.NaN
  reply.index = -1
  reply.session = ''
  reply.isResumed = false
}
