import { Buffer } from 'node:buffer'
import zlib from 'node:zlib'
import type { Dispatcher } from 'undici'
import {
  type Content,
  clearContent,
  type HttpCodec,
  newContent,
  type ReplyHeaders,
} from '../../dialects/dialect.ts'
import { type CallSlot, failure, SUCCESS } from '../driver.ts'
import { Exchange } from '../http/exchange.ts'
import { SAMPLE_BYTES, statusOutcome } from '../http/outcome.ts'
import type { HttpSession } from '../http/session.ts'
import { readServerTiming } from '../server-timing.ts'

/** A larger reply, counted after decompression, is a failure: it would not fit the memory of many at once. */
const MOST_REPLY_BYTES = 256 * 1024 * 1024

/** Reads a whole reply. */
export class UnaryExchange extends Exchange implements ReplyHeaders {
  readonly #codec: HttpCodec
  readonly #content: Content = newContent()
  readonly #timing = { queueMs: Number.NaN, computeMs: Number.NaN }
  #headers: Record<string, string | string[] | undefined> = {}
  #chunks: Uint8Array[] = []
  #byteCount = 0

  constructor(codec: HttpCodec, session: HttpSession) {
    super(session)
    this.#codec = codec
  }

  override begin(call: CallSlot): void {
    super.begin(call)
    this.#byteCount = 0
    if (this.#chunks.length > 0) this.#chunks = []
  }

  get(name: string): string | undefined {
    const value = this.#headers[name]
    return typeof value === 'string' ? value : value?.[0]
  }

  protected readHead(headers: Record<string, string | string[] | undefined>): void {
    this.#headers = headers
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.call) return
    this.#byteCount += chunk.length
    if (this.#byteCount > MOST_REPLY_BYTES) {
      const { call } = this
      this.session.cancel(call)
      call.end(failure('response', 'decode', 'too_large', `a reply of more than ${MOST_REPLY_BYTES} bytes`))
      return
    }
    this.#chunks.push(chunk)
  }

  onResponseEnd(): void {
    const { call } = this
    if (!call) return
    call.lastByte()
    if (this.statusCode >= 300) {
      this.session.finished(this)
      call.end(statusOutcome(this.statusCode, this.#chunks, this.retryAfter))
      return
    }
    const content = this.#content
    clearContent(content)
    try {
      this.#codec.reply(this.#body(), this, content)
    } catch (error) {
      this.session.finished(this)
      call.end(failure('response', 'decode', '', (error as Error).message.slice(0, SAMPLE_BYTES)))
      return
    }
    call.content(content.tokens, content.payloadBytes)
    call.decoded()
    if (content.totalTokens >= 0) call.tokens(content.totalTokens)
    const told = this.get('server-timing')
    if (told !== undefined && readServerTiming(told, this.#timing)) call.server(this.#timing)
    this.session.finished(this)
    call.end(SUCCESS)
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.session.failedBy(this, error, this.statusCode > 0)
  }

  #body(): Uint8Array {
    const body = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks, this.#byteCount)
    const encoding = this.get('content-encoding')
    if (encoding === undefined || encoding === 'identity') return body
    return decompress(encoding, body)
  }
}

function decompress(encoding: string, body: Uint8Array): Uint8Array {
  const limit = { maxOutputLength: MOST_REPLY_BYTES }
  if (encoding === 'gzip' || encoding === 'x-gzip') return zlib.gunzipSync(body, limit)
  if (encoding === 'deflate') return zlib.inflateSync(body, limit)
  if (encoding === 'br') return zlib.brotliDecompressSync(body, limit)
  if (encoding === 'zstd') return zlib.zstdDecompressSync(body, limit)
  throw new Error(`the reply’s content-encoding ${encoding} is not supported`)
}
