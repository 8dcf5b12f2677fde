/**
 * A dialect is the message convention spoken over an interface: how a payload becomes a request, and what of
 * a reply is content. One file each; the interface it travels over is the driver's business.
 */

import type { Payload, Target } from '../plan/plan.ts'
import type { GrpcFace } from './grpc-face.ts'
import type { McpFace } from './mcp-face.ts'
import type { WebSocketFace } from './websocket-face.ts'

export interface Dialect {
  name: string
  /** What it is, in a few words. */
  says: string
  /** What a case sends where the scenario does not say. */
  form: Payload['form']
  /** A payload of a `size` is a tensor, which the scenario may name and shape, and not just bytes. */
  tensors?: true
  /** Keys of a payload, otherwise those of tensors, that have a meaning for its prompts, too. */
  promptKeys?: readonly ('encoding' | 'batch')[]
  /** How it is spoken over the interfaces of each family; left out where it is not. */
  http?: HttpFace
  grpc?: GrpcFace
  websocket?: WebSocketFace
  mcp?: McpFace
}

export interface CodecOptions {
  target: Target
  payload: Payload
  /** Contents of the payload's file, where it names one. */
  file: Uint8Array | null
}

/** A dialect over HTTP: one request with a body; a body or a stream of events comes back. */
export interface HttpFace {
  /** The interfaces that it can travel over. */
  interfaces: readonly string[]
  /** The path that the convention prescribes, for a URL that has none. Throws where it needs a model. */
  path(model: string | null, streaming: boolean): string
  /** Prepares everything that is the same for every call. Throws `DialectError` for a payload it cannot carry. */
  codec(options: HttpCodecOptions): HttpCodec
}

export interface HttpCodecOptions extends CodecOptions {
  streaming: boolean
}

/** Work that every call repeats, so what it costs is what the interface costs: nothing is cached here. */
export interface HttpCodec {
  /** Sent with every call; the driver adds content-length, encoding and the target's own headers. */
  headers: Record<string, string>
  /** Native tensor bytes or UTF-8 text bytes in each request. */
  payloadBytes: number
  /** What the convention ends a stream with, e.g. `[DONE]`; a stream without it was cut short. Null: none. */
  endMark: string | null
  /** Encodes one request body. Null: requests have none. */
  encode: (() => Uint8Array | string) | null
  /** Decodes a whole reply. Throws `DecodeError`. */
  reply(body: Uint8Array, headers: ReplyHeaders, into: Content): void
  /** Decodes one chunk of a stream (an SSE event's data). Throws `DecodeError`. */
  chunk(data: string, event: string | undefined, into: Content): void
}

export interface ReplyHeaders {
  /** By lower-case name; undefined where absent. */
  get(name: string): string | undefined
}

/** What a reply or a chunk held. One object is reused for all calls; `clearContent` resets it. */
export interface Content {
  tokens: number
  /** Native tensor bytes or UTF-8 text bytes; 0 for a chunk without content. */
  payloadBytes: number
  /** The server's own count of output tokens; -1 where it told none. */
  totalTokens: number
  /** The end mark has come. */
  done: boolean
}

export function newContent(): Content {
  return { tokens: 0, payloadBytes: 0, totalTokens: -1, done: false }
}

export function clearContent(content: Content): void {
  content.tokens = 0
  content.payloadBytes = 0
  content.totalTokens = -1
  content.done = false
}

interface FaultDetails {
  cure?: string
  at?: readonly (string | number)[]
}

/** A target or a payload that the dialect has no use for, told before anything is sent. */
export class DialectError extends Error {
  override name = 'DialectError'
  /** What to do about it, a sentence. Null: the message says it after a colon. */
  readonly cure: string | null
  /** Keys that lead from the target or the payload to what is wrong in it. Empty: it is all of it. */
  readonly at: readonly (string | number)[]

  constructor(message: string, { cure, at = [] }: FaultDetails = {}) {
    super(message)
    this.cure = cure ?? null
    this.at = at
  }
}

/** A reply that does not keep to the convention: counted as `decode` (or as `assertion`, an error the reply tells). */
export class DecodeError extends Error {
  override name = 'DecodeError'
}
