import { Buffer } from 'node:buffer'
import zlib from 'node:zlib'
import type { Client, Dispatcher } from 'undici'
import type { HttpCodec } from '../../dialects/dialect.ts'
import type { Target } from '../../plan/plan.ts'
import {
  type ByteCounts,
  type CallSlot,
  type Credentials,
  type Driver,
  type DriverOptions,
  failure,
  type Outcome,
  type Session,
  type SessionProbe,
  SUCCESS,
} from '../driver.ts'
import {
  type ConnectOptions,
  connect,
  connectOptions,
  socketBytes,
  type Transport,
} from '../transport/connect.ts'
import type { HttpOptions } from './options.ts'
import { requestOutcome } from './outcome.ts'
import { singleClient } from './single-client.ts'

/** Streams that one HTTP/2 connection takes where the server names no limit. */
const HTTP2_STREAMS = 100

/** Reads one reply. Pooled by its session, like the call slots. */
export interface Exchange extends Dispatcher.DispatchHandler {
  /** The call whose reply it reads; null between calls. */
  call: CallSlot | null
  begin(call: CallSlot): void
  /** No more of the reply is wanted: closes the stream (HTTP/2) or the connection. */
  abort(): void
}

export type NewExchange = (codec: HttpCodec, session: HttpSession) => Exchange

/** Everything about a request that is the same for every call, until a token is renewed. */
interface RequestTemplate {
  credentials: Credentials
  /** The path and the headers as they are with the credentials of this moment. */
  address(): { path: string; headers: string[] }
  method: string
  encode(): Uint8Array | string | null
  payloadBytes: number
}

export class HttpDriver implements Driver {
  readonly #options: ConnectOptions
  readonly #origin: string
  readonly #template: RequestTemplate
  readonly #codec: HttpCodec
  readonly #newExchange: NewExchange

  constructor(
    { target, credentials, codec, timeouts }: DriverOptions<HttpCodec>,
    accept: string,
    newExchange: NewExchange,
  ) {
    const { http } = target.options as unknown as HttpOptions
    this.#options = connectOptions(target, http === '2' ? 'h2' : 'http/1.1', timeouts.connectMs)
    this.#origin = new URL(target.url).origin
    this.#template = requestTemplate(target, credentials, codec, accept)
    this.#codec = codec
    this.#newExchange = newExchange
  }

  async open(probe: SessionProbe, signal: AbortSignal): Promise<Session> {
    const transport = await connect(this.#options, probe, signal)
    return new HttpSession(transport, this.#origin, this.#template, probe, (session) =>
      this.#newExchange(this.#codec, session),
    )
  }

  async close(): Promise<void> {}
}

/**
 * One connection with an undici client of its own.
 */
export class HttpSession implements Session {
  readonly #transport: Transport
  readonly #client: Client
  readonly #template: RequestTemplate
  readonly #probe: SessionProbe
  readonly #newExchange: (session: HttpSession) => Exchange
  readonly #idle: Exchange[] = []
  readonly #request: Dispatcher.DispatchOptions
  readonly #most: number
  readonly #multiplexed: boolean
  #version: number
  #open = 0
  #lost = false
  #doomed = false

  constructor(
    transport: Transport,
    origin: string,
    template: RequestTemplate,
    probe: SessionProbe,
    newExchange: (session: HttpSession) => Exchange,
  ) {
    this.#transport = transport
    this.#template = template
    this.#probe = probe
    this.#newExchange = newExchange
    const multiplexed = transport.alpn === 'h2'
    this.#multiplexed = multiplexed
    this.#most = multiplexed ? HTTP2_STREAMS : 1
    this.#version = template.credentials.version
    this.#request = { ...template.address(), method: template.method as 'POST' }
    this.#client = singleClient(transport, origin, this.#most)
    transport.socket.once('close', () => this.#lose())
  }

  capacity(): number {
    return this.#lost || this.#doomed ? 0 : this.#most - this.#open
  }

  start(call: CallSlot): void {
    this.#open++
    const exchange = this.#idle.pop() ?? this.#newExchange(this)
    exchange.begin(call)
    call.state = exchange
    if (this.#version !== this.#template.credentials.version) this.#renew()
    try {
      const body = this.#template.encode()
      const bytes = typeof body === 'string' ? Buffer.from(body) : body
      this.#request.body = bytes
      call.encoded(bytes === null ? 0 : bytes.byteLength, this.#template.payloadBytes)
    } catch (error) {
      this.finished(exchange)
      call.end(failure('request', 'encode', '', (error as Error).message))
      return
    }
    this.#client.dispatch(this.#request, exchange)
  }

  cancel(call: CallSlot): void {
    const exchange = call.state as Exchange
    if (exchange.call !== call) return
    exchange.call = null
    this.#open--
    if (!this.#multiplexed) this.doom()
    exchange.abort()
  }

  /** The exchange's call is over; it may carry the next one. */
  finished(exchange: Exchange): void {
    exchange.call = null
    this.#open--
    this.#idle.push(exchange)
  }

  /** The exchange's call failed. What undici still tells of it is ignored. */
  failed(exchange: Exchange, outcome: Outcome): void {
    const { call } = exchange
    if (!call) return
    exchange.call = null
    this.#open--
    if (!this.#multiplexed) this.doom()
    call.end(outcome)
  }

  /** No further call may start here: the connection ends with the reply that is under way. */
  doom(): void {
    this.#doomed = true
  }

  failedBy(exchange: Exchange, error: Error, hasReply: boolean): void {
    this.failed(exchange, requestOutcome(error, hasReply))
  }

  wireBytes(into: ByteCounts): void {
    socketBytes(this.#transport.raw, into)
  }

  close(): void {
    this.#lost = true
    this.#client.destroy().catch(() => {})
    this.#transport.socket.destroy()
    this.#transport.raw.destroy()
  }

  #renew(): void {
    this.#version = this.#template.credentials.version
    Object.assign(this.#request, this.#template.address())
  }

  #lose(): void {
    if (this.#lost) return
    this.#lost = true
    // Undici hears of the close after this, and tells the open calls what happened to them before the next turn of
    // the loop. Destroyed at once, it would tell them of nothing but its own end.
    setImmediate(() => {
      this.#client.destroy().catch(() => {})
      this.#probe.lost(SUCCESS)
    })
  }
}

function requestTemplate(
  { options }: Target,
  credentials: Credentials,
  codec: HttpCodec,
  accept: string,
): RequestTemplate {
  const { compression, method } = options as unknown as HttpOptions
  const headers: Record<string, string> = { accept, 'user-agent': 'infer-bench', ...codec.headers }
  if (compression !== 'none') headers['content-encoding'] = compression
  const { encode } = codec
  return {
    credentials,
    address() {
      const { pathname, search } = new URL(credentials.url)
      return {
        path: pathname + search,
        headers: Object.entries({ ...headers, ...credentials.headers }).flat(),
      }
    },
    method: method ?? (encode ? 'POST' : 'GET'),
    payloadBytes: codec.payloadBytes,
    encode: encode ? compressing(encode, compressor(compression)) : () => null,
  }
}

type Compressor = (body: Uint8Array | string) => Uint8Array

function compressing(
  encode: () => Uint8Array | string,
  compress: Compressor | null,
): () => Uint8Array | string {
  return compress ? () => compress(encode()) : encode
}

function compressor(encoding: HttpOptions['compression']): Compressor | null {
  if (encoding === 'gzip') return (body) => zlib.gzipSync(body)
  if (encoding === 'deflate') return (body) => zlib.deflateSync(body)
  if (encoding === 'br') {
    // Quality 11, the library's default, is for files that are compressed once; 4 is what servers use.
    const params = { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 }
    return (body) => zlib.brotliCompressSync(body, { params })
  }
  if (encoding === 'zstd') return (body) => zlib.zstdCompressSync(body)
  return null
}
