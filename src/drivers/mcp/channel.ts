import type { ByteCounts, Outcome, SessionProbe } from '../driver.ts'
import type { RetryAfter } from '../retry-after.ts'
import type { Exchange } from './exchange.ts'
import type { RpcError } from './outcome.ts'

/** A JSON-RPC message, as far as it is looked at on its way. */
export interface Message {
  id?: number | string | null
  method?: string
  params?: Record<string, unknown>
  result?: unknown
  error?: RpcError | null
}

/**
 * What carries the messages of one session: the SDKs' interface of a transport, and what a driver must know of one.
 * Both SDKs call the same methods.
 */
export interface Channel {
  start(): Promise<void>
  send(message: Message, options?: unknown): Promise<void>
  /** Asked for by the SDK: the messages end. */
  close(): Promise<void>
  onmessage?: (message: Message, extra?: unknown) => void
  onerror?: (error: Error) => void
  onclose?: () => void
  sessionId?: string | undefined
  setProtocolVersion?(version: string): void

  /** Calls that it can carry now, of which `open` are under way. */
  room(open: number): number
  wireBytes(into: ByteCounts): void
  /** The HTTP status of the latest reply to one of the session's own messages; 0 where there is none. */
  readonly statusCode: number
  /** The wait that it asked for. */
  readonly retryAfter: RetryAfter | undefined
  /** The session's own handshake is over, well or not. */
  began(isReady: boolean): void
  /** A call has its result. */
  settled(): void
  /** `on`: no more of the exchange's reply is read, nor of any other that comes over the same stream. */
  pause(exchange: Exchange, on: boolean): void
  /** A call is given up: no more of its reply is wanted. */
  abort(exchange: Exchange): void
  /** The server knows nothing of the session any more. */
  forget(): void
  /** Ends the session and what carries it; resolves when nothing is left of it. Never rejects. */
  end(): Promise<void>
}

/** Opens what carries a session's messages, and tells the probe the phases of that. Rejects with `OpenError`. */
export type OpenChannel = (owner: ChannelOwner, probe: SessionProbe, signal: AbortSignal) => Promise<Channel>

/** What a channel tells its session. */
export interface ChannelOwner {
  /** The exchange whose request this is; null for the session's own messages. */
  sending(message: Message): Exchange | null
  /** The exchange of an open call with this id (also the token of its progress); null where there is none. */
  exchange(id: unknown): Exchange | null
  /** True where calls wait for an answer. */
  isAsked(): boolean
  /**
   * A message is here. True: it was a call's progress, which the session has taken. The SDK is not given those: one
   * that comes in the same piece as the result is lost there (revision 2025-11-25).
   */
  arrived(message: Message): boolean
  /** The SDK was given the message that arrived last, where no transport of its own has looked at it before. */
  read(message: Message): void
  /** There is room for calls again. */
  roomAgain(): void
  /**
   * No call can be carried any more: open ones fail with the outcome. `isOrdinary`: where none is open there is nothing
   * to tell.
   */
  lost(outcome: Outcome, isOrdinary: boolean): void
}

/** Where an exchange stands in the parameters of its request: the SDKs copy them, and JSON leaves it out. */
export const EXCHANGE: unique symbol = Symbol('exchange')
