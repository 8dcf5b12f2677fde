import type { CallKind } from '../drivers/driver.ts'
import type { CodecOptions, Content } from './dialect.ts'

/** A dialect over gRPC: messages of a service's methods. */
export interface GrpcFace {
  /** Full name of the service. Null: the target names it. */
  service: string | null
  /** By name; the first is the one that is called where the target names none. Null: the target names any. */
  methods: Readonly<Record<string, GrpcMethod>> | null
  /** Throws `DialectError` for a payload that the method cannot carry. */
  codec(options: CodecOptions, method: string): GrpcCodec
}

interface GrpcMethod {
  kind: CallKind
}

/** Work that every message repeats, so what it costs is what the interface costs: nothing is cached here. */
export interface GrpcCodec {
  /** Native tensor bytes or UTF-8 text bytes in each message that is sent. */
  payloadBytes: number
  encodeMessage(): Uint8Array
  /** Throws `DecodeError`. */
  decodeMessage(bytes: Uint8Array, into: Content): void
}
